#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The assertion of a stock QEMU 7.2, found by the profile snapshot-storm, comes again from its script alone.
. "$(dirname "$0")/../lib.sh"

SIGNATURE='assertion in bdrv_poll_co: qemu_get_current_aio_context() == qemu_get_aio_context()'

if ! /usr/bin/qemu-system-x86_64 --version | grep -q 'version 7\.2\.'; then
	skip 'the reproducer of the assertion in bdrv_poll_co' 'the QEMU here is no 7.2, which has it'
	exit
fi

# An expected failure ends the campaign once it has come, whatever else comes before.
sed "s/^stop:.*/expect: [{signature: \"assertion in bdrv_poll_co*\"}]\nstop: {expected: true, duration: 5m}/" \
	"$top/profiles/snapshot-storm.yaml" >"$scratch/storm.yaml"
run_campaign storm
id=$("$BUILD/qsoak" failures --state-dir "$scratch/storm" --json |
	jq -r "[.failures[] | select(.signature == \"$SIGNATURE\")][0].id")
check 'the assertion was found' test "$id" != null

"$BUILD/qsoak" reproducer "$id" --state-dir "$scratch/storm" >"$scratch/reproduce.sh"
check 'its script is made' same "$?" 0
check 'it is one of bash' bash -n "$scratch/reproduce.sh"

# One try of it is less than sure: tries end with the first that shows it.
reproduced() {
	local try
	mkdir "$scratch/empty"
	for try in $(seq 20); do
		said=$(cd "$scratch/empty" && env -i PATH="$PATH" TRIES=1 bash "$scratch/reproduce.sh" 2>&1)
		echo "# $said" | head -1 | cut -c1-100
		[[ $said == *"reproduced in 1 of 1 tries"* ]] && return
	done
	false
}

check 'the script alone shows it, in an empty folder' reproduced
check 'in the words of QEMU' contains "$said" \
	"bdrv_poll_co: Assertion \`qemu_get_current_aio_context() == qemu_get_aio_context()' failed"
check 'it leaves nothing there' same "$(ls -A "$scratch/empty")" ''
check 'and no process' nothing_left

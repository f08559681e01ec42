#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a profile says of its builds reaches their QEMUs, and what runs is what was meant.
. "$(dirname "$0")/../lib.sh"

# A profile of one VM whose build, called good, has other keys, too: with KEYS [ARG,ARG...] >FILE.
with() {
	profile 1 'failures: 1' "good${2:+=$2}" | sed "s|, args:|, $1&|"
}

# The value of a jq expression over the manifest of the first incident of a campaign.
manifest() {
	jq -r "$2" "$scratch/$1"/incidents/*/manifest.json
}

mkdir "$scratch/data"
QSOAK_INHERITED=yes
export QSOAK_INHERITED
keys="data: [$scratch/data], trace: ['migration_*', job_state]"
keys="$keys, env: {QSOAK_SET: 'a=b c', EMPTY: }, wrapper: [/usr/bin/env, QSOAK_WRAPPED=1]"
LOOPS=1000000 with "$keys" | sed 's/failures: 1/loops: 1000000/' >"$scratch/all.yaml"
"$BUILD/qsoak" run "$scratch/all.yaml" --local --state-dir "$scratch/all" >/dev/null 2>&1 &
client=$!
started+=("$client")

# The one QEMU, once it is one.
found() {
	qemu=$(processes | sed -n 's/^\([0-9]*\) [^ ]*fake-qemu -name.*/\1/p')
	[ -n "$qemu" ]
}

environment() {
	tr '\0' '\n' <"/proc/$qemu/environ" | sed -n "s/^$1=//p"
}

check 'a QEMU is there to be looked at' await 30 found
check 'env: set over the inherited environment' same \
	"$(environment QSOAK_SET) $(environment EMPTY) $(environment QSOAK_INHERITED)" 'a=b c  yes'
check 'wrapper: has run' same "$(environment QSOAK_WRAPPED)" 1
check 'wrapper: and is QEMU now' same "$(readlink "/proc/$qemu/exe")" "$(readlink -f "$fake")"
check 'data, trace: options of the QEMU' contains \
	"$(tr '\0' ' ' <"/proc/$qemu/cmdline")" \
	"-L $scratch/data -trace enable=migration_* -trace enable=job_state "
kill -INT "$client"
wait "$client"

with "env: {QSOAK_SET: 'a=b c'}, wrapper: [/usr/bin/env, QSOAK_WRAPPED=1]" \
	-fake,error@snapshot-save >"$scratch/told.yaml"
run_campaign told
check 'the manifest has what was set' same "$(manifest told '.runs[0].env | tojson')" \
	'{"QSOAK_SET":"a=b c"}'
check 'and the command line from the wrapper on' same \
	"$(manifest told '.runs[0].argv[:4] | join(" ")')" \
	"/usr/bin/env QSOAK_WRAPPED=1 $fake -name"

with "data: [$scratch/nowhere]" >"$scratch/none.yaml"
run_campaign none
check 'data that is not there: the profile is at fault' same "$status" 2
check 'data that is not there: named' contains "$(cat "$scratch/none.log")" \
	"build good: data: cannot find $scratch/nowhere: No such file"
check 'no process is left behind' nothing_left

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a campaign in progress keeps on the disk is nobody else's business, also in a state folder that is open.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../service.sh"

has_failed() {
	[ "$(qsoak status --json | jq .failures)" -ge 2 ] 2>/dev/null
}

chmod 755 "$scratch"
mkdir -m 755 "$state" "$scratch/run"
umask 000
serve
profile 2 'loops: 1000000' good bad=-fake,exit=3@snapshot-load:2 >"$scratch/p.yaml"
qsoak run "$scratch/p.yaml" --detach >/dev/null
await 30 has_failed
qsoak pause >/dev/null

# with_mode KIND: what of the state others may do anything with, but for its own folder and sockets.
open_to_others() {
	find "$state" -mindepth 1 -type "$1" -perm /077 ! -path "$state/work/vms/*" 2>/dev/null
}

check 'folders are for their user alone' same "$(open_to_others d)" ''
check 'so are files' same "$(open_to_others f)" ''
check 'and there are some' [ "$(find "$state/incidents" -name manifest.json | wc -l)" -ge 2 ]
check 'the socket is for its group' same "$(stat -c %a "$sock")" 660
qsoak resume >/dev/null

# Those of VMs come and go while we look.
vm_folders() {
	find "$state/work/vms" -mindepth 1 -maxdepth 1 -type d -printf '%m\n' 2>/dev/null | sort -u
}
vm_files() {
	find "$state/work/vms" -type f -perm /077 2>/dev/null
}
some_vm() {
	[ -n "$(vm_folders)" ]
}
await 10 some_vm
check 'folders of VMs, too' same "$(vm_folders)" 700
check '... and their files' same "$(vm_files)" ''

if [ "$(id -u)" = 0 ]; then
	as_nobody() {
		setpriv --reuid=nobody --regid=nogroup --clear-groups "$@" 2>/dev/null
	}
	check 'another user sees the state folder' as_nobody test -x "$state"
	for path in work incidents; do
		check "another user cannot look into $path" \
			same "$(as_nobody ls "$state/$path"; echo $?)" 2
	done
	for path in results.db results.db-wal lock; do
		check "another user cannot read $path" \
			same "$(as_nobody cat "$state/$path" >/dev/null; echo $?)" 1
	done
else
	skip 'another user' 'only root can be somebody else'
fi
qsoak stop --kill >/dev/null
await 20 idle

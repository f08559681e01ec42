#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A libvirt that is not there: the failure says which one and why, and is the host's.
. "$(dirname "$0")/../lib.sh"

{
	profile 1 'failures: 1' stock
	printf 'backend: libvirt\nuris: ["qemu+unix:///system?socket=%s/none"]\n' "$scratch"
} | sed 's/^limits: {/&libvirt: 4s, /' >"$scratch/away.yaml"
run_campaign away
check 'before that it says what it waits for' grep -q \
	"slot 0 waits for libvirt, for up to 4 s: .*: Failed to connect socket to '$scratch/none'" "$scratch/away.log"
list=$("$BUILD/qsoak" failures --state-dir "$scratch/away" --json)
check 'the campaign ends, it is the host' same "$status" 3
check 'each failure is of the host' same "$(jq -r '[.failures[].class] | unique[]' <<<"$list")" host
check 'it says which libvirt' contains "$(jq -r '.failures[0].detail' <<<"$list")" \
	'no end of step connect after '
check 'and why it is not there' contains "$(jq -r '.failures[0].detail' <<<"$list")" \
	"Failed to connect socket to '$scratch/none'"
check 'no stacks are asked of a process that is not known' same \
	"$(jq -r '.missing[] | select(.file == "qemu.stacks") | .reason' \
		"$scratch/away/$(jq -r '.failures[0].incident' <<<"$list")/manifest.json")" \
	'the process of the QEMU is not known'
check 'no process is left behind' nothing_left

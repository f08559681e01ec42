#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fleet that boots a few VMs at a time: never more, in their order, and however it is stopped.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

# fleet NAME VMS BOOTS STOP FAKE-ARGUMENTS...
fleet() {
	local name=$1 vms=$2 boots=$3 stop=$4
	shift 4
	profile "$vms" "$stop" "slow=-fake-log,$scratch/$name.facts$*" |
		sed "s/^fleet: {/fleet: {boots: $boots, /" >"$scratch/$name.yaml"
}

# The largest number of boots at one moment: each from the process's start to the first command.
overlap() {
	jq -s '[group_by(.pid)[] | map(select(.fact == "started" or .fact == "command")) |
			sort_by(.ns) | {at: .[0].ns, d: 1}, {at: (.[1].ns // infinite), d: -1}] |
		sort_by([.at, .d]) |
		reduce .[] as $e ({n: 0, max: 0}; .n += $e.d | .max = ([.max, .n] | max)) | .max' \
		"$scratch/$1.facts"
}


# More loops than the first twelve VMs do: by then each slot has had its turn.
fleet few 12 3 'loops: 61' ',-fake-slow,boot=150'
run_campaign few
check 'the campaign is clean' same "$status" 0
check 'never more than three boots at once, and as many' same "$(overlap few)" 3
check 'every slot came to boot' same \
	"$(sqlite3 "$scratch/few/results.db" 'SELECT count(DISTINCT slot) FROM run')" 12
check 'the first VMs boot in the order of their slots, three by three' same \
	"$(sqlite3 "$scratch/few/results.db" "SELECT group_concat(wave, '') FROM
		(SELECT slot / 3 AS wave FROM run WHERE vm = 0 ORDER BY id)")" 000111222333

# A boot that fails gives its turn back.
fleet failing 4 1 'loops: 1' ',-fake,exit=3@boot'
run_campaign failing
check 'boots that fail let the others boot' same \
	"$(sqlite3 "$scratch/failing/results.db" 'SELECT count(DISTINCT slot) FROM run')" 4

serve
fleet stuck 6 2 'loops: 1000000' ',-fake-slow,boot=600000'
booting() {
	[ "$(qsoak status --json | jq -r '[.slots[].state] | join(" ")')" = "$1" ]
}
end_of() {
	sqlite3 -cmd '.timeout 5000' "$state/results.db" \
		"SELECT end FROM campaign ORDER BY id DESC LIMIT 1"
}

qsoak run "$scratch/stuck.yaml" --detach >/dev/null
check 'status says who waits' await 30 booting 'booting booting waiting waiting waiting waiting'
qsoak stop >/dev/null
check 'stop: who waits boots no more' await 30 booting \
	'booting booting stopped stopped stopped stopped'
qsoak stop --kill >/dev/null
check 'stop --kill: ends those that boot' await 30 idle
check 'and the campaign' same "$(end_of)" interrupted
check 'only two QEMUs were ever started' same \
	"$(jq -s '[.[] | select(.fact == "started")] | length' "$scratch/stuck.facts")" 2

qsoak run "$scratch/stuck.yaml" --detach >/dev/null
await 30 booting 'booting booting waiting waiting waiting waiting'
kill -TERM "$daemon"
wait "$daemon"
check 'SIGTERM of the service ends a fleet that waits' same "$? $(end_of)" '0 '
check 'no process is left behind' nothing_left

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qsoak watch on a terminal: a table in place, whatever the size, and a terminal that is as it was afterwards.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../service.sh"

# on_terminal NAME ROWSxCOLUMNS ACTION...: qsoak watch; its main screen goes to NAME.out. Sets client.
on_terminal() {
	local name=$1
	shift
	timeout 100 python3 "$top/tests/fake/screen.py" "$@" -- "$BUILD/qsoak" watch --socket "$sock" \
		>"$scratch/$name.out" 2>&1 &
	client=$!
	started+=("$client")
}

as_it_was() {
	contains "$(tail -n 1 "$scratch/$1.out")" 'modes: 25 7 unknown: [] undone: []'
}

# No line is longer, and there are no more of them.
fits() {
	[ "$(awk -v width="$3" 'length > width' "$scratch/$1" | wc -l)" = 0 ] && [ "$(wc -l <"$scratch/$1")" -le "$2" ]
}

profile 12 'loops: 1000000' good "bad=-fake,exit=3@snapshot-load:4" >"$scratch/p.yaml"
serve
id=$(qsoak run "$scratch/p.yaml" --detach | sed 's/campaign //')

on_terminal table 40x100 'await=^ *[0-9]+  bad: exit with status 3' 'await=^11/' "save=$scratch/large" \
	resize=14x60 'await=^and [0-9]+ more' "save=$scratch/small" \
	resize=40x100 'await=^11/' "save=$scratch/again"
await 60 test -e "$scratch/again"
qsoak stop >/dev/null
wait "$client"
check 'the exit code of the campaign' same $? 130
check 'campaign, budget and rate' grep -qE "^campaign $id story  [0-9]+ s of 120 s  [0-9]+ of 1000000 loops \([0-9.]+/s\)$" \
	"$scratch/large"
check 'the lag of the daemon' grep -qE '^lag [0-9.]+[mu]?s$' "$scratch/large"
check 'failures by class' grep -qE '^[0-9]+ failures?: exit [0-9]+$' "$scratch/large"
check 'a line for each slot' same "$(grep -cE '^ ?[0-9]+/[0-9]+  +(good|bad) ' "$scratch/large")" 12
check 'slots have titles' grep -q '^SLOT/VM  BUILD  STATE .*OPERATION/STEP .*LOOPS$' "$scratch/large"
check 'a small terminal: it fits' fits small 14 60
check 'a small terminal: what finds no room is summed up' grep -qE '^and [0-9]+ more, [0-9]+ loops: [0-9]+ [a-z-]+' \
	"$scratch/small"
check 'a small terminal: all slots are shown or summed up' same "$(($(grep -cE '^[0-9]+/' "$scratch/small") +
	$(sed -n 's/^and \([0-9]*\) more.*/\1/p' "$scratch/small")))" 12
check 'large again: all slots are there' same "$(grep -cE '^ ?[0-9]+/[0-9]+ ' "$scratch/again")" 12
check 'the terminal is as it was' as_it_was table
check 'what was told is below' grep -q "^campaign $id is in progress" "$scratch/table.out"
check 'and so is the result' grep -q '^OPERATION\|^BUILD  OPERATION' "$scratch/table.out"

# --- every other end

qsoak run "$scratch/p.yaml" --detach >/dev/null
for name in INT TERM QUIT HUP ABRT; do
	on_terminal "$name" 24x80 'await=^SLOT/VM' "signal=$name"
	wait "$client"
	code=$?
	case $name in
	INT | TERM) check "SIG$name: it leaves" same "$code" 130 ;;
	*) check "SIG$name: it dies of it" same "$code" $((128 + $(kill -l "$name"))) ;;
	esac
	check "SIG$name: the terminal is as it was" as_it_was "$name"
done
check 'the campaign goes on' same "$(qsoak status --json | jq '.campaign != null')" true

# --- a service that is restarted

on_terminal restart 30x100 'await=^SLOT/VM' "save=$scratch/before" 'await=waiting for it to come back' "save=$scratch/gone" \
	'await=goes on$' 'await=^lag ' "save=$scratch/back"
await 20 test -e "$scratch/before"
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
check 'qsoakd has gone: the table says so' await 20 test -e "$scratch/gone"
check 'qsoakd has gone: the slots are still there' grep -q '^SLOT/VM' "$scratch/gone"
serve
check 'qsoakd is back: the table goes on' await 20 test -e "$scratch/back"
qsoak stop >/dev/null
wait "$client"
check 'the exit code of the campaign, again' same $? 130
check 'the terminal is as it was, again' as_it_was restart

# --- no terminal

qsoak run "$scratch/p.yaml" --detach >/dev/null
"$BUILD/qsoak" watch --socket "$sock" >"$scratch/plain.out" 2>"$scratch/plain.log" &
client=$!
started+=("$client")
await 20 grep -q '^failure ' "$scratch/plain.log"
qsoak stop >/dev/null
wait "$client"
check 'no terminal: lines without control characters' same \
	"$(cat "$scratch/plain.out" "$scratch/plain.log" | LC_ALL=C tr -d '\n -~' | wc -c)" 0

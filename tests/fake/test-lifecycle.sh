#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# However a campaign ends, nothing is left behind and nothing that was recorded is lost.
. "$(dirname "$0")/../lib.sh"

# Starts a campaign without end in the background; returns when its first loops are recorded.
begin() {
	name=$1
	shift
	MIGRATE=1 profile 3 'loops: 1000000' good "$@" >"$scratch/$name.yaml"
	"$BUILD/qsoak" run "$scratch/$name.yaml" --local --state-dir "$scratch/$name" --json \
		>"$scratch/$name.json" 2>"$scratch/$name.log" &
	client=$!
	started+=("$client")
	await 60 recorded operation
	daemon=$(pgrep -P "$client" qsoakd)
}

sql() {
	sqlite3 -cmd '.timeout 5000' "$scratch/$name/results.db" "$1"
}

recorded() {
	[ "$(sql "SELECT count(*) FROM $1" 2>/dev/null)" != '' ] &&
		[ "$(sql "SELECT count(*) FROM $1")" -ge 2 ]
}

running_operations() {
	sql "SELECT count(*) FROM operation WHERE outcome = 'running'"
}

evidence_is_there() {
	local directory count=0
	for directory in $(sql 'SELECT directory FROM failure LEFT JOIN incident
		ON incident.id = incident_id'); do
		[ -s "$scratch/$name/$directory/manifest.json" ] || return 1
		count=$((count + 1))
	done
	[ "$count" -ge 2 ]
}

# One more short campaign on the same state: what the last one left is put in order by it.
go_on() {
	"$BUILD/qsoak" run "$scratch/$name.yaml" --local --state-dir "$scratch/$name" --loops 3 \
		>/dev/null 2>&1
}

begin interrupted
kill -INT "$client"
wait "$client"
check 'Ctrl-C: the exit code says interrupted' same $? 130
check 'Ctrl-C: no process is left behind' nothing_left
check 'Ctrl-C: no image or socket is left behind' no_work_left interrupted
check 'Ctrl-C: the result is printed all the same' \
	same "$(result interrupted .campaign.end)" interrupted
check 'Ctrl-C: no operation counts as failed' same "$(result interrupted .campaign.failures)" 0
check 'Ctrl-C: operations in flight are interrupted' same "$(running_operations)" 0

profile 3 'loops: 1000000' good >"$scratch/early.yaml"
"$BUILD/qsoak" run "$scratch/early.yaml" --local --state-dir "$scratch/early" >/dev/null 2>&1 &
client=$!
started+=("$client")
await 10 test -e "$scratch/early/lock"
kill -INT "$client"
wait "$client"
check 'Ctrl-C before the campaign began: heard all the same' same $? 130

begin killed
kill -9 "$daemon"
wait "$client"
check 'kill -9 of qsoakd: the client says so and fails' same $? 3
check 'kill -9 of qsoakd: the client names it' \
	contains "$(cat "$scratch/killed.log")" 'qsoakd has gone'
check 'kill -9 of qsoakd: no process is left behind' await 10 nothing_left
check 'kill -9 of qsoakd: no image or socket is left behind' await 10 no_work_left killed
check 'kill -9 of qsoakd: the store is whole' same "$(sql 'PRAGMA integrity_check')" ok
go_on
check 'kill -9 of qsoakd: the next campaign works on the same state' same $? 0
check 'kill -9 of qsoakd: operations in flight became interrupted' same "$(running_operations)" 0

begin orphaned
kill -9 "$client"
wait "$client" 2>/dev/null
check 'kill -9 of the client: qsoakd ends too' await 10 nothing_left
check 'kill -9 of the client: no image or socket is left behind' no_work_left orphaned

begin twice
"$BUILD/qsoak" run "$scratch/twice.yaml" --local --state-dir "$scratch/twice" \
	>/dev/null 2>"$scratch/second.log"
check 'a second daemon on one state: refused' same $? 3
check 'a second daemon on one state: and told why' \
	contains "$(cat "$scratch/second.log")" 'another qsoakd uses'
kill -TERM "$client"
wait "$client"
check 'SIGTERM of the client: like Ctrl-C' same $? 130

begin failing bad=-fake,exit=3@snapshot-load
await 60 recorded failure
check 'a run that failed is not called expected' same \
	"$(sql 'SELECT count(*) FROM run WHERE expected = 1 AND exit_status = 3')" 0
shown=$(grep -c '^failure ' "$scratch/failing.log")
kill -9 "$daemon"
wait "$client"
check 'every failure that was shown is in the store' \
	test "$(sql 'SELECT count(*) FROM failure')" -ge "$shown"
check 'every failure in the store has its evidence' evidence_is_there

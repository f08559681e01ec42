#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The host stands still, longer than any limit of the profile: nothing has failed by that. One QEMU that
# stands still alone has.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../service.sh"

sql() {
	sqlite3 -cmd '.timeout 5000' "$state/results.db" "$1"
}

has_done() {
	[ "$(qsoak status --json | jq .loops)" -ge "$1" ] 2>/dev/null
}

failures() {
	sql "SELECT count(*) FROM failure"
}

has_failed() {
	[ "$(failures)" -ge 1 ]
}

# Those that SIGSTOP and SIGCONT are for, qsoakd first: it wakes before the QEMUs do.
everybody() {
	echo "$daemon"
	pgrep -P "$daemon" -x fake-qemu
}

all_in_state() {
	local pid
	for pid in $1; do
		[ -d "/proc/$pid" ] || continue
		[ "$(awk '{ sub(/.*\) /, ""); print $1 }' "/proc/$pid/stat")" = T ] || return 1
	done
}

LIMIT=8 STALL=8
limit_s=$LIMIT
LIMIT=${LIMIT}s STALL=${STALL}s
serve
# Long saves: whenever it is stopped, one is in progress.
LOOPS=1000000 profile 4 'loops: 1000000' good=-fake-slow,snapshot-save=300 >"$scratch/p.yaml"
id=$(qsoak run "$scratch/p.yaml" --detach | sed 's/campaign //')
await 30 has_done 20
pids=$(everybody)
kill -STOP $pids
await 10 all_in_state "$pids"
check 'the QEMUs are stopped with it' [ "$(wc -w <<<"$pids")" -ge 5 ]
# Time itself is what passes here.
sleep $((limit_s + 3))
loops=$(sql "SELECT sum(loops) FROM vm WHERE campaign_id = $id")
kill -CONT $pids
check 'it goes on' await 30 has_done $((loops + 40))
check 'nothing has failed' same "$(failures)" 0
check 'the gap is in the results' same "$(sql "SELECT count(*) FROM gap WHERE campaign_id = $id
	AND reason LIKE '%stood still%' AND ended_unix_ns - began_unix_ns
	>= $limit_s * 1000000000")" 1
check 'the log says it' grep -q 'stood still for [1-9][0-9]*\.[0-9] s' "$scratch/daemon.log"
check 'operations that were in progress are interrupted' [ "$(sql "SELECT count(*) FROM operation
	WHERE outcome = 'interrupted'")" -ge 1 ]
check 'none of their timings is kept' same "$(sql "SELECT count(*) FROM operation
	WHERE outcome = 'ok' AND duration_ns > $limit_s * 1000000000")" 0
check 'nor anything they measured' same "$(sql "SELECT count(*) FROM measure JOIN operation o
	ON o.id = operation_id WHERE outcome = 'interrupted'")" 0
elapsed=$(qsoak status --json | jq '."elapsed-ns"')
check 'the time does not count' [ "$elapsed" -lt "$(($(sql "SELECT
	(julianday('now') - 2440587.5) * 86400000000000 - began_unix_ns - $limit_s * 1000000000
	FROM campaign WHERE id = $id" | sed 's/[.].*//')))" ]

# --- one alone

victim=$(pgrep -P "$daemon" -x fake-qemu | head -n 1)
kill -STOP "$victim"
check 'a QEMU that is stopped alone is found' await 60 has_failed
check '... as a hang of its process' same "$(sql "SELECT title FROM signature" | cut -d' ' -f1-3)" \
	'hang of process'
qsoak stop --kill >/dev/null
await 20 idle
check 'the report has the gap' contains "$(qsoak report "$id")" 'stood still'

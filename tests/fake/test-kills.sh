#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qsoakd is killed at random moments while eight QEMUs log what really happened: what they finished a
# second before the kill is stored exactly once, what was in flight is interrupted, nobody survives.
. "$(dirname "$0")/../kills.sh"

truth=$scratch/truth.log

MIGRATE=3 profile 8 'loops: 1000000' "good=-fake-log,$truth" \
	"bad=-fake-log,$truth,-fake,exit=3@snapshot-load:2" >"$scratch/kills.yaml"

# The truth of this round as a table: operation ids of concluded jobs with their times.
load_truth() {
	jq -r 'select(.fact == "job concluded") | [(.id | ltrimstr("qsoak-")), .ns] | @csv' \
		"$truth.killed" >"$scratch/truth.csv"
	sqlite3 "$scratch/kills/results.db" 'CREATE TEMP TABLE truth (id INTEGER, ns INTEGER)' \
		".import --csv $scratch/truth.csv truth" "$1"
}

store_is_true() {
	local found
	# Jobs that ended a second before the kill, but are not stored as ok exactly once.
	found=$(load_truth "SELECT count(*) FROM truth WHERE ns < $killed - 1000000000 AND
		(SELECT count(*) FROM operation o WHERE o.id = truth.id AND outcome = 'ok') <> 1;")
	[ "$found" = 0 ] || { echo "# $found operations are missing"; return 1; }
	# Stored as ok, but no QEMU knows of it.
	found=$(load_truth "SELECT count(*) FROM operation WHERE kind LIKE 'snapshot-%' AND
		outcome = 'ok' AND campaign_id = (SELECT max(id) FROM campaign WHERE vms = 8) AND
		id NOT IN (SELECT id FROM truth);")
	[ "$found" = 0 ] || { echo "# $found operations are invented"; return 1; }
	found=$(wc -l <"$scratch/truth.csv")
	[ "$found" -ge 20 ] || { echo "# only $found operations: nothing was shown"; return 1; }
}

shown_failures_are_stored() {
	local failure
	for failure in $(sed -n 's/^failure \([0-9]*\).*/\1/p' "$scratch/log"); do
		[ "$(sql "SELECT count(*) FROM failure WHERE id = $failure")" = 1 ] || return 1
		shown=$((shown + 1))
	done
}

shown=0
for kill in $(seq "${KILLS:-8}"); do
	: >"$truth"
	start
	await 30 grep -q '"job concluded"' "$truth"
	# Most of the second before it has to be judged.
	kill_daemon 1
	check "kill $kill: no QEMU is alive two seconds later" await 2 nothing_left
	# The next daemon's QEMU logs too, after the truth.
	cp "$truth" "$truth.killed"
	put_in_order
	check "kill $kill: operations are stored exactly once" store_is_true
	check "kill $kill: failures that were shown are stored" shown_failures_are_stored
	check "kill $kill: what was in flight is interrupted" same "$(running_operations)" ''
done
check 'failures were shown' test "$shown" -gt 0

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qsoakd is killed at random moments while eight QEMUs log what really happened: what they finished a
# second before the kill is stored exactly once, what was in flight is interrupted, nobody survives.
. "$(dirname "$0")/../kills.sh"

MIGRATE=3 profile 8 'loops: 1000000' "good=-fake-log,$truth" \
	"bad=-fake-log,$truth,-fake,exit=3@snapshot-load:2" >"$scratch/kills.yaml"

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

for kill in $(seq "${KILLS:-8}"); do
	: >"$truth"
	start
	await 30 grep -q '"job concluded"' "$truth"
	# Most of the second before it has to be judged.
	kill_daemon 1
	check "kill $kill: no process is left behind" await 10 nothing_left
	# The next daemon's QEMU logs too, after the truth.
	cp "$truth" "$truth.killed"
	put_in_order
	check "kill $kill: operations are stored exactly once" store_is_true
	check "kill $kill: failures that were shown are stored" shown_are_stored "$scratch/log"
	check "kill $kill: what was in flight is interrupted" same "$(running_operations)" ''
done
check 'failures were shown' test "$shown" -gt 0

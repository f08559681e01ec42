#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The service is killed at random moments of one campaign, while eight QEMUs log what really happened:
# what they finished a second before a kill is stored exactly once, what a client was shown is
# stored, and each time the campaign goes on.
. "$(dirname "$0")/../kills.sh"
. "$(dirname "$0")/../service.sh"

state=$scratch/kills
: >"$truth"

MIGRATE=3 profile 8 'loops: 100000000' "good=-fake-log,$truth" \
	"bad=-fake-log,$truth,-fake,exit=3@snapshot-load:2" |
	sed 's/duration: 120s/duration: 2h/' >"$scratch/kills.yaml"

# Later rounds cannot make an earlier one good: ids are never given twice.
stored_once() {
	local found
	found=$(load_truth "SELECT count(*) FROM truth WHERE ns BETWEEN $began AND $killed - 1000000000
		AND (SELECT count(*) FROM operation o WHERE o.id = truth.id AND outcome = 'ok') <> 1;")
	[ "$found" = 0 ] || { echo "# $found operations are missing"; return 1; }
	found=$(load_truth "SELECT count(*) FROM operation WHERE kind LIKE 'snapshot-%' AND outcome = 'ok'
		AND id NOT IN (SELECT id FROM truth);")
	[ "$found" = 0 ] || { echo "# $found operations are invented"; return 1; }
	found=$(load_truth "SELECT count(*) FROM truth WHERE ns BETWEEN $began AND $killed - 1000000000;")
	[ "$found" -ge 1 ] || { echo "# no operation ended a second before: nothing was shown"; return 1; }
	judged=$((judged + found))
}

# Of this test; the client may still be there.
no_qemu() {
	! processes | grep -q fake-qemu
}

uptime_ns() {
	awk '{printf "%.0f", $1 * 1e9}' /proc/uptime
}

progressed() {
	[ "$(qsoak status --json | jq .loops)" -gt "$1" ] 2>/dev/null
}

# Kills it at a random moment of the two seconds after the first that can be judged.
kill_service() {
	read -rt "$((1 + RANDOM % 2)).$((RANDOM % 10))$((RANDOM % 10))" <> <(:)
	kill -9 "$daemon"
	killed=$(uptime_ns)
	wait "$daemon" 2>/dev/null
}

judged=0
serve
id=$(qsoak run "$scratch/kills.yaml" --detach | sed 's/campaign //')
for kill in $(seq "${KILLS:-6}"); do
	began=$(uptime_ns)
	before=$(sql "SELECT coalesce(sum(loops), 0) FROM vm WHERE campaign_id = $id")
	check "kill $kill: the campaign is in progress and goes on" await 20 progressed "$before"
	qsoak watch >/dev/null 2>"$scratch/watch.log" &
	client=$!
	started+=("$client")
	kill_service
	check "kill $kill: no QEMU is alive two seconds later" await 2 no_qemu
	cp "$truth" "$truth.killed"
	kill "$client" 2>/dev/null
	wait "$client" 2>/dev/null
	check "kill $kill: operations are stored exactly once" stored_once
	check "kill $kill: failures that were shown are stored" shown_are_stored "$scratch/watch.log"
	serve
done
qsoak stop --kill >/dev/null
await 20 idle
echo "# $judged operations and $shown failures were judged"
check 'failures were shown' test "$shown" -gt 0
check 'all was one campaign' same "$(sql 'SELECT count(*) FROM campaign')" 1
check 'each kill is a gap' same "$(sql "SELECT count(*) FROM gap WHERE reason = 'qsoakd was killed'
	AND ended_unix_ns > began_unix_ns")" "${KILLS:-6}"
check 'nothing is in flight' same "$(running_operations)" ''
check 'the counts of the campaign are those of its rows' same \
	"$(qsoak campaigns --json | jq -c '.campaigns[0] | [.loops, .failures]')" \
	"[$(sql 'SELECT sum(loops) FROM vm'),$(sql 'SELECT count(*) FROM failure')]"
samples="SELECT campaign_id, kind, name, slot, vm, sum(count) FROM summary GROUP BY 1, 2, 3, 4, 5"
kill "$daemon"
wait "$daemon"
sql "$samples" >"$scratch/live"
"$BUILD/qsoakd" --state-dir "$state" --rebuild
sql "$samples" >"$scratch/rebuilt"
check 'the summaries are those of its rows' cmp "$scratch/live" "$scratch/rebuilt"

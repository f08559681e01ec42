# SPDX-License-Identifier: GPL-2.0-or-later
# For tests that kill qsoakd and look at what it leaves; sourced by them. The profile is
# $scratch/kills.yaml, the state $state, the log of the QEMUs $truth. SEED chooses the moments.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

state=$scratch/kills
truth=$scratch/truth.log
shown=0

RANDOM=${SEED:-1}
echo "# SEED=${SEED:-1}"

sql() {
	sqlite3 -cmd '.timeout 5000' "file:$state/results.db?mode=ro" "$@"
}

# load_truth SQL: a query that has a table truth of what QEMUs had finished until $truth was copied to
# $truth.killed: operation ids of concluded jobs with their times. A QEMU may have died in its last line.
load_truth() {
	jq -rR 'fromjson? | select(.fact == "job concluded") | [(.id | ltrimstr("qsoak-")), .ns] | @csv' \
		"$truth.killed" >"$scratch/truth.csv"
	sql 'CREATE TEMP TABLE truth (id INTEGER, ns INTEGER)' \
		".import --csv --schema temp $scratch/truth.csv truth" \
		'CREATE INDEX temp.truth_id ON truth(id)' "$1"
}

# shown_are_stored LOG: each failure that this log of a client shows is stored. Adds their number to shown.
shown_are_stored() {
	local failure
	for failure in $(sed -n 's/^failure \([0-9]*\).*/\1/p' "$1"); do
		[ "$(sql "SELECT count(*) FROM failure WHERE id = $failure")" = 1 ] ||
			{ echo "# failure $failure is lost"; return 1; }
		shown=$((shown + 1))
	done
}

# A campaign, in the background; its client is $client.
start() {
	"$BUILD/qsoak" run "$scratch/kills.yaml" --local --state-dir "$state" \
		>/dev/null 2>"$scratch/log" &
	client=$!
	started+=("$client")
}

# Kills its daemon at a random moment of the two seconds after SECONDS.
kill_daemon() {
	read -rt "$(($1 + RANDOM % 2)).$((RANDOM % 10))" <> <(:)
	kill -9 "$(pgrep -P "$client" qsoakd)"
	killed=$(awk '{printf "%.0f", $1 * 1e9}' /proc/uptime)
	wait "$client" 2>/dev/null
}

# The next daemon puts in order what this one left, and does one loop. Sets status.
put_in_order() {
	"$BUILD/qsoak" run "$scratch/kills.yaml" --local --state-dir "$state" --vms 1 \
		--loops 1 >/dev/null 2>"$scratch/log.next"
	status=$?
}

running_operations() {
	sql "SELECT id FROM operation WHERE outcome = 'running' ORDER BY id"
}

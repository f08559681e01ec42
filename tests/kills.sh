# SPDX-License-Identifier: GPL-2.0-or-later
# For tests that kill qsoakd and look at what it leaves; sourced by them. The profile is
# $scratch/kills.yaml, the state $scratch/kills. SEED chooses the moments.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

RANDOM=${SEED:-1}
echo "# SEED=${SEED:-1}"

sql() {
	sqlite3 -cmd '.timeout 5000' "$scratch/kills/results.db" "$1"
}

# A campaign, in the background; its client is $client.
start() {
	"$BUILD/qsoak" run "$scratch/kills.yaml" --local --state-dir "$scratch/kills" \
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
	"$BUILD/qsoak" run "$scratch/kills.yaml" --local --state-dir "$scratch/kills" --vms 1 \
		--loops 1 >/dev/null 2>"$scratch/log.next"
	status=$?
}

running_operations() {
	sql "SELECT id FROM operation WHERE outcome = 'running' ORDER BY id"
}

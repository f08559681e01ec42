# SPDX-License-Identifier: GPL-2.0-or-later
# For stories of what the guard finds; sourced by them.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# Steps have 60 s, so a failure that took far less was not found by a limit.
LIMIT=60s
STALL=1s

the_failure() {
	"$BUILD/qsoak" failures --state-dir "$scratch/$1" --json |
		jq -r '.failures[] | "\(.class) \(.place) \(.signature)"'
}

# Whether the operation that failed, if one did, ended long before the limit of its step.
before_the_limit() {
	local seconds
	seconds=$(sqlite3 "$scratch/$1/results.db" \
		"SELECT duration_ns / 1000000000 FROM operation WHERE outcome = 'failed'")
	[ "${seconds:-0}" -lt 50 ] || { echo "# it took $seconds s"; false; }
}

# story NAME FAULTS FAILURE
story() {
	local name=$1 faults=$2 expected=$3
	profile 1 'failures: 1' "bad=$faults" >"$scratch/$name.yaml"
	run_campaign "$name"
	check "$name: the campaign ends with a failure" same "$status" 1
	check "$name: class, place and signature, once" same "$(the_failure "$name")" "$expected"
	check "$name: found within the limit" before_the_limit "$name"
	check "$name: no process is left behind" nothing_left
}

# A failure of the host alone, in the fourth of six loops: it has its class, and the campaign's exit
# code says so.
# host NAME FAULTS TITLE
host() {
	local name=$1 faults=$2 title=$3
	profile 1 'loops: 6' "good=$faults" >"$scratch/$name.yaml"
	run_campaign "$name"
	check "$name: the campaign ends with the host's code" same "$status" 3
	check "$name: class and signature" same "$(the_failure "$name")" "$title"
}

# healthy NAME FAULTS...: a campaign of STOP loops without any failure.
healthy() {
	local name=$1 faults=$2
	profile 1 "loops: ${STOP:-2}" "good=$faults" >"$scratch/$name.yaml"
	run_campaign "$name"
	check "$name: no failure" same "$(the_failure "$name")" ''
	check "$name: the campaign is clean" same "$status" 0
}

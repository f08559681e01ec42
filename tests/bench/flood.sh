#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a flood of connections, commands and readers that do not read costs the VMs: the longest turns of the
# loop, and times of operations, without and with it. FLOOD_SECONDS (20) each, 4 fake VMs.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

seconds=${FLOOD_SECONDS:-20}
profile 4 'loops: 1000000' good=-fake-slow,snapshot-save=20,-fake-slow,snapshot-load=20 >"$scratch/long.yaml"

figures() {
	sqlite3 -separator ' ' "$state/results.db" "WITH o AS (SELECT duration_ns / 1e6 AS ms, row_number() OVER (ORDER BY
		duration_ns) AS i, count(*) OVER () AS n FROM operation WHERE kind = 'snapshot-save' AND outcome = 'ok')
		SELECT n, max(ms) FILTER (WHERE i <= n * .5), max(ms) FILTER (WHERE i <= n * .95), max(ms) FROM o"
}

# measure NAME COMMAND...: the command runs beside a campaign.
measure() {
	local name=$1 lag
	shift
	rm -rf "$state"
	serve --http 127.0.0.1:0
	address=$(qsoak status --json | jq -r .http)
	qsoak run "$scratch/long.yaml" --detach >/dev/null
	"$@" >"$scratch/$name.said"
	# There may be no room for one more client at first.
	until lag=$(qsoak status --json 2>/dev/null | jq '.["loop-lag-ns"] / 1e6'); [ -n "$lag" ]; do :; done
	check "$name: no operation has failed" same "$(qsoak status --json | jq .failures)" 0
	qsoak stop --kill >/dev/null
	await 60 idle
	read -r n p50 p95 max < <(figures)
	printf '# %-8s longest turn %6.1f ms; %5d snapshot-saves: p50 %5.1f ms, p95 %5.1f ms, max %6.1f ms %s\n' \
		"$name" "$lag" "$n" "$p50" "$p95" "$max" "$(cat "$scratch/$name.said")"
	kill -TERM "$daemon"
	wait "$daemon"
	check "$name: ends well" same $? 0
}

measure quiet sleep "$seconds"
flood() {
	python3 "$top/tests/fake/flood.py" "$sock" "$address" "$seconds"
}
measure flood flood

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# /metrics: well formed to promtool in both formats, counters that are what was found, and rules and a dashboard
# that ask for nothing else.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

scrape() {
	curl -sf "http://$address/metrics" "$@"
}

# value NAME[{LABELS}]
value() {
	scrape | awk -v name="$1" '$1 == name { print $2 }'
}

# Names of ours in a file.
names_in() {
	grep -oE '\b(qsoak|process)_[a-z_]+' "$1" | sort -u
}

asks_only_for() {
	comm -23 <(names_in "$1") <(names_in "$scratch/scraped") | sed 's/^/# unknown: /' | (! grep .)
}

serve --http 127.0.0.1:0
address=$(qsoak status --json | jq -r .http)
check 'without a campaign promtool finds no fault' eval 'scrape | promtool check metrics >"$scratch/lint" 2>&1'
check 'and has no advice' same "$(cat "$scratch/lint")" ''
check 'there is none' same "$(value qsoak_campaign_active)" 0

profile 2 'loops: 1000, failures: 3' bad=-fake,assert@snapshot-load:2 >"$scratch/bad.yaml"
sed -i 's/^name: .*/name: a-name/' "$scratch/bad.yaml"
qsoak run "$scratch/bad.yaml" --json >"$scratch/bad.json" 2>/dev/null &
follower=$!
started+=("$follower")
running() {
	[ "$(value qsoak_campaign_active)" = 1 ]
}
check 'a campaign is seen' await 30 running
wait "$follower"
failures=$(jq .campaign.failures "$scratch/bad.json")
check 'failures are counted by class' same "$(value 'qsoak_failures_total{class="assertion"}')" "$failures"
check 'one signature was new' same "$(value qsoak_new_signatures_total)" 1
check 'loops are counted' same "$(value qsoak_loops_total)" "$(jq .campaign.loops "$scratch/bad.json")"
check 'so are operations' same "$(scrape | awk '/^qsoak_operations_total.*"(ok|failed)"/ { sum += $2 } END { print sum }')" \
	"$(sqlite3 "$state/results.db" "SELECT count(*) FROM operation WHERE outcome IN ('ok', 'failed')")"
qsoak pause >/dev/null
check 'a pause has its cause' same "$(value 'qsoak_paused{cause="user"}')" 1
check 'and no other' same "$(value 'qsoak_paused{cause="disk"}')" 0
check 'which ends, although no campaign is there to go on' contains "$(qsoak resume)" 'begins without a pause'
check 'and is no more' same "$(value 'qsoak_paused{cause="user"}')" 0

profile 2 'loops: 100000' good >"$scratch/long.yaml"
qsoak run "$scratch/long.yaml" --detach >/dev/null
await 30 running
scrape >"$scratch/scraped"
check 'in a campaign promtool finds no fault either' eval 'promtool check metrics <"$scratch/scraped" >"$scratch/lint" 2>&1'
check 'nor advice' same "$(cat "$scratch/lint")" ''
check 'its slots are counted' same "$(awk '/^qsoak_slots/ { sum += $2 } END { print sum }' "$scratch/scraped")" 2
scrape -H 'Accept: application/openmetrics-text; version=1.0.0' -D "$scratch/head" >"$scratch/open"
check 'OpenMetrics for who asks for it' grep -qi '^content-type: application/openmetrics-text; version=1.0.0' "$scratch/head"
check 'which ends so' same "$(tail -1 "$scratch/open")" '# EOF'
check 'and names a counter without _total' grep -q '^# TYPE qsoak_loops counter$' "$scratch/open"
qsoak stop --kill >/dev/null
await 60 idle

check 'the alert rules are valid' eval 'promtool check rules "$top/monitoring/qsoak.rules.yaml" >"$scratch/rules" 2>&1'
check 'and alert when they should' eval 'promtool test rules "$top/tests/data/qsoak.rules-test.yaml" >"$scratch/rules" 2>&1 ||
	{ sed "s/^/# /" "$scratch/rules"; false; }'
check 'they ask for what there is' asks_only_for "$top/monitoring/qsoak.rules.yaml"
check 'the dashboard is JSON' eval 'jq -e .panels "$top/monitoring/qsoak-dashboard.json" >"$scratch/panels"'
check 'and asks for what there is' asks_only_for "$top/monitoring/qsoak-dashboard.json"
check 'every name is in the manual, and no other' same "$(grep -oE '^``(qsoak|process)_[a-z_]+``$' "$top/man/qsoakd.8.rst" | tr -d '\`' | sort)" \
	"$(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$scratch/scraped" | sort)"

kill -TERM "$daemon"
wait "$daemon"
check 'ends well' same $? 0
check 'no process is left behind' nothing_left

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hundreds of connections, commands by the thousand and readers that do not read: the VMs go on, nothing fails,
# and who asks afterwards is answered. How long turns of the loop get is measured by tests/bench/flood.sh.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

profile 4 'loops: 1000000' good=-fake-slow,snapshot-load=20 >"$scratch/long.yaml"
serve --http 127.0.0.1:0
address=$(qsoak status --json | jq -r .http)
qsoak run "$scratch/long.yaml" --detach >/dev/null

operations() {
	sqlite3 -cmd '.timeout 5000' "$state/results.db" 'SELECT count(*) FROM operation WHERE outcome = "ok"'
}

more_operations() {
	[ "$(operations)" -gt "$((before + 200))" ]
}

before=-200
await 30 more_operations
python3 "$top/tests/fake/flood.py" "$sock" "$address" 600 >"$scratch/said" &
flood=$!
started+=("$flood")
refused() {
	! qsoak status >/dev/null 2>&1
}
check 'the flood is there' await 60 refused
before=$(operations)
check 'the VMs go on' await 120 more_operations
kill -TERM "$flood"
wait "$flood" 2>/dev/null
check 'who asks afterwards is answered' await 60 listens
# Connections of the flood that nobody has accepted yet may still take the places.
says() {
	[ "$(qsoak status --json 2>/dev/null | jq "$1")" = "$2" ]
}
check 'nothing has failed' await 60 says .failures 0
check 'and the page is there' await 60 curl -sfo "$scratch/page" "http://$address/"
check 'the longest turn is told' await 60 says '.["loop-lag-ns"] > 0' true
stopped() {
	qsoak stop --kill >/dev/null 2>&1
}
await 60 stopped
await 60 idle
kill -TERM "$daemon"
wait "$daemon"
check 'SIGTERM: ends well' same $? 0
check 'no process is left behind' nothing_left

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# HTTP: what it answers, what it refuses, and that no peer takes more than its share.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

profile 2 'failures: 2' bad=-fake,assert@snapshot-save:3 >"$scratch/assert.yaml"
profile 2 'loops: 1000000' good >"$scratch/long.yaml"

http() {
	python3 "$top/tests/fake/http-peer.py" "$1" "$address" "${@:2}"
}

get() {
	curl -sS "http://$address$1"
}

# refused NAME STATUS EXPECTED ADDRESS: qsoakd does not start.
refused() {
	local output status
	output=$(timeout 60 "$BUILD/qsoakd" --state-dir "$scratch/other" --socket "$scratch/other.sock" --http "$4" 2>&1)
	status=$?
	check "$1: exit code" same "$status" "$2"
	check "$1: says why" contains "$output" "$3"
}

# --- where it listens

serve
check 'nobody asked for it: it is not there' same "$(qsoak status --json | jq -r .http)" null
kill -TERM "$daemon"
wait "$daemon"
serve --http 127.0.0.1:0
address=$(qsoak status --json | jq -r .http)
check 'the port is told by query-status' contains "$address" 127.0.0.1:
check 'and by the log' grep -q "the live page is http://$address/" "$scratch/daemon.log"
for other in 0.0.0.0:9191 192.168.1.1:9191 '[::]:9191' '[fe80::1]:9191'; do
	refused "$other" 2 'expected a loopback address' "$other"
done
for other in 127.0.0.1 9191 '127.0.0.1:' 127.0.0.1:x 127.0.0.1:65536 ::1:9191 '[::1]' example.org:80 ''; do
	refused "\"$other\"" 2 "http: found \"$other\", expected a loopback address and a port" "$other"
done
refused 'an address in use' 3 "cannot listen on $address: Address already in use" "$address"

# --- what it says

qsoak run "$scratch/assert.yaml" >/dev/null 2>&1
failure=$(qsoak failures --json | jq '.failures[-1].id')
folder=$state/incidents/$failure
head -c 700001 /dev/urandom >"$folder/bytes"
yes 'longer than a chunk, and text' | head -c 600000 >"$folder/text"
: >"$folder/empty"
ln -s /etc/passwd "$folder/link"
printf 'a\0b' >"$folder/a \"name"

check 'health' same "$(get /healthz)" ok
check 'the page and all that it names' http page
check 'headers' http headers
check 'GET and HEAD, without a body' http methods
check 'hosts' http hosts
check 'errors' http errors
for query in query-campaigns query-builds query-failures query-signatures query-report query-plots \
	"query-incident?incident=$failure" 'export?campaign=1&list=operations'; do
	check "$query: as the control socket says it" same "$(get "/api/$query" | jq -S . | md5sum)" \
		"$(python3 "$top/tests/fake/command.py" "$sock" "$query" | jq -S . | md5sum)"
done
check 'status: has the slots' same "$(get /api/query-status | jq -c '[.campaign, .slots]')" '[null,[]]'
for file in "$folder"/*; do
	name=${file##*/}
	[ "$name" = link ] || [ "$name" = 'a "name' ] && continue
	check "evidence: $name is what it is" cmp -s "$file" <(get "/incidents/$failure/$name")
done
check 'evidence: a name to be escaped' cmp -s "$folder/a \"name" <(get "/incidents/$failure/a%20%22name")
check 'evidence: no link is followed' contains "$(get "/incidents/$failure/link")" error
check 'evidence: no way out of the folder' contains "$(get "/incidents/$failure/..%2f..%2fresults.db")" error
check 'evidence: text is told as such' same \
	"$(curl -sI "http://$address/incidents/$failure/text" | tr -d '\r' | grep -iE '^content-(type|disp|length)' | sort)" \
	"$(printf 'Content-Disposition: attachment; filename="text"\nContent-Length: 600000\n%s' \
		'Content-Type: text/plain; charset=utf-8')"
check 'evidence: bytes are told as such' contains "$(curl -sI "http://$address/incidents/$failure/bytes")" \
	application/octet-stream
check 'evidence: a slow reader gets it whole' http slow "/incidents/$failure/bytes"

# --- events

http events >"$scratch/events.log" &
listener=$!
started+=("$listener")
await 30 test -s "$scratch/events.log"
qsoak run "$scratch/assert.yaml" >/dev/null 2>&1
wait "$listener"
check 'events: a failing campaign, in order and with ids' same "$? $(cat "$scratch/events.log")" '0 hello'

# --- limits

check 'target and headers' http limits
check 'requests that read' http reads
check 'peers that go' http gone
check 'connections, and streams of events' http connections
check 'connections in which nothing moves' http idle

mkfifo "$scratch/enough"
http deaf <"$scratch/enough" >"$scratch/deaf.log" &
deaf=$!
started+=("$deaf")
exec 9>"$scratch/enough"
await 30 test -s "$scratch/deaf.log"
qsoak run "$scratch/long.yaml" --detach >/dev/null
# Pauses are events that come as fast as they are asked for.
given_up() {
	python3 "$top/tests/fake/command.py" "$sock" --times 2000 pause resume >/dev/null
	grep -q 'a reader of events was given up' "$scratch/daemon.log"
}
check 'who does not read events is given up' await 120 given_up
exec 9>&-
wait "$deaf"
check 'and finds the end of the connection' same $? 0
check 'the campaign has not noticed' same "$(qsoak status --json | jq .failures)" 0

kill -TERM "$daemon"
wait "$daemon"
check 'SIGTERM: ends well' same $? 0
check 'no process is left behind' nothing_left

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A client follows a campaign of the service while its qsoakd is killed, stopped, replaced and refused: it ends with the
# campaign's verdict, and has told each failure once.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../service.sh"

sql() {
	sqlite3 -cmd '.timeout 5000' "$state/results.db" "$1"
}

status() {
	qsoak status --json | jq -r "$1"
}

has_done() {
	[ "$(status .loops)" -ge "$1" ] 2>/dev/null
}

in_progress() {
	[ "$(status '.campaign != null')" = true ]
}

waits() {
	grep -q 'waiting for it to come back' "$scratch/$1.log"
}

# follow NAME COMMAND [ARGUMENT...]: a client beside us; sets client.
follow() {
	local name=$1 command=$2
	shift 2
	"$BUILD/qsoak" "$command" "$@" --socket "$sock" --json >"$scratch/$name.json" 2>"$scratch/$name.log" &
	client=$!
	started+=("$client")
}

# ends CLIENT: with its exit code in $code, in time.
ends() {
	await 60 gone "$1" || return 1
	wait "$1"
	code=$?
}

kill_daemon() {
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
}

stop_daemon() {
	kill "$daemon"
	wait "$daemon"
}

# Ids of the failures that a client told of, in the order of their ids.
told() {
	sed -n 's/^failure \([0-9]*\)[:,].*/\1/p' "$scratch/$1.log" | sort -n | paste -sd ' '
}

# --- a campaign over a kill and a stop

# Each of two builds fails in its own way every other VM.
profile 2 'loops: 1000000' good "bad=-fake,exit=3@snapshot-load:4" >"$scratch/p.yaml"
serve
follow run run "$scratch/p.yaml"
runner=$client
await 20 has_done 10
follow watch watch
watcher=$client
await 20 has_done 20
kill_daemon
check 'run: it says that qsoakd has gone' await 10 waits run
check 'watch: so does it' await 10 waits watch
check 'run: it is there' kill -0 "$runner"
serve
check 'run: it says that the campaign goes on' await 20 grep -q 'qsoakd is back, and campaign [0-9]* goes on' \
	"$scratch/run.log"
check 'watch: so does it' await 20 grep -q 'goes on' "$scratch/watch.log"
before=$(status .loops)
await 20 has_done $((before + 10))
stop_daemon
check 'SIGTERM: it says that qsoakd ends' await 10 grep -q 'qsoakd ends, and the campaign goes on' "$scratch/run.log"
serve
await 20 eval '[ "$(grep -c "goes on$" "$scratch/run.log")" = 2 ]'
qsoak stop >/dev/null
ends "$runner"
check 'run: the exit code of the campaign' same "$code" 130
ends "$watcher"
check 'watch: the exit code of the campaign' same "$code" 130
check 'run: the result is whole' same "$(result run '.campaign.end, (.gaps | length)' | paste -sd ' ')" 'interrupted 2'
check 'watch: the same result' same "$(result watch .campaign.id)" "$(result run .campaign.id)"
check 'it was one campaign' same "$(sql 'SELECT count(*) FROM campaign')" 1
check 'each loss is told once' same "$(grep -c 'waiting for it to come back' "$scratch/run.log")" 2

# --- what fails while nobody is told

# The second build takes longer to its failure, which comes while the client stands still.
LOOPS=1000 profile 2 'loops: 1000000' "bad=-fake,exit=3@snapshot-load:2" "worse=-fake,assert@snapshot-save:40" \
	>"$scratch/p.yaml"
both_failed() {
	[ "$(sql "SELECT count(DISTINCT signature_id) FROM failure WHERE campaign_id = $id")" = 2 ]
}

follow failures run "$scratch/p.yaml"
await 20 grep -q '^failure ' "$scratch/failures.log"
id=$(status .campaign)
kill -STOP "$client"
kill_daemon
serve
check 'both builds have failed' await 60 both_failed
kill -CONT "$client"
await 20 grep -q 'goes on$' "$scratch/failures.log"
qsoak stop >/dev/null
ends "$client"
check 'the first failure of each kind is told, once' same "$(told failures)" "$(sql "SELECT group_concat(id, ' ') FROM
	(SELECT min(id) AS id FROM failure WHERE campaign_id = $id GROUP BY signature_id, src_run_id IN
	(SELECT r.id FROM run r JOIN build b ON b.id = r.build_id WHERE b.name = 'bad') ORDER BY 1)")"

# --- a campaign that ends while nobody is told

profile 2 'loops: 60' "good=-fake-slow,snapshot-save=200" >"$scratch/p.yaml"
follow ended run "$scratch/p.yaml"
await 20 has_done 5
id=$(status .campaign)
kill -STOP "$client"
kill_daemon
serve
check 'it comes to its end' await 60 idle
kill -CONT "$client"
ends "$client"
check 'ended meanwhile: the exit code of a clean campaign' same "$code" 0
check 'ended meanwhile: its result' same "$(result ended '"\(.campaign.id) \(.campaign.end)"')" "$id complete"

# --- a qsoakd that the service manager starts for whoever connects

# activate: listens on its behalf, and becomes the qsoakd when somebody has come.
activate() {
	python3 - "$sock" "$BUILD/qsoakd" --state-dir "$state" --socket "$sock" 2>>"$scratch/daemon.log" <<-'END' &
		import os, select, socket, sys
		os.unlink(sys.argv[1])
		peer = socket.socket(socket.AF_UNIX)
		peer.bind(sys.argv[1])
		peer.listen()
		select.select([peer], [], [])
		os.dup2(peer.fileno(), 3)
		os.set_inheritable(3, True)
		os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
		os.execv(sys.argv[2], sys.argv[2:])
	END
	daemon=$!
	started+=("$daemon")
}

follow activated run "$scratch/p.yaml" --loops 1000000
await 20 has_done 5
id=$(status .campaign)
kill_daemon
await 10 waits activated
activate
check 'activated by its client: the campaign goes on' await 20 grep -q 'goes on$' "$scratch/activated.log"
check 'activated by its client: it is the same' same "$(status .campaign)" "$id"
qsoak stop >/dev/null
ends "$client"
check 'activated by its client: the exit code' same "$code" 130
stop_daemon

# --- nobody comes

serve
follow nobody run "$scratch/p.yaml" --loops 1000000 --wait 1s
await 20 has_done 5
kill_daemon
ends "$client"
check 'not back in time: exit code 3' same "$code" 3
check 'not back in time: says so' grep -q '^qsoak: qsoakd did not come back within 1 s: no qsoakd listens on' \
	"$scratch/nobody.log"
serve
follow impatient watch --wait 0s
impatient=$client
follow patient watch
await 20 grep -q 'is in progress' "$scratch/impatient.log"
await 20 grep -q 'is in progress' "$scratch/patient.log"
kill_daemon
ends "$impatient"
check '--wait 0s: exit code 3' same "$code" 3
check '--wait 0s: says what has happened' contains "$(<"$scratch/impatient.log")" 'qsoak: qsoakd has gone'
await 10 waits patient
kill -INT "$client"
ends "$client"
check 'Ctrl-C while it waits: at once' same "$code" 130

# --- what comes back is not what has gone

serve
follow other watch
await 20 grep -q 'is in progress' "$scratch/other.log"
kill_daemon
ours=$state state=$scratch/other
serve
ends "$client"
check 'other results: exit code 3' same "$code" 3
check 'other results: says so' grep -q '^qsoak: qsoakd is back, but its results have no campaign' "$scratch/other.log"
stop_daemon
state=$ours

cp "$fake" "$scratch/qemu"
serve
qsoak stop --kill >/dev/null
await 20 idle
follow refused run "$scratch/p.yaml" --loops 1000000 --build "good=$scratch/qemu"
refused=$client
await 20 has_done 5
id=$(status .campaign)
kill_daemon
await 5 eval '! processes | grep -q "^[0-9]* $scratch/qemu"' # so that the file can be written
printf x >>"$scratch/qemu"
serve
ends "$refused"
check 'refused: the exit code of an interrupted campaign' same "$code" 130
check 'refused: says why' grep -q "^campaign $id cannot go on: build good is another one by now" "$scratch/refused.log"
check 'refused: says what to do' grep -q "qsoak resume $id --socket" "$scratch/refused.log"
check 'refused: its result' same "$(result refused '"\(.campaign.id) \(.campaign.end)"')" "$id interrupted"
check 'status says why, too' contains "$(qsoak status)" "campaign $id cannot go on"

# --- what starts a campaign is sent once, what only reads again

qsoak stop --kill >/dev/null
stop_daemon
# half: a service that closes the connection at the first "$1", and writes down what it was asked.
half() {
	rm -f "$sock"
	python3 - "$sock" "$1" >"$scratch/half.log" <<-'END' &
		import json, socket, sys
		answers = {'run': {'campaign': 1, 'seed': '1'},
		           'query-report': {'campaign': {'id': 1, 'exit_code': 0}}}
		closes = [sys.argv[2]]
		server = socket.socket(socket.AF_UNIX)
		server.bind(sys.argv[1])
		server.listen()
		def serve(peer):
		    peer.sendall(b'{"QMP": {"version": {"qemu": {"major": 0, "minor": 1, "micro": 0}}, "capabilities": []}}\n')
		    for line in peer.makefile():
		        request = json.loads(line)
		        name = request['execute']
		        print(name, flush=True)
		        if name in closes:
		            closes.remove(name)
		            return
		        peer.sendall(json.dumps({'return': answers.get(name, {}), 'id': request['id']}).encode() + b'\n')
		        if name == 'run':
		            end = {'event': 'CAMPAIGN_ENDED', 'data': {'campaign': 1, 'exit-code': 0, 'loops': 1}}
		            peer.sendall(json.dumps(end).encode() + b'\n')
		while True:
		    peer = server.accept()[0]
		    serve(peer)
		    peer.shutdown(socket.SHUT_RDWR)
	END
	half=$!
	started+=("$half")
	await 20 test -S "$sock"
}

half run
follow unanswered run "$scratch/p.yaml"
ends "$client"
check 'run without an answer: exit code 3' same "$code" 3
check 'run without an answer: says what is not known' grep -q 'whether a campaign has begun is not known' \
	"$scratch/unanswered.log"
check 'run without an answer: sent once' same "$(grep -c '^run$' "$scratch/half.log")" 1
kill -9 "$half"
wait "$half" 2>/dev/null
half query-report
follow report run "$scratch/p.yaml"
ends "$client"
check 'a report without an answer: the exit code of the campaign' same "$code" 0
check 'a report without an answer: asked again' same "$(grep -c '^query-report$' "$scratch/half.log")" 2
check 'a report without an answer: no second campaign' same "$(grep -c '^run$' "$scratch/half.log")" 1

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The service: its socket, campaigns that outlive their clients, and every command of the client.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

profile 2 'loops: 6' good >"$scratch/short.yaml"
profile 2 'loops: 1000000' good >"$scratch/long.yaml"
profile 2 'failures: 1' bad=-fake,assert@snapshot-save:3 >"$scratch/assert.yaml"
profile 1 'loops: 1000000' slow=-fake-slow,snapshot-load=8000 >"$scratch/slow.yaml"
profile 1 'loops: 1' late=-fake-slow,quit=2000 >"$scratch/last.yaml"
LIMIT=1s profile 1 'failures: 1' bad=-fake,stuck-main@snapshot-save >"$scratch/hang.yaml"

campaign() {
	qsoak status --json | jq .campaign
}

loops_above() {
	[ "$(qsoak status --json | jq .loops)" -gt "$1" ]
}

# begin: a campaign without end, once it has done a loop; sets id.
begin() {
	qsoak run "$scratch/long.yaml" --detach >/dev/null
	await 30 loops_above 0
	id=$(campaign)
}

sql() {
	sqlite3 -cmd '.timeout 5000' "$state/results.db" "$1"
}

loading() {
	[ "$(qsoak status --json | jq -r '.slots[0].operation')" = snapshot-load ]
}

end_of() {
	sql "SELECT end FROM campaign WHERE id = $1"
}

# --- the socket

refused 'no service' 3 "no qsoakd listens on $sock: start one, or run a private one with --local" \
	qsoak run "$scratch/short.yaml"
refused 'no service to ask' 3 'or read a private state with --local or --state-dir' qsoak failures
serve
check 'the socket is for user and group' same "$(stat -c %a "$sock")" 660
refused 'a second daemon on the socket' 3 "another qsoakd listens on $sock" \
	"$BUILD/qsoakd" --state-dir "$scratch/other" --socket "$sock"
check 'the first one still has it' listens
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
check 'kill -9 leaves the socket' test -S "$sock"
serve
check 'the next one replaces it' listens
echo precious >"$scratch/file"
refused 'a file in its place' 3 "$scratch/file is there and no socket" \
	"$BUILD/qsoakd" --state-dir "$scratch/other" --socket "$scratch/file"
check 'and the file is still there' same "$(cat "$scratch/file")" precious
python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print("ready", flush=True)
s.accept()' "$scratch/foreign" >"$scratch/foreign.log" &
foreign=$!
started+=("$foreign")
await 20 test -s "$scratch/foreign.log"
refused "somebody else's socket" 3 "somebody listens on $scratch/foreign" \
	"$BUILD/qsoakd" --state-dir "$scratch/other" --socket "$scratch/foreign"
wait "$foreign" # it has seen the connection that asked

# As a unit with more than one of each.
mkdir "$scratch/etc"
CONFIGURATION_DIRECTORY=$scratch/etc:$scratch/more STATE_DIRECTORY=$scratch/first:$scratch/more \
	RUNTIME_DIRECTORY=$scratch/first-run:$scratch/more "$BUILD/qsoakd" 2>"$scratch/first.log" &
started+=($!)
check 'of the folders of a unit the first is meant' await 20 eval \
	'"$BUILD/qsoak" status --socket "$scratch/first-run/control.sock" >/dev/null 2>&1'
kill "${started[-1]}"
wait "${started[-1]}"
check 'for results, too' test -e "$scratch/first/results.db"

# --- campaigns and their clients

qsoak run "$scratch/short.yaml" --json >"$scratch/run.json" 2>"$scratch/run.log"
check 'run: the exit code of a clean campaign' same $? 0
check 'run: its result' same "$(result run '.campaign.end')" complete
begin
check 'status: names the campaign' same "$(qsoak status --json | jq -r .name)" story
check 'status: a line for each slot' same \
	"$(qsoak status --json | jq -r '[.slots[] | "\(.slot) \(.build)"] | join(",")')" '0 good,1 good'
check 'status: as a table' contains "$(qsoak status)" 'OPERATION/STEP'
refused 'a second campaign' 3 "campaign $id is in progress" qsoak run "$scratch/short.yaml"
check 'and the first goes on' same "$(campaign)" "$id"

"$BUILD/qsoak" watch --json --socket "$sock" >"$scratch/watch.json" 2>"$scratch/watch.log" &
watcher=$!
peer events >"$scratch/events.log" &
listener=$!
started+=("$watcher" "$listener")
await 20 test -s "$scratch/events.log"
qsoak stop >/dev/null
wait "$watcher"
check 'watch: the exit code of the campaign' same $? 130
check 'watch: its result' same "$(result watch .campaign.id)" "$id"
wait "$listener"
check 'events come to who asks, and to nobody else' same "$? $(cat "$scratch/events.log")" '0 progress'
check 'stop: drains by default' same \
	"$(sql "SELECT count(*) FROM operation WHERE campaign_id = $id AND outcome <> 'ok'")" 0
check 'stop: every VM was shut down' same "$(sql "SELECT count(*) FROM run
	WHERE campaign_id = $id AND (exit_status <> 0 OR NOT expected OR exit_status IS NULL)")" 0
check 'stop: the campaign was interrupted' same "$(end_of "$id")" interrupted

# A load that takes a while is what the kill finds.
qsoak run "$scratch/slow.yaml" --detach >/dev/null
id=$(campaign)
await 30 loading
qsoak stop --kill >/dev/null
await 30 idle
check 'stop --kill: the operation is interrupted' same "$(sql "SELECT kind || ' ' || outcome
	FROM operation WHERE campaign_id = $id ORDER BY id DESC LIMIT 1")" 'snapshot-load interrupted'
check 'stop --kill: the campaign was interrupted' same "$(end_of "$id")" interrupted
check 'stop --kill: no operation failed' same \
	"$(sql "SELECT count(*) FROM operation WHERE campaign_id = $id AND outcome = 'failed'")" 0
check 'stop: fine without a campaign' contains "$(qsoak stop)" 'no campaign is in progress'
check 'watch: without a campaign the newest result' same \
	"$(qsoak watch --json 2>/dev/null | jq .campaign.id)" "$id"

"$BUILD/qsoak" run "$scratch/long.yaml" --socket "$sock" >/dev/null 2>&1 &
client=$!
started+=("$client")
await 30 loops_above 0
id=$(campaign)
kill -9 "$client"
wait "$client" 2>/dev/null
check 'a client that is killed leaves the campaign alone' \
	await 20 loops_above "$(qsoak status --json | jq .loops)"
check 'which is the same' same "$(campaign)" "$id"
qsoak stop --kill >/dev/null
await 30 idle

"$BUILD/qsoak" run "$scratch/long.yaml" --socket "$sock" >/dev/null 2>&1 &
client=$!
started+=("$client")
await 30 loops_above 0
kill -INT "$client"
wait "$client"
check 'Ctrl-C in run stops the campaign' same $? 130
check 'and the service lives' idle

# --- results

qsoak run "$scratch/assert.yaml" >"$scratch/assert.out" 2>"$scratch/assert.log"
check 'run: the exit code of failures' same $? 1
check 'run: says the first failure of a signature' grep -q '^failure .*assertion' "$scratch/assert.log"
id=$(qsoak campaigns --json | jq '.campaigns[-1].id')
failure=$(qsoak failures --campaign "$id" --json | jq '.failures[0].id')
# same_both COMMAND...: the service and its state, read beside it, say the same.
same_both() {
	same "$("$BUILD/qsoak" "$@" --state-dir "$state" | md5sum)" "$(qsoak "$@" | md5sum)" &&
		[ "$(qsoak "$@" | wc -c)" -gt 50 ]
}
for command in campaigns builds failures "failures --campaign $id" signatures "signatures --campaign $id" \
	report "report $id" \
	"show $failure --all" "show $failure --json" "export $id" "export $id --format csv"; do
	check "$command: the same with --state-dir" same_both $command
done
qsoak show "incidents/$failure" >"$scratch/screen.txt"
check 'show: one screen tells what and where' grep -q \
	"^incident $failure: assertion in snapshot-save/save, " "$scratch/screen.txt"
check 'show: it quotes what QEMU said' grep -q '^  fake-qemu: ./block/block-gen.h:44: bdrv_poll_co' \
	"$scratch/screen.txt"
check 'show: it says where the rest is' grep -q "^files  *$state/incidents/$failure/" \
	"$scratch/screen.txt"
check 'show: it fits a screen' test "$(wc -l <"$scratch/screen.txt")" -le 60
qsoak show "incidents/$failure" --all >"$scratch/show.txt"
check 'show: class and signature' grep -q '^signature *assertion in bdrv_poll_co: ' "$scratch/show.txt"
check 'show: what QEMU said' grep -q '^fake-qemu: ./block/block-gen.h:44: bdrv_poll_co: Assertion' \
	"$scratch/show.txt"
check 'show: the conversation' grep -q ' > {"execute":"snapshot-save"' "$scratch/show.txt"
check 'show: no control characters' same "$(LC_ALL=C tr -d '\n -~' <"$scratch/show.txt" | wc -c)" 0
check 'show --json: the manifest' same "$(qsoak show "$failure" --json | jq -r .manifest.class)" assertion

# Longer than one chunk, and of bytes that are no text.
head -c 700000 /dev/zero | tr '\0' x >"$state/incidents/$failure/long"
printf 'a\0b\xff\nc\n' >"$state/incidents/$failure/bytes"
ln -s /etc/passwd "$state/incidents/$failure/link"
check 'show: a long file is whole' same \
	"$(qsoak show "$failure" --json | jq '.files[] | select(.file == "long").text | length')" 700000
check 'show: a file of bytes' same "$(qsoak show "$failure" --all | grep -A2 '> bytes' | tail -2)" $'a?b?\nc'
check 'show: links are not followed' same "$(qsoak show "$failure" --all | grep -c root:)" 0
mkdir "$scratch/outside"
echo '{"class": "secret"}' >"$scratch/outside/manifest.json"
sql "UPDATE incident SET directory = '../outside' WHERE directory = 'incidents/$failure'"
check 'show: nor out of the state, whatever the store says' contains \
	"$(qsoak show "$failure" 2>&1)" 'none of its own: ../outside'
sql "UPDATE incident SET directory = 'incidents/$failure' WHERE directory = '../outside'"

qsoak run "$scratch/hang.yaml" >/dev/null 2>&1
failure=$(qsoak failures --json | jq '.failures[-1].id')
qsoak show "$failure" --all >"$scratch/hang.txt"
check 'show: stacks with the names of the threads' grep -qE '^thread [0-9]+ vCPU 0 \(CPU 0/TCG\)' "$scratch/hang.txt"

# --- export

qsoak export "$id" >"$scratch/export.json"
for list in operations steps runs failures builds; do
	column=campaign_id
	[ "$list" = steps ] && column="(SELECT campaign_id FROM operation WHERE id = operation_id)"
	check "export: every row of $list" same "$(jq ".$list | length" "$scratch/export.json")" \
		"$(sql "SELECT count(*) FROM ${list%s} WHERE $column = $id")"
done
check 'export --format csv: as many lines as operations, all of the same width' same \
	"$(qsoak export "$id" --format csv | python3 -c 'import csv, sys
rows = list(csv.DictReader(sys.stdin))
print(len(rows), set(len(row) for row in rows), any(None in row for row in rows))')" \
	"$(jq '.operations | length' "$scratch/export.json") {12} False"
check 'export --list runs: command lines survive' same \
	"$(qsoak export "$id" --format csv --list runs | python3 -c 'import csv, json, sys
print(all(json.loads(row["argv"])[0] for row in csv.DictReader(sys.stdin)))')" True
refused 'export of an unknown format' 2 '--format: found "xml", expected json, csv or guestperf' \
	qsoak export "$id" --format xml
refused 'export of an unknown list' 2 'list: found "secrets"' \
	qsoak export "$id" --format csv --list secrets
refused 'export of an unknown campaign' 2 'no campaign 99999999' qsoak export 99999999
refused 'show of an unknown incident' 2 'no failure 99999999' qsoak show 99999999
check 'a full disk is an error' same \
	"$(qsoak export "$id" 2>&1 >/dev/full; echo $?)" \
	"$(printf 'qsoak: cannot print the export: No space left on device\n3')"

# More rows than fit a page.
sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
	INSERT INTO failure SELECT 1000000 + i, f.campaign_id, NULL, f.src_run_id, NULL,
	f.signature_id, NULL, 0, 0, 0, f.at_unix_ns, NULL, NULL, NULL, '', 0, NULL FROM n, failure f
	WHERE f.id = $failure"
check 'failures: all pages' same "$(qsoak failures --json | jq '.failures | length')" \
	"$(sql 'SELECT count(*) FROM failure')"

sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
	INSERT INTO signature SELECT 1000000 + i, 'hang', 'hang ' || i, 1, 2 FROM n;
	UPDATE failure SET signature_id = id WHERE id BETWEEN 1000001 AND 1000250"
check 'signatures: all pages, each once' same \
	"$(qsoak signatures --json | jq -r '.signatures | "\(length) \(map(.id) | unique | length)"')" \
	"$(sql 'SELECT count(DISTINCT signature_id) || " " || count(DISTINCT signature_id) FROM failure')"
check 'signatures: a page of the socket is bounded' same \
	"$(python3 -c 'import json, socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(60)
peer.connect(sys.argv[1])
lines = peer.makefile("r")
lines.readline()
for command in "qmp_capabilities", "query-signatures":
    peer.sendall(json.dumps({"execute": command}).encode() + b"\n")
    answer = json.loads(lines.readline())["return"]
print(len(answer["signatures"]), answer["next"] > 0)' "$sock")" '20 True'

# --- the end

slot_is() {
	[ "$(qsoak status --json | jq -r ".slots[0].$1")" = "$2" ]
}

# No file may grow while the campaign comes to its end.
qsoak run "$scratch/last.yaml" --detach >/dev/null
id=$(campaign)
await 30 slot_is operation shutdown
prlimit --pid "$daemon" --fsize=0:
await 30 slot_is state stopped
kill -TERM "$daemon"
prlimit --pid "$daemon" --fsize=unlimited:
wait "$daemon"
check 'SIGTERM: a campaign that waits for its end to be stored has ended' grep -q \
	"campaign $id has ended with 0" "$scratch/daemon.log"
serve

begin
kill -TERM "$daemon"
wait "$daemon"
check 'SIGTERM: the service ends well' same $? 0
check 'SIGTERM: the campaign has not ended' same "$(end_of "$id")" ''
check 'SIGTERM: no image or socket is left behind' test ! -e "$sock" -a ! -e "$state/work"
check 'SIGTERM: no process is left behind' nothing_left

# No file may grow: what the campaign's end takes cannot be stored.
cannot_store() {
	[[ $(qsoak status --json | jq -r .paused) == *results.db* ]]
}

serve
await 20 eval '[ "$(campaign)" = "$id" ]'
prlimit --pid "$daemon" --fsize=0:
qsoak stop --kill >/dev/null
check 'SIGTERM: where the store cannot be written' await 20 cannot_store
kill -TERM "$daemon"
check 'SIGTERM: the service ends all the same' await 60 gone "$daemon"
wait "$daemon"
check 'SIGTERM: and says that something is lost' same $? 3
check 'SIGTERM: no process is left behind' nothing_left

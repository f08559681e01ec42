#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A campaign of the service is paused, and its qsoakd stopped, killed and refused: it goes on where it
# stood, by the same plan, and its result tells of the gaps.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../service.sh"

sql() {
	sqlite3 -cmd '.timeout 5000' "$state/results.db" "$1"
}

status() {
	qsoak status --json | jq -r "$1"
}

nothing_runs() {
	! processes | grep -q "^[0-9]* $scratch/qemu"
}

has_done() {
	[ "$(status .loops)" -ge "$1" ] 2>/dev/null
}

all_paused() {
	[ "$(status '[.slots[].state == "paused"] | all')" = true ]
}

# begin STOP-RULE [OPTION...]: sets id.
begin() {
	local rule=$1
	shift
	profile 4 "$rule" good "bad=-fake,exit=3@snapshot-load:4" >"$scratch/p.yaml"
	id=$(qsoak run "$scratch/p.yaml" --detach "$@" | sed 's/campaign //')
}

kill_daemon() {
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
}

gaps() {
	sql "SELECT group_concat(reason, ', ') FROM (SELECT reason FROM gap WHERE campaign_id = $id
		AND ended_unix_ns >= began_unix_ns ORDER BY began_unix_ns)"
}

# --- a pause

serve
begin 'loops: 1000000' --seed 7
await 20 has_done 20
qsoak pause >"$scratch/out"
check 'pause says so' contains "$(<"$scratch/out")" "campaign $id is paused"
check 'all VMs are shut down' await 20 all_paused
check 'none of them failed by it' same "$(sql "SELECT count(*) FROM operation
	WHERE kind = 'shutdown' AND outcome = 'failed'")" 0
check 'status says why' contains "$(qsoak status)" 'paused: by a user'
loops=$(status .loops) elapsed=$(status '."elapsed-ns"')
qsoak pause >/dev/null
check 'the time does not count' same "$(status '."elapsed-ns"')" "$elapsed"
qsoak resume >"$scratch/out"
check 'resume says so' contains "$(<"$scratch/out")" "campaign $id goes on"
check 'it goes on' await 20 has_done $((loops + 20))
qsoak resume >"$scratch/out" 2>&1
check 'what is not paused cannot be resumed: exit code 3' same $? 3
check '... and it says what is in progress' contains "$(<"$scratch/out")" "campaign $id is in progress"

# --- qsoakd goes

await 20 has_done $((loops + 40))
kill "$daemon"
wait "$daemon"
check 'SIGTERM: exit code 0' same $? 0
check 'SIGTERM: nobody is left' await 5 nothing_left
before=$(sql "SELECT sum(loops) FROM vm WHERE campaign_id = $id")
serve
check 'after SIGTERM it goes on' await 20 has_done $((before + 1))
await 20 has_done $((before + 40))
kill_daemon
serve
before=$(sql "SELECT sum(loops) FROM vm WHERE campaign_id = $id")
check 'after a kill it goes on' await 20 has_done $((before + 1))
qsoak pause >/dev/null
await 20 all_paused
kill_daemon
serve
check 'a pause ends with its qsoakd' await 20 has_done $((before + 20))
qsoak stop >/dev/null
await 20 idle
check 'the gaps and why they were' same "$(gaps)" \
	'by a user, qsoakd was stopped, qsoakd was killed, by a user'
check 'the report tells of them' same "$(qsoak report | grep -c '^gap: ')" 4
check 'and so does its JSON' same "$(qsoak report --json | jq '.gaps | length')" 4
check 'what was in flight is interrupted' same "$(sql "SELECT count(*) FROM operation
	WHERE outcome = 'running'")" 0
check 'no VM has two lives' same "$(sql "SELECT count(*) FROM (SELECT count(*) AS n FROM operation
	WHERE campaign_id = $id AND kind = 'boot' GROUP BY slot, vm) WHERE n > 1")" 0

# --- and a user wants it to go on

check 'stopped: interrupted' await 10 eval '[ "$(sql "SELECT end FROM campaign WHERE id = $id")" = interrupted ]'
before=$(sql "SELECT sum(loops) FROM vm WHERE campaign_id = $id")
check 'resume CAMPAIGN' contains "$(qsoak resume "$id")" "campaign $id goes on"
check '... from where it stood' test "$(status .loops)" -ge "$before"
await 20 has_done $((before + 10))
qsoak stop >/dev/null
qsoak stop >/dev/null
await 20 idle
check 'why is a matter of record' contains "$(gaps)" 'it was interrupted'
check 'the newest that was interrupted' contains "$(qsoak resume)" "campaign $id goes on"
qsoak stop --kill >/dev/null
await 20 idle
qsoak resume 999 >"$scratch/out" 2>&1
check 'no such campaign' contains "$(<"$scratch/out")" 'there is no campaign 999'
qsoak resume x >"$scratch/out" 2>&1
check 'no id: exit code 2' same $? 2

# --- the stop rule holds over a kill

begin 'loops: 300'
await 20 has_done 100
kill_daemon
serve
qsoak watch >/dev/null 2>&1
check 'it ends by its stop rule' same "$(sql "SELECT end FROM campaign WHERE id = $id")" complete
loops=$(sql "SELECT sum(loops) FROM vm WHERE campaign_id = $id")
check 'and does no more than that' test "$loops" -ge 300 -a "$loops" -lt 312
qsoak resume "$id" >"$scratch/out" 2>&1
check 'what has come to its end does not go on' contains "$(<"$scratch/out")" 'has come to its end'

# --- a failure that is over is counted once

profile 1 'failures: 2' "good=-fake,exit=3@snapshot-load:2" >"$scratch/p.yaml"
id=$(qsoak run "$scratch/p.yaml" --detach | sed 's/campaign //')
await 20 eval '[ "$(status .failures)" -ge 1 ]'
kill_daemon
serve
qsoak watch >/dev/null 2>&1
check 'failures before a kill count for the stop rule' same \
	"$(sql "SELECT count(*) FROM failure WHERE campaign_id = $id")" 2

# --- a build that is another one by now

cp "$fake" "$scratch/qemu"
profile 2 'loops: 1000000' good >"$scratch/p.yaml"
id=$(qsoak run "$scratch/p.yaml" --build "good=$scratch/qemu" --detach | sed 's/campaign //')
await 20 has_done 10
kill_daemon
await 5 nothing_left # so that the file can be written
printf x >>"$scratch/qemu"
serve
check 'a build that was replaced: not begun again' idle
check '... the log says why' contains "$(tail -n 2 "$scratch/daemon.log")" \
	'build good is another one by now'
check '... and how to try again' contains "$(tail -n 2 "$scratch/daemon.log")" "qsoak resume $id"
check '... and nobody runs it' await 5 nothing_runs
truncate -s -1 "$scratch/qemu"
check 'with the old one it goes on' contains "$(qsoak resume "$id")" "campaign $id goes on"
qsoak stop --kill >/dev/null
await 20 idle

# --- killed while it is being stopped

profile 2 'loops: 1000' good=-fake-slow,snapshot-save=15000 >"$scratch/p.yaml"
id=$(qsoak run "$scratch/p.yaml" --detach | sed 's/campaign //')
saves() {
	[ "$(status '[.slots[].operation == "snapshot-save"] | any')" = true ]
}
await 30 saves
qsoak stop >/dev/null
kill_daemon
serve
check 'a campaign that was being stopped does not go on' idle
check '... it was interrupted' await 10 eval '[ "$(sql "SELECT end FROM campaign WHERE id = $id")" = interrupted ]'
check '... the log says why' grep -q "campaign $id was being stopped" "$scratch/daemon.log"
check '... unless a user says so' contains "$(qsoak resume "$id")" "campaign $id goes on"
check '... and then it does' await 10 eval '[ "$(sql "SELECT stopping FROM campaign WHERE id = $id")" = 0 ]'
qsoak stop --kill >/dev/null
await 30 idle

# --- of a private qsoakd

profile 2 'loops: 40' good >"$scratch/p.yaml"
"$BUILD/qsoak" run "$scratch/p.yaml" --local --state-dir "$scratch/private" --loops 100000 \
	>/dev/null 2>"$scratch/log" &
client=$!
started+=("$client")
await 20 grep -q loops "$scratch/log"
kill -INT "$client"
wait "$client"
check 'a private one is interrupted with its client: exit code' same $? 130
timeout -s INT 2 "$BUILD/qsoak" resume --local --state-dir "$scratch/private" >"$scratch/out" 2>&1
check 'and goes on with another' contains "$(<"$scratch/out")" 'campaign 1'
check '... which tells of its gap' contains "$(<"$scratch/out")" 'it was interrupted'

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM that has failed is kept for a debugger: nobody touches it, nothing ends it unasked, and its slot
# goes on when it is let go.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

LIMIT=1s
stuck=-fake,stuck-main@snapshot-save
PATH=$BUILD:$PATH

slot() {
	qsoak status --json | jq -r ".slots[$1] | $2"
}

# slot_is N STATE [VM]
slot_is() {
	[ "$(slot "$1" '"\(.state) \(.vm)"')" = "$2 ${3:-0}" ]
}

# A slot that has stopped tells the number of its next VM: not to be compared with what it told before.
neighbour_stopped() {
	[ "$(slot 1 .state)" = stopped ]
}

facts_of() {
	jq -s "[.[] | select(.pid == $1)] | length" "$scratch/facts"
}

# Heartbeats that the healthy neighbour has answered.
heartbeats_above() {
	[ "$(jq -s "[.[] | select(.pid != $pid and .name == \"query-status\")] | length" \
		"$scratch/facts")" -gt "$1" ]
}

said() {
	grep -qs "$2" "$scratch/$1.log"
}

# The end of the client, whose status it returns; what holds for ever is a failure, not a wait.
ended() {
	await 60 gone "$client" || kill -9 "$client"
	wait "$client"
}

# refused NAME EXPECTED COMMAND...
refused() {
	local name=$1 expected=$2 output status
	shift 2
	output=$("$@" 2>&1 >/dev/null)
	status=$?
	check "$name" same "$status $output" "2 qsoak: $expected"
}

# --- with a service: one VM hangs, its neighbour goes on

serve
LOOPS=1000000 profile 2 'loops: 1000000' "bad=-fake-log,$scratch/facts,$stuck" \
	"good=-fake-log,$scratch/facts" >"$scratch/two.yaml"
qsoak run "$scratch/two.yaml" --detach --on-failure hold >/dev/null
check 'the VM that hangs is held' await 60 slot_is 0 held
pid=$(slot 0 '.pids[0]')
incident=$(slot 0 .incident)
check 'its evidence was taken before' test -n "$(zstd -dcf "$state/incidents/$incident"/qemu.stacks*)"
check 'the failure is durable' same \
	"$(sqlite3 "$state/results.db" "SELECT count(*) FROM failure WHERE id = $incident")" 1
check 'status says which incident, and which process' contains "$(qsoak status)" \
	"incident $incident, pid $pid"
check 'and how many are held' contains "$(qsoak status)" ', 1 held, '
check 'failures says so, too' grep -q "^ *$incident .*held, pid $pid\$" <(qsoak failures)
facts=$(facts_of "$pid")
seen=$(jq -s "[.[] | select(.pid != $pid and .name == \"query-status\")] | length" "$scratch/facts")
check 'its neighbour goes on, and is asked how it is' await 60 heartbeats_above $((seen + 2))
check 'meanwhile it is alive, and was told nothing' same "$(facts_of "$pid")" "$facts"
check 'it is the same process, as it was' same \
	"$(readlink -f "/proc/$pid/exe") $(slot 0 '.pids[0]')" "$(readlink -f "$fake") $pid"
check 'its neighbour is not held' same "$(slot 1 .incident)" null

refused 'release: of what there is not' 'there is no incident 99999999' qsoak release 99999999
refused 'release: needs to know what' 'release: expected either INCIDENT or --all' qsoak release
refused 'release: not both' 'release: expected either INCIDENT or --all' qsoak release 1 --all
check 'release: says so' same "$(qsoak release "incidents/$incident")" \
	"incident $incident: its VM is released"
check 'release: the process is gone' await 20 gone "$pid"
refused 'release: once' "incident $incident: no VM is held for it" qsoak release "$incident"
check 'release: the slot boots its next VM, which is held in turn' await 60 slot_is 0 held 1
pid=$(slot 0 '.pids[0]')

check 'stop: tells that it waits' contains "$(qsoak stop)" 'it waits for 1 held VM'
check 'stop: the neighbour drains' await 60 neighbour_stopped
check 'stop: what is held stays' slot_is 0 held 1
check 'stop: the process, too' kill -0 "$pid"
check 'stop: status says what it waits for' contains "$(qsoak status)" 'waiting for their release'
check 'stop: the service says so once' same \
	"$(grep -c 'only VMs that are held are left (1)' "$scratch/daemon.log")" 1
check 'a second stop: kills it, and says so' contains "$(qsoak stop)" 'killed: 1 held VM'
check 'a second stop: the campaign ends' await 20 idle
check 'a second stop: the process is gone' gone "$pid"
check 'release --all: fine without any' same "$(qsoak release --all)" 'no VM is held'

qsoak run "$scratch/two.yaml" --detach --on-failure hold >/dev/null
await 60 slot_is 0 held
pid=$(slot 0 '.pids[0]')
qsoak stop --kill >/dev/null
check 'stop --kill: what is held stays' await 20 neighbour_stopped
check 'stop --kill: the process, too' kill -0 "$pid"
check 'release --all: lets it go' contains "$(qsoak release --all)" 'its VM is released'
check 'and the campaign ends' await 20 idle

# Both QEMUs of a migration that hangs.
MIGRATE=1 profile 1 'failures: 1' bad=-fake,stuck-migration@migrate >"$scratch/migration.yaml"
qsoak run "$scratch/migration.yaml" --detach --on-failure hold >/dev/null
await 60 slot_is 0 held
check 'source and destination are held' same "$(slot 0 '.pids | length')" 2
kill -9 "$(slot 0 '.pids[1]')"
one_is_left() {
	[ "$(slot 0 '.pids | length')" = 1 ]
}
check 'it is held as long as one of them lives' await 20 one_is_left
kill -TERM "$daemon"
wait "$daemon"
check 'SIGTERM: ends the service and what it holds' same "$? $(nothing_left)" '0 '

# --- with a private qsoakd, in a folder whose name needs quotes

# begin NAME BUILD: a campaign that holds its first failure; sets client, daemon, pid, incident.
begin() {
	name=$1
	profile 1 'failures: 1' "$2" >"$scratch/$name.yaml"
	echo 'on-failure: hold' >>"$scratch/$name.yaml"
	"$BUILD/qsoak" run "$scratch/$name.yaml" --local --state-dir "$scratch/it's $name" \
		>/dev/null 2>"$scratch/$name.log" &
	client=$!
	started+=("$client")
	check "$name: held" await 60 said "$name" '^held: '
	daemon=$(pgrep -P "$client" qsoakd)
	read -r incident pid <<<"$(sed -n 's/^held: incident \([0-9]*\), pid \([0-9]*\): .*/\1 \2/p' \
		"$scratch/$name.log")"
}

begin release "bad=$stuck"
check 'it tells the debugger where to go' said release "gdb -p $pid; qsoak release $incident "
check 'it says, once, what it waits for' await 20 said release '^only held VMs are left'
check 'status reaches a private qsoakd' contains \
	"$("$BUILD/qsoak" status --state-dir "$scratch/it's release")" "incident $incident, pid $pid"
command=$(sed -n "s/^held: .*; \(qsoak release .*\)/\1/p" "$scratch/release.log")
check 'the command that it says does it' same "$(cd / && PATH=$BUILD:$PATH bash -c "$command")" \
	"incident $incident: its VM is released"
ended
check 'and the campaign ends as it would have' same $? 1
check 'it was said once' same "$(grep -c '^only held' "$scratch/release.log")" 1
check 'no process is left behind' nothing_left
check 'no socket is left behind' test ! -e "$scratch/it's release/work"
refused_private() {
	"$BUILD/qsoak" release --all --state-dir "$scratch/it's release" 2>&1
	echo $?
}
check 'then there is nobody to ask' same "$(refused_private)" \
	"qsoak: no private qsoakd is at work in $scratch/it's release
3"

begin debugged "bad=$stuck"
kill -9 "$pid"
ended
check 'a process that a debugger kills is let go' same $? 1
check 'and the log says why' said debugged 'no longer held: its last process has gone'

begin interrupted "bad=$stuck"
await 20 said interrupted '^only held'
kill -INT "$client"
check 'Ctrl-C: tells that it waits' await 20 said interrupted '^stopping; VMs that are held are waited'
check 'Ctrl-C: it lives' kill -0 "$pid"
kill -INT "$client"
ended
check 'a second Ctrl-C: the campaign ends' same $? 130
check 'a second Ctrl-C: says so' said interrupted '^killing the VMs that are held'
check 'a second Ctrl-C: no process is left behind' nothing_left

begin killed "bad=$stuck"
kill -9 "$daemon"
ended
check 'kill -9 of qsoakd: no process is left behind' await 10 nothing_left
check 'kill -9 of qsoakd: no socket is left behind' await 10 test ! -e "$scratch/it's killed/work"

# --- what is not held

profile 1 'failures: 1' 'bad=-fake,assert@snapshot-save' >"$scratch/dead.yaml"
run_campaign dead --on-failure hold
check 'a VM without a process is not held' same "$status $(grep -c '^held' "$scratch/dead.log")" '1 0'
{
	profile 1 'expected: true, loops: 5' "bad=$stuck"
	echo 'expect: [{signature: hang of main-loop *}]'
} >"$scratch/expected.yaml"
"$BUILD/qsoak" run "$scratch/expected.yaml" --local --state-dir "$scratch/expected" \
	--on-failure hold >/dev/null 2>"$scratch/expected.log" &
client=$!
started+=("$client")
ended
check 'nor is one that failed as expected' same \
	"$? $(grep -c '^held' "$scratch/expected.log")" '0 0'
profile 1 'failures: 1' "bad=$stuck" >"$scratch/go-on.yaml"
echo 'on-failure: hold' >>"$scratch/go-on.yaml"
run_campaign go-on --on-failure go-on
check 'the option wins over the profile' same "$status $(grep -c '^held' "$scratch/go-on.log")" '1 0'
run_campaign go-on --on-failure keep
check 'it has two words' contains "$status $(cat "$scratch/go-on.log")" \
	'2 qsoak: on-failure: found keep, expected go-on or hold'

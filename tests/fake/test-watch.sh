#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the guard finds while a step still has time left, and what it must leave alone.
. "$(dirname "$0")/../lib.sh"

# Steps have 60 s, so a failure that took far less was not found by a limit.
LIMIT=60s
STALL=1s

the_failure() {
	"$BUILD/qsoak" failures --state-dir "$scratch/$1" --json |
		jq -r '.failures[] | "\(.class) \(.place) \(.signature)"'
}

# Whether the operation that failed ended long before the limit of its step.
before_the_limit() {
	local seconds
	seconds=$(sqlite3 "$scratch/$1/results.db" \
		"SELECT duration_ns / 1000000000 FROM operation WHERE outcome = 'failed'")
	[ "$seconds" -lt 50 ] || { echo "# it took $seconds s"; false; }
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

# healthy NAME FAULTS...: a campaign of two loops without any failure.
healthy() {
	local name=$1 faults=$2
	profile 1 'loops: 2' "good=$faults" >"$scratch/$name.yaml"
	run_campaign "$name"
	check "$name: no failure" same "$(the_failure "$name")" ''
	check "$name: the campaign is clean" same "$status" 0
}

story stop-self -fake,stop-self@snapshot-load \
	'hang process hang of process in snapshot-load/load'
story stuck-vcpu -fake,stuck-vcpu@snapshot-save,-fake,stuck-job@snapshot-save \
	'hang vcpu hang of vcpu in snapshot-save/save'
story stuck-main -fake,stuck-main@query-jobs \
	'hang main-loop hang of main-loop in snapshot-save/result'
story stuck-bql -fake,stuck-bql@job-dismiss:2 \
	'hang main-loop hang of main-loop in snapshot-load/dismiss'
story mute -fake,mute@snapshot-save 'hang monitor hang of monitor in snapshot-save/save'
MIGRATE=1
story stuck-vcpu-in-migrate -fake,stuck-vcpu@migrate,-fake,stuck-migration@migrate \
	'hang vcpu hang of vcpu in migrate/migrate'
unset MIGRATE

# A save that keeps the main loop busy, three times as long as anything else may stand still.
healthy slow-save "-fake-slow,snapshot-save=3000,-fake-log,$scratch/slow-save.facts"
heartbeats() {
	jq -s "[.[] | select(.fact == \"command\" and .name == \"$2\") | .ns]" "$scratch/$1.facts"
}
check 'heartbeats go out-of-band while the main loop is busy' test \
	"$(heartbeats slow-save query-yank | jq length)" -ge 2
check 'heartbeats do not queue up: of any three, the first two were answered before the third' \
	same "$(heartbeats slow-save query-status |
		jq '[. as $t | range(2; length) | $t[.] - $t[. - 2] | select(. < 900000000)]' -c)" '[]'

WATCH='heartbeat: false'
healthy no-heartbeat "-fake-slow,snapshot-save=3000,-fake-log,$scratch/no-heartbeat.facts"
check 'no heartbeat is sent if the profile forbids it' same \
	"$(heartbeats no-heartbeat query-yank | jq length) $(heartbeats no-heartbeat query-status |
		jq length)" '0 0'
story stop-self-unasked -fake,stop-self@snapshot-load \
	'hang process hang of process in snapshot-load/load'
unset WATCH

host kill-self -fake,kill-self@snapshot-load:4 "host null host in snapshot-load/load: killed by SIGKILL, \
not from qsoak: the kernel counts no lack of memory"
host io-error -fake,io-error@snapshot-save:4 \
	'host null host in snapshot-save/save: the disk is full: No space left on device'
host no-space -fake,no-space@snapshot-save:4 "host null host in snapshot-save/result: the disk is \
full: the job failed: Error while writing VM state: No space left on device"

story asan -fake,asan@snapshot-load \
	'sanitizer null AddressSanitizer: heap-use-after-free in pflash_update'
story tsan -fake,tsan@snapshot-load,-fake-slow,snapshot-load=3000 \
	'sanitizer null ThreadSanitizer: data race in bdrv_drained_begin'

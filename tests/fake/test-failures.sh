#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A QEMU that fails gets its class, and the other VMs go on.
. "$(dirname "$0")/../lib.sh"

# A fleet of two builds over four VMs, one of which has the faults; at the third failure one slot has
# been refilled at least.
# story NAME FAULTS CLASS PLACE SIGNATURE
story() {
	local name=$1 faults=$2 class=$3 place=$4 signature=$5
	profile 4 'failures: 3' good "bad=$faults" >"$scratch/$name.yaml"
	run_campaign "$name"
	check "$name: the campaign ends with failures" same "$status" 1
	check "$name: class, place and signature" \
		same "$(failures_of "$name" '"\(.class) \(.place) \(.signature)"')" \
		"$class $place $signature"
	check "$name: only the bad build fails" same "$(failures_of "$name" .build)" bad
	check "$name: the slot is refilled after the failure" refilled "$name"
	check "$name: the other VMs go on" others_went_on "$name"
	check "$name: no process is left behind" nothing_left
	check "$name: no image or socket is left behind" no_work_left "$name"
}

# The distinct values over all failures.
failures_of() {
	"$BUILD/qsoak" failures --state-dir "$scratch/$1" --json | jq -r "[.failures[] | $2] | unique[]"
}

refilled() {
	[ "$(failures_of "$1" .vm | wc -l)" -ge 2 ]
}

# The good build began new loops after the first failure, and lost none.
others_went_on() {
	local later
	later=$(sqlite3 "$scratch/$1/results.db" "SELECT count(*) FROM operation o
		JOIN run r ON r.id = o.src_run_id JOIN build b ON b.id = r.build_id
		WHERE b.name = 'good' AND o.kind = 'snapshot-save' AND o.outcome = 'ok'
		AND o.began_unix_ns > (SELECT min(at_unix_ns) FROM failure)")
	[ "$later" -ge 1 ]
}

assertion='assertion in bdrv_poll_co: qemu_get_current_aio_context() == qemu_get_aio_context()'
story assert -fake,assert@snapshot-save:3 assertion null "$assertion"
story segv -fake,segv@snapshot-load crash null 'crash by SIGSEGV in snapshot-load'
story exit -fake,exit=3@snapshot-delete exit null \
	'exit with status 3 in snapshot-delete: fake-qemu: fake: exit with status N'
story error -fake,error@snapshot-save error null \
	'error in snapshot-save/save: fake: error at snapshot-save'
story job-error -fake,job-error@snapshot-load error null \
	'error in snapshot-load/result: the job failed: fake: job error at snapshot-load'
MIGRATE=1
story dead-incoming -fake,dead-incoming@migrate-incoming exit null \
	'exit with status 1 in migrate: fake-qemu: load of migration failed: Invalid argument'
LIMIT=1s
story stuck-incoming -fake,stuck-main@migrate-incoming hang main-loop \
	'hang of main-loop in migrate/listen'
story stuck-statistics -fake,stuck-main@query-migrate hang main-loop \
	'hang of main-loop in migrate/statistics'
story stuck-migration -fake,stuck-migration@migrate hang migration \
	'hang of migration in migrate/migrate'
unset MIGRATE
story stuck-main -fake,stuck-main@snapshot-save hang main-loop \
	'hang of main-loop in snapshot-save/save'
story stuck-bql -fake,stuck-bql@snapshot-load hang main-loop \
	'hang of main-loop in snapshot-load/load'
story mute -fake,mute@snapshot-delete hang monitor 'hang of monitor in snapshot-delete/delete'
story stuck-job -fake,stuck-job@snapshot-save hang job 'hang of job in snapshot-save/save'
story stuck-vcpu -fake,stuck-vcpu@snapshot-save,-fake,stuck-job@snapshot-save hang vcpu \
	'hang of vcpu in snapshot-save/save'
story stop-self -fake,stop-self@snapshot-load hang process \
	'hang of process in snapshot-load/load'
story garbage-at-quit -fake,garbage@quit protocol null "protocol in shutdown: expected a JSON \
object on a line, found '[' or '{' expected near '?': \"?? {\"return\": ]?? this is no JSON }{\""
story stuck-quit -fake,stuck-quit@quit hang main-loop 'hang of main-loop in shutdown/quit'

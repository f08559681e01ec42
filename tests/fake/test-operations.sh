#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every operation a profile can ask for is done, between two builds, and leaves its figures.
. "$(dirname "$0")/../lib.sh"

# campaign NAME STOP SHUTDOWN OPERATIONS BUILD...: a profile of the given operations, run.
campaign() {
	local name=$1 stop=$2 shutdown=$3 operations=$4
	shift 4
	profile 1 "$stop" "$@" |
		awk -v operations="$operations" -v shutdown="$shutdown" '
			/^operations:/ { print "operations:"; print operations; skip = 1; next }
			/^[a-z]/ { skip = 0 }
			/^fleet:/ { sub(/vms: 1/, "vms: 1, shutdown: " shutdown) }
			!skip' >"$scratch/$name.yaml"
	run_campaign "$name"
}

sql() {
	sqlite3 "$scratch/$name/results.db" "$1"
}

# How many operations of a kind lack a measure of a name that is above 0 (or as said).
without() {
	sql "SELECT count(*) FROM operation o WHERE kind = '$1' AND NOT EXISTS (SELECT 1 FROM measure m
		WHERE m.operation_id = o.id AND m.name = '$2' AND m.value ${3:-> 0})"
}

# The builds in which migrations began and ended, in order.
ways() {
	sql "SELECT b.name || '>' || c.name FROM operation o
		JOIN run r ON r.id = src_run_id JOIN build b ON b.id = r.build_id
		JOIN run s ON s.id = dst_run_id JOIN build c ON c.id = s.build_id
		WHERE o.kind = 'migrate' ORDER BY o.id" | tr '\n' ' '
}

steps() {
	sql "SELECT DISTINCT s.name FROM step s JOIN operation o ON o.id = s.operation_id
		WHERE o.kind = '$1'" | tr '\n' ' '
}

# A build's name says which QEMU the fake is; what that one does not take it refuses.
matrix() {
	local from=$1 to=$2 what="$1 to $2"

	name=all-$from-$to
	campaign "$name" 'loops: 5' sigterm '  - {operation: migrate, channels: 2, transport: tcp, compression: zstd, to: new}
  - {operation: migrate-cancel, channels: 0}
  - {operation: migrate, channels: 0, bandwidth: 1GiB, downtime-limit: 50ms, to: old}
  - {operation: migrate-cancel, channels: 2, compression: zlib, transport: tcp, to: new}
  - {operation: stop-cont}
  - {operation: snapshot-save, verify: 0}
  - {operation: reset}
  - {operation: snapshot-load, verify: 0}
  - {operation: snapshot-delete}' "old=-fake-schema,'$from'" "new=-fake-schema,'$to'"
	check "$what: the campaign is clean" same "$status $(result "$name" '.signatures[].signature')" '0 '
	check "$what: each kind was done once a loop, migrations twice" same \
		"$(sql "SELECT count(*) || ' ' || kind FROM operation WHERE outcome = 'ok'
			AND loop >= 0 GROUP BY kind ORDER BY kind" | tr '\n' ' ')" \
		'10 migrate 10 migrate-cancel 5 reset 5 snapshot-delete 5 snapshot-load 5 snapshot-save 5 stop-cont '
	check "$what: migrate: there and back between two builds" same "$(ways)" \
		"$(for _ in 1 2 3 4 5; do printf 'old>new new>old '; done)"
	check "$what: schema: asked once of each build" same \
		"$(sql "SELECT count(*) FROM step WHERE name = 'schema'")" 2
	check "$what: migrate: total time is never 0" same "$(without migrate total_ms)" 0
	for kind in migrate snapshot-save snapshot-load stop-cont reset; do
		# One that is shorter than a gap is 0.
		check "$what: $kind: has its blackout" same "$(without $kind blackout_ns '>= 0')" 0
		check "$what: $kind: and the gap" same "$(without $kind blackout_gap_ns)" 0
	done
	check "$what: migrate-cancel: the guest never stood" same \
		"$(sql "SELECT count(*) FROM measure JOIN operation o ON o.id = operation_id
			WHERE kind = 'migrate-cancel'")" 0
	check "$what: migrate-cancel: its destination was expected to go" same \
		"$(sql "SELECT count(*) FROM run WHERE id IN (SELECT dst_run_id FROM operation
			WHERE kind = 'migrate-cancel') AND (exit_status != 1 OR NOT expected)" 2>&1)" 0
	check "$what: no image or socket is left behind" no_work_left "$name"
}

matrix 7.2 7.2
matrix 7.2 10.0
matrix 10.0 10.0
check 'migrate: the port is asked for by TCP' contains "$(steps migrate)" ' address '
check 'shutdown: by SIGTERM' same "$(steps shutdown)" 'sigterm '
check 'no process is left behind' nothing_left

# A stall of 200 ms in QEMU is a blackout of the guest's, told to within the gap between samples.
name=slow
campaign slow 'loops: 2' quit '  - {operation: snapshot-save, verify: 0}
  - {operation: snapshot-load, verify: 0}
  - {operation: snapshot-delete}' slow=-fake-slow,snapshot-save=200,-fake-slow,snapshot-load=200
check 'blackout: a save and a load of 200 ms are seen as that, to within the gap' same \
	"$(sql "SELECT count(*) FROM operation o
		JOIN measure b ON b.operation_id = o.id AND b.name = 'blackout_ns'
		JOIN measure g ON g.operation_id = o.id AND g.name = 'blackout_gap_ns'
		WHERE b.value + g.value >= 200e6")" 4

# Both times are long enough for many turns of the fake's guest, which moves on all the while.
name=copied
campaign copied 'loops: 2' quit '  - {operation: migrate, channels: 0}' \
	copied=-fake-slow,boot=400,-fake-slow,migrate=400
check 'brownout: of each migration that is long enough, as a share' same \
	"$status $(sql "SELECT count(*) FROM measure WHERE name = 'brownout_ratio' AND value > 0")" '0 2'

name=lacks
campaign lacks 'failures: 1' quit '  - {operation: migrate, compression: zstd}' \
	lacks=-fake-lacks,zstd
check 'a build without zstd: fails' same "$status" 1
check 'a build without zstd: by an error in the check, which names it' same \
	"$(result lacks '.signatures[0] | "\(.class) \(.signature)"')" \
	'error error in migrate/check: build lacks (QEMU emulator version N.N.N (fake)) has no multifd compression zstd, says its query-qmp-schema'

name=late
campaign late 'loops: 2' quit '  - {operation: migrate}' late=-fake,late-times@migrate
check 'figures that come late are waited for' same "$status $(without migrate total_ms)" '0 0'

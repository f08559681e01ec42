#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guard and a real QEMU: one that is stopped is a hang, one that is busy is none. Only saves and
# deletes are done; the assertions that the distribution's QEMU has in them are no matter here.
. "$(dirname "$0")/../lib.sh"

# soak NAME VMS RAM STALL: a campaign that goes on until enough() ends it.
soak() {
	local name=$1
	cat >"$scratch/$name.yaml" <<-END
		name: $name
		machine: {type: pc-q35-7.2, accel: tcg, ram: $3}
		guest: {name: pflash-hammer}
		fleet: {vms: $2, loops-per-vm: 100000}
		operations:
		  - {operation: snapshot-save}
		  - {operation: snapshot-delete}
		limits: {boot: 60s, reply: 60s, snapshot-save: 120s, snapshot-delete: 120s,
		  shutdown: 2s, stall: $4}
		watch: {stolen-cpu: 100}
		stop: {duration: 250s}
		builds:
		  - {name: stock, binary: /usr/bin/qemu-system-x86_64}
	END
	db=$scratch/$name/results.db
	"$BUILD/qsoak" run "$scratch/$name.yaml" --local --state-dir "$scratch/$name" \
		>"$scratch/$name.out" 2>"$scratch/$name.log" &
	client=$!
	started+=("$client")
}

enough() {
	kill -INT "$client" 2>/dev/null
	wait "$client" 2>/dev/null
	check "$1: no process is left behind" await 10 nothing_left
}

sql() {
	sqlite3 -cmd '.timeout 10000' "$db" "$1" 2>/dev/null
}

some() {
	[ "$(sql "$1")" -ge 1 ] 2>/dev/null
}

# The QEMU of a slot that has done a save, if it has one now.
qemu() {
	sql "SELECT pid FROM run r WHERE slot = $1 AND ended_unix_ns IS NULL AND EXISTS (SELECT 1
		FROM operation WHERE src_run_id = r.id AND kind = 'snapshot-save' AND outcome = 'ok')
		ORDER BY id DESC LIMIT 1"
}

# One of these QEMUs may come to its own end at any time; then the next one is taken.
stop_one() {
	local pid
	pid=$(qemu 0)
	stopped_ns=$(date +%s%N)
	[ -n "$pid" ] && kill -STOP "$pid" 2>/dev/null &&
		await 2 grep -qs '^State:.*stopped' "/proc/$pid/status" && victim=$pid
}

# A process that is stopped is told by three looks, half a second apart, and as late as the limit if at
# all.
stall_s=10
soak stopped 3 32MiB "${stall_s}s"
victim=
await 30 some "SELECT count(DISTINCT slot) / 3 FROM operation WHERE kind = 'snapshot-save' AND
	outcome = 'ok'"
await 60 stop_one
await 30 some "SELECT count(*) FROM failure WHERE place = 'process'"
check 'stopped: the others go on' await 30 some "SELECT count(DISTINCT o.slot) / 2 FROM operation o
	JOIN failure f ON f.place = 'process' WHERE o.slot <> f.slot AND o.outcome = 'ok' AND
	o.kind = 'snapshot-save' AND o.began_unix_ns > f.at_unix_ns"
check 'stopped: its slot goes on too, with a new QEMU' await 30 some "SELECT count(*) FROM operation o
	JOIN failure f ON f.place = 'process' WHERE o.slot = f.slot AND o.vm > f.vm AND
	o.outcome = 'ok' AND o.kind = 'snapshot-save'"
enough stopped
check 'stopped: one hang of process, of the QEMU that was stopped' same \
	"$(sql "SELECT s.class, f.place, r.pid FROM failure f JOIN run r ON r.id = f.src_run_id
		JOIN signature s ON s.id = f.signature_id WHERE f.place = 'process' OR r.pid = $victim")" \
	"hang|process|$victim"
# The operation ends when the hang is found; the failure is stored once its evidence is.
found_ms=$(sql "SELECT (o.began_unix_ns + o.duration_ns - $stopped_ns) / 1000000 FROM failure f
	JOIN operation o ON o.id = f.operation_id WHERE f.place = 'process'")
check 'stopped: not before it was looked at three times' test "$found_ms" -ge 1000
check 'stopped: within the limit and a second' test "$found_ms" -le $((stall_s * 1000 + 1000))
check 'stopped: the evidence shows a thread that is stopped' grep -qE '[[:space:]][Tt][[:space:]]' \
	"$scratch/stopped/$(sql "SELECT directory FROM incident i JOIN failure f ON
		f.incident_id = i.id WHERE f.place = 'process'")/qemu.threads"

# A save of 1 GiB in which no page is zero: QEMU's main loop is silent as long as it takes.
stall_s=1
needed_s=3
filled=
# Fills the RAM of the QEMU that is there now, once, but for what the guest uses: its working set ends at
# 20 MiB.
fill_ram() {
	local pid fd
	pid=$(qemu 0)
	[ -n "$pid" ] && [ "$pid" != "$filled" ] || return
	for fd in "/proc/$pid/fd"/*; do
		[[ $(readlink "$fd") == */memfd:* ]] || continue
		yes qsoak 2>/dev/null | dd of="$fd" bs=1M seek=64 count=960 iflag=fullblock \
			conv=notrunc status=none && filled=$pid
	done
}

# A QEMU that came to its own end has a successor, which is filled too. Six saves are enough to say that
# this host is too fast.
long_save() {
	fill_ram
	some "SELECT max(stall_ns) >= $needed_s * 1000000000 OR sum(r.pid = 0$filled) >= 6
		FROM operation o JOIN run r ON r.id = o.src_run_id
		WHERE kind = 'snapshot-save' AND outcome = 'ok'"
}

soak busy 1 1GiB "${stall_s}s"
await 100 long_save
enough busy
check 'busy: no hang in any save' same \
	"$(sql "SELECT place, step FROM failure WHERE step = 'save' AND place IS NOT NULL")" ''
longest_ms=$(sql "SELECT coalesce(max(stall_ns), 0) / 1000000 FROM operation
	WHERE kind = 'snapshot-save'")
title="busy: a save kept QEMU silent far longer than the limit"
if [ "$longest_ms" -ge $((needed_s * 1000)) ]; then
	check "$title" test "$longest_ms" -ge $((needed_s * 1000))
else
	skip "$title" "the longest save of 1 GiB on this host took $longest_ms ms"
fi
echo "# the stopped one was found after $found_ms ms, the longest save took $longest_ms ms"

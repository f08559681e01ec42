#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qsoakd is killed at random moments, the boot among them, while real QEMUs save, load and migrate: none
# of them survives, nothing but results stays behind, and those are whole.
. "$(dirname "$0")/../kills.sh"

cat >"$scratch/kills.yaml" <<-END
	name: kills
	machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
	guest: {name: pflash-hammer}
	fleet: {vms: 3, loops-per-vm: 20}
	operations:
	  - {operation: snapshot-save}
	  - {operation: snapshot-load}
	  - {operation: migrate, channels: 2, every: 2}
	  - {operation: snapshot-delete}
	limits: {boot: 20s, reply: 5s, snapshot-save: 5s, snapshot-load: 5s, snapshot-delete: 5s,
	  migrate: 10s, shutdown: 2s, stall: 5s}
	watch: {stolen-cpu: 100}
	stop: {duration: 60s}
	builds:
	  - {name: stock, binary: /usr/bin/qemu-system-x86_64}
END

qemus() {
	local daemon
	daemon=$(pgrep -P "$client" qsoakd) && pgrep -P "$daemon" qemu-system >/dev/null
}

# Those of others may come and go meanwhile.
no_shared_memory_left() {
	[ -z "$(comm -13 <(echo "$shared_memory") <(ls /dev/shm | sort))" ] ||
		{ ls -l /dev/shm | sed 's/^/# /'; false; }
}

outcomes() {
	sql "SELECT DISTINCT outcome FROM operation WHERE id IN ($1)"
}

shared_memory=$(ls /dev/shm | sort)
interrupted=0
for kill in 1 2 3 4 5; do
	start
	await 30 qemus
	kill_daemon $((RANDOM % 3))
	check "kill $kill: no process is left behind" await 10 nothing_left
	check "kill $kill: no image or socket is left behind" await 10 no_work_left kills
	check "kill $kill: no shared memory is left behind" await 10 no_shared_memory_left
	in_flight=$(running_operations | paste -sd,)
	put_in_order
	check "kill $kill: the store opens again, and a loop is done" test "$status" -le 1
	check "kill $kill: the store is whole" same \
		"$(sql 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok
	check "kill $kill: what was in flight is interrupted" same "$(outcomes "$in_flight")" \
		"${in_flight:+interrupted}"
	check "kill $kill: nothing counts as running" same "$(running_operations)$(sql "SELECT id
		FROM run WHERE end IS NULL UNION SELECT id FROM campaign WHERE end IS NULL")" ''
	[ -z "$in_flight" ] || interrupted=$((interrupted + 1))
done
check 'something was in flight in most of them' test "$interrupted" -ge 3

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Equal failures of a real QEMU meet under one title, different ones do not; each has its evidence.
. "$(dirname "$0")/../lib.sh"

if ! /usr/bin/qemu-system-x86_64 --version | grep -q 'version 7\.2\.'; then
	skip 'incidents of the assertion in bdrv_poll_co' 'the QEMU here is no 7.2, which has it'
	exit
fi

# The assertion in four VMs until it has come ten times; one of the QEMUs gets a SIGSEGV that it did not earn,
# and one is stopped for good.
cat >"$scratch/storm.yaml" <<-END
	name: storm
	machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
	guest: {name: pflash-hammer}
	fleet: {vms: 4, loops-per-vm: 500}
	operations:
	  - {operation: snapshot-save, verify: 0}
	  - {operation: snapshot-delete}
	limits: {boot: 60s, reply: 60s, snapshot-save: 120s, snapshot-delete: 120s, shutdown: 10s, stall: 20s}
	watch: {stolen-cpu: 100}
	expect:
	  - {signature: "assertion in bdrv_poll_co*", times: 10}
	  - {signature: "crash by SIGSEGV*"}
	  - {signature: "hang of process*"}
	stop: {expected: true, duration: 280s}
	builds:
	  - {name: stock, binary: /usr/bin/qemu-system-x86_64}
END
db=$scratch/storm/results.db
"$BUILD/qsoak" run "$scratch/storm.yaml" --local --state-dir "$scratch/storm" --json >"$scratch/storm.json" \
	2>"$scratch/storm.log" &
client=$!
started+=("$client")

sql() {
	sqlite3 -cmd '.timeout 10000' "$db" "$1" 2>/dev/null
}

# Sends a signal to a QEMU that has done a save.
signal_one() {
	local pid
	pid=$(sql "SELECT pid FROM run r WHERE ended_unix_ns IS NULL AND EXISTS (
		SELECT 1 FROM operation WHERE src_run_id = r.id AND kind = 'snapshot-save' AND outcome = 'ok')
		ORDER BY id DESC LIMIT 1")
	[ -n "$pid" ] && grep -qF "qsoak-" "/proc/$pid/cmdline" 2>/dev/null && kill "-$1" "$pid" 2>/dev/null
}

# came SIGNAL TITLE: whether that has come of it; one that dies of the assertion just then may not hear it, so
# now and then it is sent again.
came() {
	[ -n "$(sql "SELECT 1 FROM failure JOIN signature ON signature.id = signature_id
		WHERE title GLOB '$2' LIMIT 1")" ] && return
	[ "$SECONDS" -ge "$next" ] && signal_one "$1" && next=$((SECONDS + 10))
	false
}
next=0
check 'a QEMU that is sent SIGSEGV is a crash' await 120 came SEGV 'crash by SIGSEGV in *'
next=0
check 'one that is stopped is a hang' await 120 came STOP 'hang of process in *'
wait "$client"
status=$?
# 1: this QEMU has failed in yet another way meanwhile, as it may.
check 'all of it came' same "$((status <= 1)) $(result storm '[.signatures[] | select(.expected > 0).class] | unique | join(" ")')" \
	'1 assertion crash hang'

check 'ten assertions are one signature' same \
	"$(result storm '[.signatures[] | select(.class == "assertion" and .failures >= 10).signature] | join("\n")')" \
	'assertion in bdrv_poll_co: qemu_get_current_aio_context() == qemu_get_aio_context()'
check 'the crash and the hang have their own' same \
	"$(result storm '[.signatures[].signature | sub(" in .*"; "") |
		select(. == "crash by SIGSEGV" or . == "hang of process")] | unique | join(", ")')" \
	'crash by SIGSEGV, hang of process'
check 'the ledger knows the assertion, and not the crash' same \
	"$(result storm '[.signatures[] | select(.class == "assertion" or .class == "crash") |
		.ledger.status] | unique | join(" ")')" 'known new'

manifests=("$scratch"/storm/incidents/*/manifest.json)
case $(</proc/sys/kernel/core_pattern) in
"|"*)
	skip 'stacks of the dead' 'cores go to a program here'
	;;
*)
	check 'nothing is missing in any bundle' same "$(jq -c '.missing[]' "${manifests[@]}")" ''
	check 'all cores tell the same place of the assertion' same \
		"$(jq -r 'select(.class == "assertion").alternative' "${manifests[@]}" | sort -u | wc -l)" 1
	check 'where the bug is: in the setup of a save' contains \
		"$(jq -r 'select(.class == "assertion").alternative' "${manifests[@]}" | sort -u)" \
		qemu_savevm_state_setup
	;;
esac
check 'no process is left behind' nothing_left

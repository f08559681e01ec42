#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two builds of a real QEMU in blocks: the distribution's, and the same with a known delay that is many times what
# a snapshot-save takes; then a page of it.
. "$(dirname "$0")/../lib.sh"

cc -O2 -shared -fPIC -o "$scratch/delay.so" "$(dirname "$0")/../bench/delay.c" -ldl || exit 1
cat >"$scratch/slow.yaml" <<-END
	name: slow
	machine: {type: pc-q35-7.2, accel: tcg, ram: 16MiB}
	guest: {name: pflash-hammer, pause-per-turn: 5ms, turns-per-write: 1000000000, working-set: 1MiB}
	fleet: {vms: 2, loops-per-vm: 4}
	operations:
	  - {operation: snapshot-save, verify: 0}
	  - {operation: snapshot-delete}
	compare: {blocks: 8, warm-up: 1, metrics: [{metric: snapshot-save.duration}]}
	limits: {boot: 60s, reply: 60s, snapshot-save: 60s, snapshot-delete: 60s, shutdown: 60s, stall: 60s}
	watch: {stolen-cpu: 100}
	stop: {duration: 240s}
	builds:
	  - {name: plain, binary: /usr/bin/qemu-system-x86_64}
	  - {name: slow, binary: /usr/bin/qemu-system-x86_64, env: {LD_PRELOAD: $scratch/delay.so, DELAY_US: "2000000"}}
END
run_campaign slow
check 'all blocks were done' same "$(result slow '.comparison.blocks.complete')" 8
check 'no build failed' same "$(result slow '.campaign.failures')" 0
check 'builds that ran in different environments are not compared' same \
	"$status $(result slow '.comparison.metrics | length')" '4 0'

compared() {
	"$BUILD/qsoak" compare plain slow --state-dir "$scratch/slow" --force --json >"$scratch/compared.json"
	status=$?
}
compared
check 'unless it is wanted: slower' same "$status $(result compared '.verdict')" '1 slower'
check 'by what it was delayed' same \
	"$(result compared '.metrics[0] | .b.p50 - .a.p50 > 1e9')" true
check 'the environment that differs is told' same "$(result compared '.environment.forced')" true

"$BUILD/qsoak" report --state-dir "$scratch/slow" --html "$scratch/page.html"
check 'a page is made of it' same "$? $(head -c 15 "$scratch/page.html")" '0 <!DOCTYPE html>'
check 'no process is left behind' nothing_left

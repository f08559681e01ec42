#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `accel: auto`: a probe decides, what it decided is recorded, and it can be interrupted.
. "$(dirname "$0")/../lib.sh"

# A profile of one VM that leaves the accelerator to the probe: automatic [ARG,ARG...].
automatic() {
	profile 1 'loops: 2' "good${1:+=$1}" | sed 's/accel: tcg/accel: auto/'
}

sql() {
	sqlite3 -cmd '.timeout 5000' "$scratch/$1/results.db" "$2"
}

if ! [ -r /dev/kvm ] || ! [ -w /dev/kvm ]; then
	automatic >"$scratch/none.yaml"
	run_campaign none
	check 'without /dev/kvm: TCG at once' same "$status $(result none .campaign.accel)" '0 tcg'
	check 'without /dev/kvm: recorded why' contains \
		"$(sql none 'SELECT accel_reason FROM campaign')" /dev/kvm
	skip 'what a probe finds' 'there is no /dev/kvm to be used'
	exit
fi

automatic >"$scratch/works.yaml"
run_campaign works
check 'a guest that ticks: KVM' same "$status $(result works .campaign.accel)" '0 kvm'
check 'a guest that ticks: said' contains "$(cat "$scratch/works.log")" 'runs with kvm'
check 'a guest that ticks: QEMUs are started so' same \
	"$(sql works "SELECT count(*) FROM run WHERE instr(argv, 'accel=kvm') = 0")" 0
check 'the probe is in no statistics' same \
	"$(sql works "SELECT count(*) FROM operation WHERE kind = 'boot'")" 1

automatic -fake-kvm,exit=3@boot >"$scratch/fails.yaml"
run_campaign fails
check 'a QEMU that fails under KVM: TCG' same "$status $(result fails .campaign.accel)" '0 tcg'
check 'a QEMU that fails under KVM: recorded why' same \
	"$(sql fails 'SELECT accel_reason FROM campaign')" \
	'exited with status 3: fake-qemu: fake: exit with status 3'
check 'a QEMU that fails under KVM: said' contains "$(cat "$scratch/fails.log")" \
	'runs with tcg, KVM does not work here: exited with status 3'
check 'a QEMU that fails under KVM: no failure of the campaign' same \
	"$(result fails .campaign.failures)" 0
check 'a QEMU that fails under KVM: QEMUs are started so' same \
	"$(sql fails "SELECT count(*) FROM run WHERE instr(argv, 'accel=tcg') = 0")" 0

automatic -fake-kvm,stuck-vcpu@boot >"$scratch/stands.yaml"
"$BUILD/qsoak" run "$scratch/stands.yaml" --local --state-dir "$scratch/stands" --json \
	>"$scratch/stands.json" 2>"$scratch/stands.log" &
client=$!
started+=("$client")

# The probe's QEMU is there.
probing() {
	processes | grep -q 'fake-qemu -name'
}

await 60 probing
kill -INT "$client"
wait "$client"
check 'interrupted in a probe: the exit code says so' same $? 130
check 'interrupted in a probe: the campaign is recorded as that' same \
	"$(result stands '.campaign | "\(.end) \(.accel)"')" 'interrupted unknown'
check 'interrupted in a probe: nothing stays' nothing_left
check 'interrupted in a probe: no image stays' no_work_left stands

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `accel: auto` on the distribution's QEMU: whatever KVM does on this machine, one accelerator is
# found, recorded and used. What the campaign then finds is QEMU's and KVM's matter.
. "$(dirname "$0")/../lib.sh"

sed 's/accel: tcg/accel: auto/' "$top/profiles/quick.yaml" >"$scratch/auto.yaml"
run_campaign auto --duration 3s --vms 1

accel=$(result auto .campaign.accel)
check 'one of the two was found' grep -qx 'tcg\|kvm' <<<"$accel"
check 'and each QEMU was started with it' same \
	"$(sqlite3 "$scratch/auto/results.db" "SELECT count(*) > 0, sum(instr(argv, 'accel=$accel,') = 0)
		FROM run")" '1|0'
check 'why not KVM is known exactly where it was not KVM' same \
	"$(sqlite3 "$scratch/auto/results.db" 'SELECT accel_reason IS NULL FROM campaign')" \
	"$([ "$accel" = kvm ] && echo 1 || echo 0)"
check 'no process is left behind' nothing_left
check 'no image or socket is left behind' no_work_left auto

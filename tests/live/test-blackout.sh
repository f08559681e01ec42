#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a migration's figures say of each other on the distribution's QEMU. How fast they are is of no
# account: the bound is in the gaps that were measured, and the copying lasts by its bandwidth.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../blackout.sh"

blackout_profile 1ms 8 /usr/bin/qemu-system-x86_64 pc-q35-7.2 16MiB >"$scratch/few.yaml"
run_campaign few

check 'no blackout is below the downtime till RESUME by more than its gap and 1 ms' \
	blackout_bound "$scratch/few/results.db" 8 least
check 'each migration has its brownout, which takes no longer time than these' same \
	"$(sqlite3 "$scratch/few/results.db" "SELECT count(*) FROM operation o WHERE kind = 'migrate'
		AND outcome = 'ok' AND NOT EXISTS (SELECT 1 FROM measure m WHERE m.operation_id = o.id
		AND m.name = 'brownout_ratio' AND m.value >= 0)")" 0
sqlite3 "$scratch/few/results.db" "SELECT '# brownout: ' || group_concat(printf('%.2f', value), ' ')
	FROM measure WHERE name = 'brownout_ratio'"
check 'no process is left behind' nothing_left

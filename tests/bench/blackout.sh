#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How far the guest's own blackout is from the downtime that QEMU reports, over many migrations: not
# below it by more than the largest gap between two looks at the guest, and 1 ms for QEMU's rounding.
# On a host with more to do than it has CPUs one in a hundred may be: see tests/blackout.sh. Once with a
# guest that writes as fast as it can, and once with one that pauses, so that not every other
# migration ends in a corrupt flash.
#
# BUILD is the folder of the build under test; MIGRATIONS (200) is how many there are of each guest;
# QEMU is a binary, and MACHINE a machine type that it has.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../blackout.sh"

migrations=${MIGRATIONS:-200}
qemu=${QEMU:-/usr/bin/qemu-system-x86_64}

for pause in 0ms 5ms; do
	blackout_profile "$pause" "$migrations" "$qemu" "${MACHINE:-pc-q35-7.2}" \
		8GiB >"$scratch/$pause.yaml"
	run_campaign "$pause"
	echo "# a guest that pauses $pause after each flash write"
	check "$pause: no blackout is below the downtime by more than its gap and 1 ms" \
		blackout_bound "$scratch/$pause/results.db" "$migrations" downtime
done

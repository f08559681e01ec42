#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the oracles find when somebody damages a real VM: a byte of the shadow, a page of RAM, the flash
# image. The QEMU does next to nothing meanwhile, so that it has no bug of its own to show.
. "$(dirname "$0")/../lib.sh"

# Of guests/telemetry.h and guests/pflash-hammer/layout.h.
MAGIC_GPA=$((0x100000)) SHADOW_GPA=$((0x300000)) RAM_GPA=$((0x400000))

# soak NAME GUEST OPERATION...: a campaign of one VM that ends with its first failure; goes on in the
# background as $campaign.
soak() {
	local name=$1 guest=$2 operation
	shift 2
	{
		cat <<-END
			name: story
			machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
			guest: {name: pflash-hammer$guest}
			builds: [{name: stock, binary: /usr/bin/qemu-system-x86_64}]
			fleet: {vms: 1, loops-per-vm: 1000000}
			stop: {failures: 1, duration: 120s}
			watch: {stolen-cpu: 100}
			operations:
		END
		for operation; do
			echo "  - {operation: $operation}"
		done
	} >"$scratch/$name.yaml"
	run_campaign "$name" &
	campaign=$!
	started+=("$campaign")
	await 60 guest_runs "$name"
}

# Sets qemu and ram, the memfd of its RAM.
guest_runs() {
	qemu=$(processes | sed -n 's/^\([0-9]*\) .*qemu-system.*/\1/p' | head -1)
	[ -n "$qemu" ] || return 1
	ram=$(find "/proc/$qemu/fd" -lname '*memfd:qsoak-ram*' 2>/dev/null | head -1)
	[ -n "$ram" ] && [ "$(peek $MAGIC_GPA 8)" = 2151534f414b3031 ]
}

peek() {
	dd if="$ram" bs=1 skip="$1" count="$2" status=none 2>/dev/null | od -An -tx1 | tr -d ' \n'
}

# flip GPA COUNT: inverts bytes.
flip() {
	local bytes at
	bytes=$(peek "$1" "$2")
	for ((at = 0; at < 2 * $2; at += 2)); do
		printf "\\x$(printf %02x $((0xff ^ 16#${bytes:at:2})))"
	done | dd of="$ram" bs=1 seek="$1" conv=notrunc status=none
}

# damage_image NAME STEP: writes into the flash image as soon as the VM is in that step, which waits for
# the guest; it is so slow that this takes seconds, and there is no snapshot whose clusters it shares.
damage_image() {
	python3 "$top/tests/live/await-step.py" "$scratch/$1/work/control.sock" "$2" 60
	qemu-io --image-opts -c 'write -P 0x5a 0 64k' \
		"driver=qcow2,file.filename=$(readlink "/proc/$qemu/cwd")/vars.qcow2,file.locking=off" \
		>/dev/null
}

failures_of() {
	"$BUILD/qsoak" failures --state-dir "$scratch/$1" --json | jq -r '.failures[]'
}

# ended NAME PLACE TITLE TEXT: the campaign has ended with that one failure.
ended() {
	local name=$1
	wait "$campaign"
	check "$name: one failure, of class corruption" same \
		"$(failures_of "$name" | jq -r '"\(.class) \(.place)"')" "corruption $2"
	check "$name: its title" same "$(failures_of "$name" | jq -r .signature)" "$3"
	check "$name: where, expected and found" contains "$(failures_of "$name" | jq -r .detail)" "$4"
	check "$name: no process is left behind" nothing_left
}

soak shadow '' stop-cont
flip $((SHADOW_GPA + 0x1230)) 4
ended shadow flash 'corruption of flash after boot' 'pflash at offset 0x1230: expected 0x'

soak page '' stop-cont
flip $((RAM_GPA + 0x5004)) 4
ended page ram 'corruption of ram after boot' 'RAM at address 0x405004: expected 0x'

# The guest is slow, or it would overwrite the damage before anyone looks.
soak image ', pause-per-turn: 1500ms' 'snapshot-save, verify: 1' snapshot-delete
damage_image image snapshot-save-verify/generation
ended image image 'corruption of image in snapshot-save-verify/image' \
	'the flash image differs from what the guest wrote: at offset 0x'

# The save takes the damage into the snapshot, and the first load heals the image when the guest goes
# on; what is verified brings the damage back.
soak snapshot ', pause-per-turn: 1500ms' 'snapshot-save, verify: 0' 'snapshot-load, verify: 0' \
	'snapshot-load, verify: 1' snapshot-delete
damage_image snapshot snapshot-save/generation
ended snapshot image 'corruption of image in snapshot-load-verify/image' \
	'the flash image differs from what the guest wrote: at offset 0x'

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The disk under a campaign is filled to its last block, and stays so: the campaign pauses and says why,
# no failure is lost, also when qsoakd is killed meanwhile, and it goes on once there is room.
# In a mount namespace of its own, where a file system of its own leaves no trace.
if [ "${QSOAK_TEST_NAMESPACE:-}" != "$$" ]; then
	export QSOAK_TEST_NAMESPACE=$$
	for user in '' --map-root-user; do
		if unshare --mount --propagation private $user true 2>/dev/null; then
			exec unshare --mount --propagation private $user "$0" "$@"
		fi
	done
	echo 'ok 1 - a full disk # SKIP this host gives out no mount namespace'
	echo '1..1'
	exit
fi
. "$(dirname "$0")/../kills.sh"
. "$(dirname "$0")/../service.sh"

disk=$scratch/disk
state=$disk/state
mkdir "$disk"
unmount() {
	umount -l "$disk" 2>/dev/null
	finish
}
trap unmount EXIT

status() {
	qsoak status --json | jq -r "$@"
}

is_paused() {
	[ "$(status '.paused != null')" = true ]
}

no_slot_has_ended() {
	[ "$(status '[.slots[].state | . != "stopped" and . != "paused"] | all')" = true ]
}

# A VM whose failure cannot be stored yet is not killed, and a slot without one waits for the same.
nothing_new() {
	is_paused && [ "$(status '[.slots[].state | . == "paused" or . == "failed" or . == "waiting"] | all')" = true ]
}

has_done() {
	[ "$(status .loops)" -ge "$1" ] 2>/dev/null
}

# Takes each block that comes free, until it is ended. From within the file system: once it is unmounted, its path is
# that of a folder on the host's own disk.
fill() {
	(
		cd "$disk" || exit
		while mountpoint -q .; do
			dd if=/dev/zero of=filler bs=4096 oflag=append conv=notrunc status=none 2>/dev/null
			read -rt 0.01 <> <(:) || :
		done
	) &
	filler=$!
	started+=("$filler")
}

is_full() {
	[ "$(df --output=avail -B 4096 "$disk" | tail -1)" -le 1 ]
}

empty() {
	kill "$filler"
	wait "$filler" 2>/dev/null
	rm -f "$disk/filler"
}

profile 4 'loops: 1000000' good "bad=-fake,exit=3@snapshot-load:4" >"$scratch/p.yaml"

story() {
	local name=$1 before
	echo "# on $name"
	mkdir "$state"
	serve
	id=$(qsoak run "$scratch/p.yaml" --detach | sed 's/campaign //')
	qsoak watch >/dev/null 2>"$scratch/watch.log" &
	client=$!
	started+=("$client")
	await 20 has_done 50

	fill
	check "$name: a full disk pauses the campaign" await 30 is_paused
	check "$name: status says why" grep -qE 'MiB are left|No space|disk is full' <(status .paused)
	check "$name: no VM is at work" eval 'await 60 nothing_new || { status -c .slots | sed "s/^/# /"; false; }' 
	await 20 is_full
	check "$name: qsoakd is alive on a disk that is full to the last block" kill -0 "$daemon"
	check "$name: the client was told" await 10 grep -q '^paused: ' "$scratch/watch.log"
	before=$(status .loops)
	empty
	check "$name: with room again it goes on by itself" await 30 has_done $((before + 20))
	check "$name: in each of its slots" await 10 no_slot_has_ended

	fill
	check "$name: it pauses a second time" await 30 is_paused
	await 20 is_full
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	await 5 eval '! processes | grep -q fake-qemu'
	empty
	serve
	before=$(sql 'SELECT sum(loops) FROM vm')
	check "$name: after a kill on a full disk it goes on" await 30 has_done $((before + 10))
	qsoak stop --kill >/dev/null
	await 20 idle
	kill "$daemon" "$client"
	wait "$daemon" "$client"
	shown=0
	check "$name: failures that were shown are stored" shown_are_stored "$scratch/watch.log"
	check "$name: some were shown" test "$shown" -gt 0
	check "$name: the pause is a gap, and so is the kill" test "$(sql "SELECT count(*) FROM gap
		WHERE ended_unix_ns > began_unix_ns")" -ge 2
	check "$name: the store is whole" same "$(sql 'PRAGMA integrity_check')" ok
	check "$name: nothing is in flight" same "$(sql "SELECT count(*) FROM operation
		WHERE outcome = 'running'")" 0
}

if mount -t tmpfs -o size=96m none "$disk" 2>/dev/null; then
	story tmpfs
	umount "$disk"
else
	skip 'a full tmpfs' 'this host cannot mount one here'
fi

truncate -s 160M "$scratch/image"
if ! mkfs.ext4 -q "$scratch/image"; then
	skip 'a full ext4' 'there is no mkfs.ext4'
elif mount -o loop "$scratch/image" "$disk" 2>/dev/null; then
	story ext4
	umount "$disk"
else
	skip 'a full ext4' 'this host has no loop devices'
fi

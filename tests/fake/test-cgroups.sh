#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A qsoakd to which a tree of control groups is delegated: each VM has one of its own, with the limits that
# there are controllers for; they go with the VM, and what a killed qsoakd left goes with the next one.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../service.sh"

# The file system of control groups, and a group in it for this test.
mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
group=$mount/qsoak-test-$$

delegate() {
	mkdir "$group" 2>/dev/null && [ -w "$group/cgroup.procs" ] && [ -e "$group/cgroup.kill" ] &&
		python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.delegate", b"1")' "$group"
}

# As lib.sh's, and the groups go last.
end() {
	for pid in "${started[@]}"; do
		kill -9 "$pid" 2>/dev/null
	done
	await 10 nothing_left >/dev/null
	remove_groups
	finish
}

remove_groups() {
	[ -d "$group" ] || return
	echo 1 >"$group/cgroup.kill" 2>/dev/null
	await 10 grep -q 'populated 0' "$group/cgroup.events"
	find "$group" -depth -type d -exec rmdir {} +
}

# The service, in the group.
serve_there() {
	bash -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' - "$group" \
		"$BUILD/qsoakd" --state-dir "$state" --socket "$sock" 2>>"$scratch/daemon.log" &
	daemon=$!
	started+=("$daemon")
	await 20 listens
}

has_done() {
	[ "$(qsoak status --json | jq .loops)" -ge "$1" ] 2>/dev/null
}

kill_daemon() {
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
}

# The groups of VMs in which nobody is.
empty_vms() {
	local dir
	for dir in "$group"/vms/*/; do
		[ -n "$(cat "$dir/cgroup.procs" 2>/dev/null)" ] || [ ! -d "$dir" ] || echo "$dir"
	done
}

# Every QEMU is in the group that its command line names: guest=qsoak-SLOT-VM.
all_at_home() {
	local pid name n=0
	for pid in $(pgrep -P "$daemon" -x fake-qemu); do
		name=$(tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n 's/^guest=qsoak-\([0-9-]*\),.*/\1/p')
		# It may go while we look.
		[ -n "$name" ] && [ -e "/proc/$pid/cgroup" ] || continue
		grep -q "^0::.*/qsoak-test-$$/vms/$name\$" "/proc/$pid/cgroup" || return 1
		n=$((n + 1))
	done
	[ "$n" -ge 3 ]
}

has() {
	grep -qw "$1" "$group/cgroup.controllers"
}

if ! delegate; then
	rmdir "$group" 2>/dev/null
	skip 'control groups' 'no group of version 2 with cgroup.kill can be made and marked here'
	exit
fi
trap end EXIT

mkdir "$group/vms" "$group/vms/9-9"
sleep 1000 &
left=$!
started+=("$left")
echo "$left" >"$group/vms/9-9/cgroup.procs"
serve_there
check 'qsoakd has moved into its leaf' grep -q "/qsoak-test-$$/daemon\$" "/proc/$daemon/cgroup"
check 'what was left in a group of VMs is killed' await 5 gone "$left"
check '... and the group removed' [ ! -e "$group/vms/9-9" ]

LOOPS=1000000 profile 4 'loops: 1000000' good |
	sed 's/fleet: {/fleet: {vm-memory: 512MiB, vm-cpus: 1.5, /' >"$scratch/p.yaml"
id=$(qsoak run "$scratch/p.yaml" --detach | sed 's/campaign //')
await 30 has_done 20
check 'each QEMU is in the group of its VM' await 10 all_at_home
check 'the daemon runs no QEMU of its own' same "$(xargs -n 1 ps -o comm= -p \
	<"$group/daemon/cgroup.procs" | grep -c fake-qemu)" 0
missing=
if has memory; then
	check 'memory is limited' same "$(cat "$group/vms/0-0/memory.max")" $((512 << 20))
else
	missing='vm-memory 512MiB'
fi
if has cpu; then
	check 'CPU time is limited' same "$(cat "$group/vms/0-0/cpu.max")" '150000 100000'
else
	missing="${missing:+$missing, }vm-cpus 1.5"
fi
if [ -n "$missing" ]; then
	check 'a limit without a controller is told in the log' grep -qF \
		"VMs run without the limits of fleet: $missing" "$scratch/daemon.log"
	check '... and in the results' same "$(sqlite3 "$state/results.db" "SELECT value FROM environment
		WHERE campaign_id = $id AND key = 'vm-limits-missing'")" "$missing"
fi

# --- killed: its janitor has the whole group killed, and the next one finds nothing

kill_daemon
check 'after a kill no QEMU is left' await 10 nothing_left
check '... and its group is empty' await 10 grep -q 'populated 0' "$group/vms/cgroup.events"
serve_there
check 'the campaign goes on' await 30 has_done 60
check '... in groups' await 10 all_at_home
check '... and those of the dead are gone' same "$(empty_vms)" ''

# --- stopped

qsoak stop --kill >/dev/null
check 'groups go with their VMs' await 20 idle
check '... all of them' same "$(ls -d "$group"/vms/*/ 2>/dev/null)" ''
kill "$daemon"
wait "$daemon"
check 'qsoakd leaves an empty group behind' same "$(ls -d "$group"/*/ 2>/dev/null)" ''

# --- not ours

python3 -c 'import os, sys; os.removexattr(sys.argv[1], "trusted.delegate")' "$group"
: >"$scratch/daemon.log"
serve_there
check 'what is not delegated is left alone' grep -qF 'is not delegated to us' "$scratch/daemon.log"
check '... and nothing is made in it' same "$(ls -d "$group"/*/ 2>/dev/null)" ''

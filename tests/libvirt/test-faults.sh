#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One campaign between two hosts, in which everything outside of QEMU breaks again and again: libvirtds are killed, of the
# source and of the destination, a QEMU is stopped, the link goes down. Each is told once, by what it was, and the
# campaign goes on.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/campaign.sh"

hosts_or_exit 'faults beside QEMU'

kills=${KILLS:-10}

# Where the guest runs; a destination is paused until it has it.
host_of_guest() {
	local host
	for host in a b; do
		! virsh_on "$host" list --name --state-running 2>/dev/null | grep -q '^qsoak-' || { echo "$host"; return; }
	done
	return 1
}

other_than() {
	[ "$1" = a ] && echo b || echo a
}

guest_runs() {
	source=$(host_of_guest)
}

# What of its RAM is copied, which takes some seconds.
moves() {
	source=$(host_of_guest) && virsh_on "$source" domjobinfo "$(virsh_on "$source" list --name --state-running |
		grep '^qsoak-')" 2>/dev/null | grep -q '^Data processed: *[1-9]'
}

loads_above() {
	[ "$(sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = 'snapshot-load'")" -gt "$1" ]
}

# goes_on: another loop has come as far as its load since now.
goes_on() {
	local before
	before=$(sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = 'snapshot-load'")
	await 120 loads_above "$before"
}

# told WHAT CLASS-AND-PLACE...: one more failure, which is one of these.
told() {
	local what=$1 before=$2
	shift 2
	check "$what: a failure" eval 'await 150 has_failed $((before + 1)) || describe faults'
	check "$what: by what it was" one_of "$(failure $((before + 1)))" "$@"
}

one_of() {
	local found=$1 wanted
	shift
	for wanted; do
		[ "$found" != "$wanted" ] || return 0
	done
	echo "# found \"$found\", expected one of: $*"
	describe faults
}

two_hosts || { check 'two hosts come up' false; exit; }
check 'a domain of somebody else runs' decoy b

profile faults ', turns-per-write: 1000000000, working-set: 1MiB' 'duration: 30m' snapshot-save snapshot-load \
	snapshot-delete 'migrate, channels: 4, bandwidth: 8MiB'
begin faults
check 'a campaign does its first loops' eval 'await 90 has_done migrate 1 || describe faults'

for ((i = 0; i < kills; i++)); do
	before=$(failures)
	# Every fifth is that of the destination, in mid migration.
	if [ $((i % 5)) = 4 ]; then
		what="libvirtd of a destination is killed ($i)"
		check "$what: a migration is under way" eval 'await 120 moves || describe faults'
		host=$(other_than "$source")
	else
		what="libvirtd is killed ($i)"
		check "$what: the guest runs" eval 'await 120 guest_runs || describe faults'
		host=$source
	fi
	libvirtd_kill "$host"
	told "$what" "$before" 'exit libvirt'
	libvirtd_start "$host"
	check "$what: the campaign goes on" eval 'goes_on || describe faults'
done

before=$(failures)
check 'a QEMU is stopped: it runs' eval 'await 120 guest_runs || describe faults'
kill -STOP "$(qemu_pid "$source" "$(virsh_on "$source" list --name --state-running | grep '^qsoak-')")"
told 'a QEMU is stopped' "$before" 'hang process'
check 'a QEMU is stopped: the campaign goes on' eval 'goes_on || describe faults'

# So long that TCP gives up, and QEMU with it; 7.2 may say twice that a migration has failed.
before=$(failures)
check 'the link is down: a migration is under way' eval 'await 120 moves || describe faults'
link_down b
down=$SECONDS
told 'the link is down' "$before" 'error -' 'protocol -'
await 30 eval '[ $((SECONDS - down)) -ge 20 ]'
link_up b
check 'the link is up: the campaign goes on' eval 'goes_on || describe faults'

check 'each was told once' eval 'same "$(failures)" $((kills + 2)) || describe faults'
ends
check 'no domain of ours is left' await 40 eval '[ -z "$(ours_left)" ]'
check 'nor a process' await 10 eval '! pgrep -f "qemu-system-x86_64 -name guest=qsoak-.*$scratch" >/dev/null'
check 'the domain of somebody else has not been touched' decoy_runs b

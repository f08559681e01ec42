#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `backend: libvirt` with real libvirtds: what QEMU does wrong is found as without libvirt, migrations go from one host to
# the other and back, what libvirt does wrong is libvirt's, and nothing is left or touched that is not ours.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../libvirt/lib.sh"
. "$(dirname "$0")/../libvirt/campaign.sh"

hosts_or_exit 'soaking by libvirt'

two_hosts || { check 'two hosts come up' false; exit; }
check 'a domain of somebody else runs' decoy b

# The bug that qsoak was written for, with the signature that it has without libvirt.
assertion='assertion in bdrv_poll_co: qemu_get_current_aio_context() == qemu_get_aio_context()'
profile bug '' 'failures: 8, duration: 5m' snapshot-save snapshot-delete
echo "expect: [{signature: \"assertion in bdrv_poll_co: *\"}]" >>"$scratch/bug.yaml"
sed -i 's/stop: {.*/stop: {expected: true, failures: 8, duration: 5m}/' "$scratch/bug.yaml"
begin bug
wait "$client"
check 'the stock assertion is found, and is told as without libvirt' same \
	"$(sql "SELECT DISTINCT s.title FROM failure f JOIN signature s ON s.id = f.signature_id
		WHERE s.class = 'assertion' AND s.title LIKE 'assertion%'")" "$assertion"
check 'nothing of it is left' same "$(ours_left)" ''
case $(</proc/sys/kernel/core_pattern) in
"|"*) skip 'the core of an assertion' 'cores go to a program here' ;;
*)
	check 'its core says where: in the setup of a save' contains \
		"$(sql "SELECT group_concat(DISTINCT a.title) FROM failure f JOIN alternative a ON a.id = f.alternative_id")" \
		qemu_savevm_state_setup
	check 'no core is left' eval '[ -z "$(find / -maxdepth 1 -name "core*" -newer "$scratch/bug.yaml")" ]'
	;;
esac

# A guest that leaves its flash alone meets no known bug of QEMU.
profile move ', turns-per-write: 1000000000' 'loops: 5' snapshot-save snapshot-load 'migrate, channels: 4' snapshot-delete
begin move
wait "$client"
check 'migrations, saves and loads end well' eval 'same "$? $(failures)" "0 0" || describe move'
check 'there and back: both hosts had the VM' same "$(sql 'SELECT count(DISTINCT uri) FROM run')" 2
check 'each migration has blackout, downtime and setup' same "$(sql "SELECT min(n) FROM (SELECT count(*) AS n FROM operation o
	JOIN measure m ON m.operation_id = o.id AND m.name IN ('blackout_ns', 'downtime_ms', 'setup_ms')
	WHERE o.kind = 'migrate' GROUP BY o.id)")" 3
check 'and the time that QEMU took, not libvirt' same "$(sql "SELECT count(*) FROM operation o WHERE kind = 'migrate' AND
	duration_ns >= (SELECT sum(duration_ns) FROM step WHERE operation_id = o.id AND name = 'migrate')")" 0
check 'nothing of it is left' same "$(ours_left)" ''

# The cable is pulled in the middle of a migration, which would never end: the guest writes faster than it may be copied.
profile link ', turns-per-write: 1000000000, working-set: 16MiB' 'failures: 1, duration: 10m' snapshot-save snapshot-delete \
	'migrate, channels: 4, bandwidth: 1MiB, downtime-limit: 1ms'
sed -i 's/migrate: 60s/migrate: 5m/' "$scratch/link.yaml"
moves() {
	virsh_on a domjobinfo "$(virsh_on a list --name | grep '^qsoak-')" 2>/dev/null | grep -q '^Data processed: *[1-9]'
}
begin link
check 'a migration is under way' eval 'await 90 moves || describe link'
link_down b
check 'the link is down: a failure' eval 'await 120 has_failed 1 || describe link'
link_up b
wait "$client"
# QEMU 7.2 may say "failed" twice, once for each thread that saw the end: that is a failure by itself.
has_failed_migration() {
	case $(failure 1) in
	'error -') ;;
	'protocol -') contains "$(sql 'SELECT detail FROM failure')" 'migration status failed after failed' ;;
	*) false ;;
	esac
}
check 'the link is down: the migration has failed' eval 'has_failed_migration || describe link'
check 'the link is down: that is one failure' same "$(failures)" 1
check 'nothing of it is left' same "$(ours_left)" ''

# libvirt gives a QEMU that does not end 10 s before it kills it.
profile stuck ', turns-per-write: 1000000000' 'failures: 1, duration: 10m' snapshot-save snapshot-load snapshot-delete
begin stuck
check 'a campaign does a loop' eval 'await 60 has_done snapshot-load 1 || describe stuck'
kill -STOP "$(qemu_pid a "$(ours_left)")"
wait "$client"
check 'a QEMU that is stopped is the last failure' same "$(failures) $(failure 1)" '1 hang process'
check 'when the campaign has ended, nothing of it is left' same "$(ours_left)" ''

# A libvirt that can be connected to, and no more: that is no fault of a QEMU.
profile useless '' 'failures: 1' snapshot-save snapshot-delete
sed -i 's/^uris: .*/uris: ["'"$(uri a | sed 's/[/&]/\\&/g; s/system/nonsense/')"'"]/' "$scratch/useless.yaml"
begin useless
wait "$client"
check 'a libvirt that cannot be used: the host has failed' eval 'same "$(failure 1)" "host -" || describe useless'
check 'and that is why' contains "$(sql 'SELECT detail FROM failure LIMIT 1')" "URI path '/nonsense'"

# Faults, one after the other; after each the campaign goes on.
profile faults ', turns-per-write: 1000000000' 'duration: 20m' snapshot-save snapshot-load snapshot-delete
sed -i 's/^uris: .*/uris: ["'"$(uri a | sed 's/[/&]/\\&/g')"'"]/' "$scratch/faults.yaml"
begin faults
check 'a campaign does its first loops' eval 'await 60 has_done snapshot-load 2 || describe faults'

libvirtd_kill a
check 'libvirtd is killed: a failure' await 60 has_failed 1
check 'libvirtd is killed: its place is libvirt' same "$(failure 1)" 'exit libvirt'
libvirtd_start a
done_before=$(sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = 'snapshot-load'")
check 'libvirtd is back: the campaign goes on' eval 'await 90 has_done snapshot-load $((done_before + 2)) || describe faults'
check 'libvirtd is back: one domain of ours, not two' same "$(wc -w <<<"$(ours_left)")" 1

before=$(failures)
daemon=$(pgrep -P "$client" qsoakd)
kill -9 $(pgrep -P "$daemon" qsoak-domain)
check 'qsoak-domain is killed: a failure' await 60 has_failed $((before + 1))
check 'qsoak-domain is killed: the host has failed, not the build' same "$(failure $((before + 1)))" 'host -'
done_before=$(sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = 'snapshot-load'")
check 'its domain is ended, and the campaign goes on' eval 'await 90 has_done snapshot-load $((done_before + 2)) || describe faults'
check 'with one domain of ours, not two' same "$(wc -w <<<"$(ours_left)")" 1

before=$(failures)
pid=$(qemu_pid a "$(ours_left)")
kill -STOP "$pid"
check 'a QEMU is stopped: a failure' await 120 has_failed $((before + 1))
check 'a QEMU is stopped: its place is the process' same "$(failure $((before + 1)))" 'hang process'
done_before=$(sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = 'snapshot-load'")
check 'it is ended, and the campaign goes on' eval 'await 90 has_done snapshot-load $((done_before + 2)) || describe faults'

before=$(failures)
pid=$(qemu_pid a "$(ours_left)")
libvirtd_stop a
check 'libvirtd hangs: a failure' await 120 has_failed $((before + 1))
check 'libvirtd hangs: its place is libvirt' eval 'same "$(failure $((before + 1)))" "hang libvirt" || describe faults'
libvirtd_cont a
done_before=$(sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = 'snapshot-load'")
check 'libvirtd answers again: the campaign goes on' eval 'await 120 has_done snapshot-load $((done_before + 2)) || describe faults'
check 'and the QEMU of before is gone' await 30 gone "$pid"

# With all of ours killed at once nobody is there to end the domain: the next one of that state does.
lost=$(ours_left)
kill -9 $(pgrep -P "$daemon" qsoak-domain) "$daemon"
wait "$client"
check 'killed with all that it has: a domain is left' same "$(ours_left)" "$lost"
begin faults
done_before=$(sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = 'snapshot-load'")
check 'the next campaign runs' eval 'await 90 has_done snapshot-load $((done_before + 1)) || describe faults'
check 'and has ended what was left' eval '[[ "$(ours_left)" != *"$lost"* ]]'

ends
check 'Ctrl-C: nothing is left' await 30 eval '[ -z "$(ours_left)" ]'
check 'the domain of somebody else has not been touched' decoy_runs b

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What libvirt does itself: saves and restores, snapshots of its own, migrations led by a libvirtd, cancelled, and to
# another build. What it cannot do is left out, and the report says so in its words.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../libvirt/lib.sh"
. "$(dirname "$0")/../libvirt/campaign.sh"

hosts_or_exit 'operations of libvirt'

# More of the last profile: edit NAME EXPRESSION...
edit() {
	local name=$1 expression
	shift
	for expression; do
		sed -i "$expression" "$scratch/$name.yaml"
	done
}

# run NAME: to its end, which is its exit code in $code.
run() {
	begin "$1"
	code=0
	wait "$client" || code=$?
}

# How many operations of that kind ended well.
done_well() {
	sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = '$1'"
}

report() {
	"$BUILD/qsoak" report --state-dir "$state" "$@"
}

two_hosts || { check 'two hosts come up' false; exit; }
check 'a domain of somebody else runs' decoy a
quiet=', turns-per-write: 1000000000'

# --- by one libvirtd

profile own "$quiet" 'loops: 4' libvirt-save-restore libvirt-snapshot-internal libvirt-snapshot-external
edit own 's/ram: 32MiB/&, disk: 16MiB/'
run own
check 'saves, restores and snapshots end well' eval 'same "$code $(failures)" "0 0" || describe own'
for kind in libvirt-save-restore libvirt-snapshot-internal libvirt-snapshot-external; do
	check "$kind: each loop has one" same "$(done_well $kind)" 4
	check "$kind: the guest's blackout is known" same "$(sql "SELECT count(*) FROM operation o JOIN measure m
		ON m.operation_id = o.id AND m.name = 'blackout_ns' WHERE o.kind = '$kind' AND m.value > 0")" 4
done
check 'a restore and a revert take a new QEMU each' same "$(sql 'SELECT count(*) FROM run')" $((1 + 4 + 4))
check 'of one VM' same "$(sql 'SELECT count(*) FROM vm')" 1
check 'the time of a save is that from STOP to RESUME, by QEMU' same "$(sql "SELECT count(*) FROM operation
	WHERE kind = 'libvirt-snapshot-internal' AND duration_ns IS NOT stall_ns")" 0
check 'no file of a save or of memory is left' same "$(find "$state" -name 'domain.save' -o -name 'memory.snapshot')" ''

# --- what it cannot do

profile lacks "$quiet" 'loops: 3' libvirt-snapshot-external libvirt-snapshot-internal
run lacks
check 'of flash alone libvirt makes no internal snapshot: no failure' eval 'same "$code $(failures)" "0 0" || describe lacks'
check 'it was tried once' same "$(sql "SELECT outcome FROM operation WHERE kind = 'libvirt-snapshot-internal'")" interrupted
check 'the others went on' test "$(done_well libvirt-snapshot-external)" -ge 3
check 'the report has the words of libvirt, once' same \
	"$(report | grep -c 'left out: operations\[1\] (libvirt-snapshot-internal): .*libvirt: unsupported configuration')" 1
check 'so has JSON' same "$(report --json | jq -r '.left_out[] | "\(.position) \(.kind)"')" '1 libvirt-snapshot-internal'

profile alone "$quiet" 'failures: 1' libvirt-snapshot-internal
run alone
check 'where nothing else is to be done, it is a failure' eval 'same "$code $(failure 1)" "1 error -" || describe alone'
check 'in the words of libvirt' contains "$(sql 'SELECT detail FROM failure')" 'libvirt: unsupported configuration'

profile drawn "$quiet" 'loops: 8' libvirt-snapshot-external libvirt-snapshot-internal
echo 'order: weighted' >>"$scratch/drawn.yaml"
run drawn
check 'a loop that has drawn what is left out is soon over' eval 'same "$code $(failures)" "0 0" || describe drawn'

# --- from host to host

profile peers "$quiet" 'loops: 3' 'migrate, peer-to-peer: true'
edit peers "/^uris:/a peer-uris: [\"$(peer_uri a)\", \"$(peer_uri b)\"]"
run peers
check 'libvirtd leads migrations' eval 'same "$code $(failures) $(done_well migrate)" "0 0 3" || describe peers'
check 'each has blackout, downtime and setup' same "$(sql "SELECT count(*) FROM measure
	WHERE name IN ('blackout_ns', 'downtime_ms', 'setup_ms')")" 9
edit peers 's/^peer-uris:.*/peer-uris: ["qemu+tcp:\/\/198.51.100.1:1\/system", "qemu+tcp:\/\/127.0.0.1:1\/system"]/' \
	's/loops: 3/failures: 1/' 's/^name: peers/name: lost/'
mv "$scratch/peers.yaml" "$scratch/lost.yaml"
run lost
check 'a peer that it cannot reach is a failure in its words' eval \
	'contains "$(sql "SELECT detail FROM failure")" "libvirt: " || describe lost'

check 'there is no script of what libvirt has run' contains "$("$BUILD/qsoak" reproducer "$(sql 'SELECT min(id) FROM failure')" \
	--state-dir "$state" 2>&1)" 'libvirt ran this QEMU, and a script has none: `qsoak replay` plays it again'

profile builds "$quiet" 'loops: 3' 'migrate, to: other' 'migrate, to: stock'
edit builds '/name: stock/a \  - {name: other, binary: /usr/bin/qemu-system-x86_64, args: [-global, ICH9-LPC.disable_s3=1]}'
run builds
check 'there and back, from one build to another' eval 'same "$code $(failures)" "0 0" || describe builds'
check 'on the other host it is the other build' same "$(sql "SELECT group_concat(what, ', ') FROM (SELECT DISTINCT
	b.name || ' ' || (r.uri LIKE '%/a/run/%') AS what FROM run r JOIN build b ON b.id = r.build_id ORDER BY 1)")" \
	'other 0, stock 1'

# Multifd that is cancelled meets bugs of QEMU 7.2; one stream meets one of them, now and then.
profile cancel "$quiet" 'loops: 12, duration: 4m' 'migrate-cancel, channels: 0' snapshot-save snapshot-delete
run cancel
check 'migrations are cancelled' test "$(done_well migrate-cancel)" -ge 3
check 'and fail at most as QEMU is known to' eval \
	'same "$(sql "SELECT DISTINCT s.class || '"' '"' || coalesce(f.place, '"'-'"') FROM failure f
		JOIN signature s ON s.id = f.signature_id WHERE s.title NOT LIKE '"'%failed although it was cancelled'"'")" "" ||
		describe cancel'
check 'the guest stays where it is' same "$(sql "SELECT count(*) FROM operation o JOIN run r ON r.id = o.src_run_id
	WHERE o.kind = 'snapshot-save' AND r.uri IS NOT (SELECT uri FROM run WHERE id =
		(SELECT min(id) FROM run WHERE vm = r.vm AND slot = r.slot))")" 0

check 'no domain of ours is left' same "$(ours_left)" ''
check 'the domain of somebody else has not been touched' decoy_runs a

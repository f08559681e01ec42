#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whether libvirt can hold up the loop of qsoakd: its longest turns with a libvirtd that answers, and with one that is
# stopped while commands, a probe and the boots of other slots wait for it. LAG_SECONDS (75) each, as the gauge looks back a
# minute.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"
. "$top/tests/libvirt/lib.sh"

seconds=${LAG_SECONDS:-75}
hosts_or_exit 'the lag of the loop'
one_libvirtd || { check 'a host comes up' false; exit; }
state=$shared/state

cat >"$scratch/lag.yaml" <<-END
	name: lag
	backend: libvirt
	uris: ["$(uri a)"]
	machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
	guest: {name: pflash-hammer, turns-per-write: 1000000000}
	fleet: {vms: 2, loops-per-vm: 1000000}
	limits: {reply: 10m, snapshot-save: 10m, snapshot-load: 10m, snapshot-delete: 10m, stall: 10m}
	watch: {stolen-cpu: 100}
	stop: {duration: 1h}
	builds: [{name: stock, binary: /usr/bin/qemu-system-x86_64}]
	operations: [{operation: snapshot-save}, {operation: snapshot-load}, {operation: snapshot-delete}]
END

lag() {
	qsoak status --json | jq '.["loop-lag-ns"] / 1e6'
}

loops() {
	qsoak status --json | jq .loops
}

loops_above() {
	[ "$(loops)" -gt "$1" ]
}

waited() {
	[ $((SECONDS - since)) -ge "$1" ]
}

serve
qsoak run "$scratch/lag.yaml" --detach >/dev/null
check 'loops are done' await 60 loops_above 3
since=$SECONDS
await $((seconds + 5)) waited "$seconds"
quiet=$(lag)

# The connections of its domains are given up after some seconds of silence; what boots then finds nobody either.
libvirtd_stop a
since=$SECONDS
await $((seconds + 5)) waited "$seconds"
hangs=$(lag)
check 'qsoakd tells of a libvirt that hangs' test "$(qsoak status --json | jq .failures)" -ge 1
libvirtd_cont a
before=$(loops)
check 'and goes on when it answers again' await 120 loops_above "$before"

printf '# longest turn of the loop: %.1f ms with a libvirtd that answers, %.1f ms with one that hangs\n' "$quiet" "$hangs"
check 'a libvirtd that hangs adds at most 5 ms' test "$(jq -n "$hangs - $quiet <= 5")" = true
qsoak stop --kill >/dev/null
await 60 idle
kill -TERM "$daemon"
wait "$daemon"
check 'ends well' same $? 0

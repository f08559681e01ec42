#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whether qsoakd can be left running: MINUTES (90) of VMS (16) VMs of real QEMU, looked at each 10 s. Its
# memory, descriptors and threads, and the VMs' images, must be flat: trend.py judges. All at the lowest
# priority, so that a host can be used meanwhile. The samples are left in SAMPLES, a file of CSV.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

minutes=${MINUTES:-90}
vms=${VMS:-16}
samples=${SAMPLES:-$BUILD/hours.csv}
renice -n 19 $$ >/dev/null

# Each VM lives for long, so that an image that grows is seen; flash writes are rare enough to let it.
cat >"$scratch/hours.yaml" <<-END
	name: hours
	machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
	guest: {name: pflash-hammer, pause-per-turn: 2ms, turns-per-write: ${TURNS:-20000}}
	builds:
	  - {name: stock, binary: $(command -v qemu-system-x86_64)}
	fleet: {vms: $vms, loops-per-vm: 200}
	operations:
	  - {operation: snapshot-save}
	  - {operation: snapshot-load}
	  - {operation: snapshot-delete}
	  - {operation: migrate, every: 4, channels: 2}
	  - {operation: stop-cont, every: 5}
	  - {operation: reset, every: 20}
	limits: {boot: 5m, reply: 5m, snapshot-save: 5m, snapshot-load: 5m, snapshot-delete: 5m,
	  image: 5m, migrate: 5m, shutdown: 5m, stall: 5m}
	stop: {duration: ${minutes}m}
END

field() {
	awk -v name="$1:" '$1 == name { print $2 }' "/proc/$daemon/status"
}

bytes() {
	local sum
	sum=$(find "$@" -type f -printf '%b\n' 2>/dev/null | awk '{ sum += $1 * 512 } END { print sum + 0 }')
	echo "$sum"
}

images() {
	find "$state/work" -name '*.qcow2' -printf '%b\n' 2>/dev/null |
		awk '{ if ($1 > most) most = $1 } END { print most * 512 }'
}

sample() {
	local now
	now=$(qsoak status --json | jq -r '[.operations, .loops, .failures, .["loop-lag-ns"]] | @csv') || return
	echo "$((SECONDS - begun)),$(field VmRSS),$(field RssAnon),$(find "/proc/$daemon/fd" | wc -l),$(field Threads)\
,$(images),$(bytes "$state"/results.db*),$(bytes "$state/incidents"),$now"
}

serve
qsoak run "$scratch/hours.yaml" --detach >/dev/null || exit
begun=$SECONDS
echo 'seconds,rss_kb,anon_kb,descriptors,threads,largest_image_bytes,store_bytes,incident_bytes,operations,loops,failures,lag_ns' \
	>"$samples"
until idle; do
	sample >>"$samples"
	await 10 idle
done
qsoak report
cp "$state/results.db" "${samples%.csv}.db"
check "$minutes minutes with $vms VMs: what qsoakd holds is flat" python3 "$top/tests/bench/trend.py" "$samples"
kill -TERM "$daemon"
wait "$daemon"
check 'ends well' same $? 0

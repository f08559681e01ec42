#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the evidence of a hang costs: how long a bundle takes with eight VMs, and what share of their rate the
# other VMs keep meanwhile. A ratio within one run: the rate while evidence is taken, against that in the
# seconds right before and behind, when the VM that hangs is as idle.
#
# BUILD is the folder of the build under test; SECONDS_EACH (240) is how long the campaign runs; QEMU is a binary,
# or the name of a registered build: one without failures of its own (not stock 7.2) tells most.
. "$(dirname "$0")/../lib.sh"

duration=${SECONDS_EACH:-240}
state=$scratch/hangs
qemu=${QEMU:-/usr/bin/qemu-system-x86_64}
case $qemu in
*/*) build="{name: stock, binary: $qemu}" ;;
*) build="{name: $qemu}" ;;
esac

# Each stopped QEMU is a hang; the others only save and delete, which takes the same time again and again.
cat >"$scratch/hangs.yaml" <<-END
	name: hangs
	machine: {type: pc-q35-7.2, accel: tcg, ram: 64MiB}
	guest: {name: pflash-hammer}
	fleet: {vms: 8, loops-per-vm: 100000}
	operations:
	  - {operation: snapshot-save, verify: 0}
	  - {operation: snapshot-delete}
	limits: {boot: 60s, reply: 60s, snapshot-save: 120s, snapshot-delete: 120s, shutdown: 10s, stall: 60s}
	watch: {stolen-cpu: 100}
	stop: {duration: ${duration}s}
	builds:
	  - $build
END
"$BUILD/qsoak" run "$scratch/hangs.yaml" --local --state-dir "$state" >/dev/null 2>"$scratch/hangs.log" &
client=$!
started+=("$client")

# Stops the QEMU of one slot after the other, once the fleet is at work.
stop_one() {
	local pid
	pid=$(sqlite3 -cmd '.timeout 10000' "$state/results.db" "SELECT pid FROM run r WHERE slot = $1
		AND ended_unix_ns IS NULL AND (SELECT count(*) FROM operation WHERE src_run_id = r.id
		AND outcome = 'ok') > 4 ORDER BY id DESC LIMIT 1" 2>/dev/null)
	[ -n "$pid" ] && grep -qF "guest=qsoak-" "/proc/$pid/cmdline" 2>/dev/null && kill -STOP "$pid"
}
slot=0
while kill -0 "$client" 2>/dev/null; do
	await 10 stop_one "$slot" || :
	slot=$(((slot + 1) % 8))
	read -rt 6 <> <(:) || : # the evidence of one hang after the other, with time between them
done
wait "$client"

python3 - "$state" <<-'END'
	import glob, json, sqlite3, statistics, sys

	state = sys.argv[1]
	db = sqlite3.connect(f"file:{state}/results.db?mode=ro", uri=True)
	ends = [(slot, began + took) for slot, began, took in db.execute(
	    "SELECT slot, began_unix_ns, duration_ns FROM operation WHERE outcome = 'ok'"
	    " AND kind LIKE 'snapshot-%'")]
	bundles = [json.load(open(path)) for path in glob.glob(f"{state}/incidents/*/manifest.json")]
	hangs = [b for b in bundles if b["class"] == "hang"]
	spans = [(b["slot"], b["at-unix-ns"], b["at-unix-ns"] + b["took-ns"]) for b in bundles]

	def ended(without, begin, end):
	    return sum(1 for slot, at in ends if slot != without and begin <= at < end)

	during = around = 0
	during_ns = around_ns = 0
	for b in hangs:
	    begin = b["at-unix-ns"]
	    end = begin + b["took-ns"]
	    near = (begin - 2_000_000_000, end + 1_000_000_000)
	    # Where other evidence is taken at the same time, nothing can be told apart.
	    if any(other[1] < near[1] and near[0] < other[2] for other in spans if other != (b["slot"], begin, end)):
	        continue
	    during += ended(b["slot"], begin, end)
	    during_ns += end - begin
	    around += ended(b["slot"], near[0], begin)
	    around_ns += begin - near[0]
	took = sorted(b["took-ns"] / 1e9 for b in hangs)
	if not took or not around:
	    sys.exit("no hang stood alone")
	missing = sum(1 for b in hangs if b["missing"])
	ratio = during / during_ns / (around / around_ns)
	print(f"bundles of {len(hangs)} hangs with 8 VMs: median {statistics.median(took):.2f} s, "
	      f"longest {took[-1]:.2f} s, {missing} incomplete")
	print(f"rate of the other VMs while evidence is taken, against before: {ratio:.2f} "
	      f"({during} operations in {during_ns / 1e9:.1f} s, {around} in {around_ns / 1e9:.1f} s)")
END

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whether comparisons can be believed, on this host and real QEMU: a build against itself, cut into experiments
# of 20 blocks (AA blocks in all, 800), and against itself with a known delay of about a tenth of a
# snapshot-save (AB blocks, 400; 0: not at all). Prints alarms, verdicts, and how often the interval covers the truth.
#
# BUILD is the folder of the build under test; QEMU the binary; VMS (2) and LOOPS (12) as in the profile. The
# delay comes by LD_PRELOAD, while the guest still runs; or DELAYED names a QEMU that reads DELAY_US by itself.
# PIN is a CPU that all QEMUs are kept on. Images on a disk hide some of a delay behind what it writes anyway: TMPDIR=/dev/shm keeps them off it.
. "$(dirname "$0")/../lib.sh"

qemu=${DELAYED:-${QEMU:-/usr/bin/qemu-system-x86_64}}
size=20
common=", data: [/usr/share/seabios, /usr/share/qemu]${PIN:+, wrapper: [/usr/bin/taskset, -c, \"$PIN\"]}"

# profile NAME BLOCKS ENV: of builds A and B, which has that environment.
write_profile() {
	cat >"$scratch/$1.yaml" <<-END
		name: $1
		machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
		guest: {name: pflash-hammer, pause-per-turn: 5ms, turns-per-write: 1000000000, working-set: 1MiB}
		builds:
		  - {name: A, binary: $qemu$common}
		  - {name: B, binary: $qemu$common$3}
		fleet: {vms: ${VMS:-2}, loops-per-vm: ${LOOPS:-12}}
		operations:
		  - {operation: snapshot-save, verify: 0}
		  - {operation: snapshot-delete}
		compare: {blocks: $2, warm-up: 2, metrics: [{metric: snapshot-save.duration}]}
		limits: {boot: 60s, shutdown: 30s}
		watch: {stolen-cpu: 100}
		stop: {duration: 2h}
	END
}

compare() {
	"$BUILD/qsoak" run "$scratch/$1.yaml" --local --state-dir "$scratch/$1" --json \
		>"$scratch/$1.json" 2>"$scratch/$1.log"
	"$BUILD/qsoak" compare A B --state-dir "$scratch/$1" --force --experiments "$size" --json \
		>"$scratch/$1-compared.json"
}

# What jq says of the experiments.
experiments() {
	jq -r ".experiments as \$e | \$e.metrics[0] | $2" "$scratch/$1-compared.json"
}

write_profile aa "${AA:-800}" ''
compare aa
median_ns=$(jq -r '.metrics[0].a.p50 | floor' "$scratch/aa-compared.json")
echo "A against A: $(experiments aa '"\($e.count) experiments of \($e.blocks) blocks, \(.alarms) alarms at 5 %"')"
echo "snapshot-save p50 $((median_ns / 1000)) us"

keep() {
	[ -z "${KEEP:-}" ] || cp -r "$scratch/$1" "$scratch/$1"*.json "$KEEP"/
}
keep aa
[ "${AB:-400}" != 0 ] || exit 0
delay_us=$((median_ns / 10 / 1000))
env="DELAY_US: \"$delay_us\""
if [ -z "${DELAYED:-}" ]; then
	cc -O2 -shared -fPIC -o "$scratch/delay.so" "$(dirname "$0")/delay.c" -ldl || exit 1
	env="$env, LD_PRELOAD: $scratch/delay.so"
fi
write_profile ab "${AB:-400}" ", env: {$env}"
compare ab
truth=$(jq -r "(.metrics[0].a.p50 + $delay_us * 1000) / .metrics[0].a.p50" "$scratch/ab-compared.json")
echo "A against A with $delay_us us more, true ratio about $truth:" \
	"$(experiments ab '"\($e.count) experiments, \(.slower) slower, \(.alarms) alarms"')"
echo "intervals that cover the truth:" \
	"$(experiments ab "[.list[] | select(.lower <= $truth and .upper >= $truth)] | length")"
echo "all blocks together: $(jq -r .sentence "$scratch/ab-compared.json")"
keep ab

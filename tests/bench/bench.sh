#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Figures as ratios within one run, since these hosts are shared: bench.sh BUILD-FOLDER.
set -eu
build=$1
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-8}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Without the saves that stop the VM and compare its images, which the other driver has not either.
sed 's/vms: 4/vms: 1/; s/{operation: snapshot-save}/{operation: snapshot-save, verify: 0}/' \
	profiles/snapshot-storm.yaml >"$scratch/storm.yaml"

# Loops a second of one VM while it lived, over all its VMs: the boots are not counted.
qsoak_rate() {
	"$build/qsoak" run "$scratch/storm.yaml" --local --state-dir "$scratch/$1" \
		--duration "${seconds}s" >/dev/null 2>&1 || :
	sqlite3 "$scratch/$1/results.db" "SELECT sum(loops) / sum(seconds) FROM (SELECT
		count(*) FILTER (WHERE kind = 'snapshot-delete') AS loops,
		(max(began_unix_ns + duration_ns) - min(began_unix_ns)) / 1e9 AS seconds
		FROM operation WHERE kind LIKE 'snapshot-%' AND outcome = 'ok' GROUP BY slot, vm)"
}

naive_rate() {
	tests/bench/naive.py "$(realpath "$build/guests/pflash-hammer.bin")" "$seconds" |
		awk '{print $1 / $2}'
}

echo 'snapshot-save + snapshot-delete, loops a second of one VM (tcg, 32 MiB)'
echo 'round   qsoak   naive   ratio'
for round in $(seq "$rounds"); do
	# The order changes, so that a drifting host favours neither.
	if [ $((round % 2)) = 1 ]; then
		ours=$(qsoak_rate "$round")
		theirs=$(naive_rate)
	else
		theirs=$(naive_rate)
		ours=$(qsoak_rate "$round")
	fi
	echo "$round $ours $theirs" | awk '{printf "%5d %7.1f %7.1f %7.2f\n", $1, $2, $3, $2 / $3}' |
		tee -a "$scratch/rounds"
done
awk '{print $4}' "$scratch/rounds" | sort -n |
	awk '{r[NR] = $1} END {printf "median ratio %.2f\n", r[int((NR + 1) / 2)]}'

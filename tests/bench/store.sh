#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Figures of a store of 10 million operations (OPERATIONS): how long making its summaries anew, a comparison and
# a page take, and how much memory. BUILD is the folder of the build under test.
. "$(dirname "$0")/../lib.sh"

operations=${OPERATIONS:-10000000}
per_vm=250 # 50 loops of 5 operations, the first two being warm-up
vms=$((operations / per_vm / 2 * 2))
state=$scratch/state
db=$state/results.db

# The tables, empty.
"$BUILD/qsoakd" --state-dir "$state" --socket "$scratch/socket" 2>/dev/null &
daemon=$!
started+=("$daemon")
await 30 test -S "$scratch/socket" || exit 1
kill "$daemon"
wait "$daemon"
echo "writing $((vms * per_vm)) operations of $vms VMs in 4 slots"
# One campaign that compares builds 2 and 3 in four slots; times are some 20 ms, the same in every run of this
# script, and 3 % longer in build 3. Each VM is a run of its own, each tenth operation a migrate with measures.
sqlite3 "$db" <<-END || exit 1
	PRAGMA synchronous=OFF;
	PRAGMA foreign_keys=OFF;
	BEGIN;
	INSERT INTO host VALUES (1, 'u1', 'bench', 'k', 'c', 4);
	INSERT INTO campaign(id, uuid, host_id, name, profile_text, seed, accel, machine, ram_bytes, vms,
		began_unix_ns, ended_unix_ns, end, exit_code) VALUES (1, 'u2', 1, 'bench', '', '1', 'tcg',
		'pc-q35-7.2', 1, 4, 1000000000, 9000000000000000, 'complete', 0);
	INSERT INTO build(id, campaign_id, name, binary, version, sha256) VALUES
		(2, 1, 'old', '/a', 'QEMU 1', 'a'), (3, 1, 'new', '/b', 'QEMU 2', 'b');
	INSERT INTO comparison VALUES (1, 2, 3, 50, 2, '[$((vms / 2))]');
	INSERT INTO primary_metric VALUES (1, 0, 'snapshot-save.duration', 0.05),
		(1, 1, 'snapshot-load.duration', 0.05), (1, 2, 'migrate.total', 0.1);
	CREATE TEMP TABLE v AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $vms)
		SELECT i, i % 4 AS slot, i / 4 AS vm, 10 + i AS run,
			2 + (i / 4 + i / 8 * 40503 / 64) % 2 AS build FROM n;
	INSERT INTO vm SELECT 1, slot, vm, 50 FROM v;
	INSERT INTO run(id, campaign_id, build_id, slot, vm, pid, argv, began_unix_ns, ended_unix_ns, end,
		exit_status, expected) SELECT run, 1, build, slot, vm, 1, '[]', 1000000000 + i * 5000000000,
		1000000000 + i * 5000000000 + 4900000000, 'exit', 0, 1 FROM v ORDER BY run;
	CREATE TEMP TABLE o AS WITH RECURSIVE n(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM n WHERE j + 1 < $per_vm)
		SELECT j, j / 5 AS loop, CASE WHEN j % 10 = 9 THEN 'migrate' WHEN j % 5 = 0 THEN 'snapshot-save'
		WHEN j % 5 = 1 THEN 'snapshot-load' WHEN j % 5 = 2 THEN 'snapshot-delete'
		WHEN j % 5 = 3 THEN 'stop-cont' ELSE 'reset' END AS kind FROM n;
	INSERT INTO operation(id, campaign_id, src_run_id, dst_run_id, slot, vm, loop, kind, outcome, began_unix_ns,
		duration_ns, stall_ns)
		SELECT 1000000 + i * $per_vm + j, 1, run, iif(kind = 'migrate', run, NULL), slot, vm, loop, kind, 'ok',
		1000000000 + i * 5000000000 + j * 19000000,
		CAST((18000000 + (((i * $per_vm + j) * 2654435761) >> 8) % 4000000) * (1 + 0.03 * (build - 2)) AS INTEGER),
		15000000 + ((i * $per_vm + j) * 40503) % 1000000
		FROM v, o ORDER BY i, j;
	INSERT INTO measure SELECT id, name, value + id % 7 FROM operation, (SELECT 'blackout_ns' AS name, 2e7 AS value
		UNION ALL SELECT 'downtime_ms', 12 UNION ALL SELECT 'setup_ms', 3 UNION ALL SELECT 'total_ms', 150)
		WHERE kind = 'migrate' ORDER BY id, name;
	COMMIT;
END

# timed NAME COMMAND...: seconds and the most memory of it.
timed() {
	local name=$1
	shift
	python3 - "$name" "$@" <<-'END'
		import resource, subprocess, sys, time

		began = time.monotonic()
		code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
		took = time.monotonic() - began
		most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		print(f"{sys.argv[1]:24} {took:6.1f} s {most / 1024:7.0f} MiB, exit code {code}")
	END
}
echo "store: $(($(stat -c %s "$db") >> 20)) MiB"
timed 'summaries made anew' "$BUILD/qsoakd" --state-dir "$state" --rebuild
echo "store: $(($(stat -c %s "$db") >> 20)) MiB with them"
timed 'compare' "$BUILD/qsoak" compare old new --state-dir "$state" --json
timed 'report --json' "$BUILD/qsoak" report --state-dir "$state" --json
timed 'report --html' "$BUILD/qsoak" report --state-dir "$state" --html "$scratch/page.html"
timed 'history' "$BUILD/qsoak" history snapshot-save.duration --state-dir "$state" --json

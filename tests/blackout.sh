# SPDX-License-Identifier: GPL-2.0-or-later
# Migrations, and what holds between the guest's own blackout and the downtime that QEMU reports.

# A profile on standard output: blackout_profile PAUSE MIGRATIONS BINARY MACHINE BANDWIDTH. Whatever
# this machine's hypervisor does, a hang is a hang.
blackout_profile() {
	cat <<-END
		name: blackout
		machine: {type: $4, accel: tcg, ram: 64MiB}
		guest: {name: pflash-hammer, pause-per-turn: $1, working-set: 4MiB}
		builds:
		  - {name: stock, binary: $3}
		fleet: {vms: 1, loops-per-vm: 100}
		operations:
		  - {operation: migrate, channels: 4, bandwidth: $5}
		limits: {boot: 60s, reply: 60s, migrate: 120s, shutdown: 10s}
		watch: {stolen-cpu: 100}
		stop: {loops: $2, duration: 20m}
	END
}

# blackout_bound DATABASE COUNT: the distribution, as comments of TAP; fails if there are fewer
# migrations than COUNT, or one of them violates the bound.
blackout_bound() {
	python3 - "$1" "$2" <<-'END'
		import sqlite3, sys

		db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
		rows = db.execute("""
		    SELECT o.id, b.value, g.value, d.value * 1e6 FROM operation o
		    JOIN measure b ON b.operation_id = o.id AND b.name = 'blackout_ns'
		    JOIN measure g ON g.operation_id = o.id AND g.name = 'blackout_gap_ns'
		    JOIN measure d ON d.operation_id = o.id AND d.name = 'downtime_ms'
		    WHERE o.kind = 'migrate'""").fetchall()
		ROUNDING = 1e6

		def told(what, values):
		    values = sorted(values)
		    def at(p):
		        return values[min(int(p * len(values)), len(values) - 1)] / 1e6
		    print(f"# {what:33} min {values[0] / 1e6:9.3f}  p5 {at(.05):9.3f}  p50 {at(.5):9.3f}"
		          f"  p95 {at(.95):9.3f}  max {values[-1] / 1e6:9.3f} ms")

		if not rows:
		    sys.exit("# no migration has all of its measures")
		told("downtime", [d for _, _, _, d in rows])
		told("blackout", [b for _, b, _, _ in rows])
		told("largest gap at its ends", [g for _, _, g, _ in rows])
		told("blackout - downtime", [b - d for _, b, _, d in rows])
		told("the same + gap + 1 ms, at least 0", [b - d + g + ROUNDING for _, b, g, d in rows])
		bad = [row for row in rows if row[1] - row[3] < -(row[2] + ROUNDING)]
		for row in bad:
		    print("# operation %d: blackout %.3f ms, gap %.3f ms, downtime %.0f ms"
		          % (row[0], row[1] / 1e6, row[2] / 1e6, row[3] / 1e6))
		print(f"# {len(rows)} migrations, {len(bad)} violations")
		if len(rows) < int(sys.argv[2]):
		    print(f"# fewer migrations than {sys.argv[2]}")
		sys.exit(1 if bad or len(rows) < int(sys.argv[2]) else 0)
	END
}

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

# blackout_bound DATABASE COUNT FIGURE: the distribution, as comments of TAP; fails if there are fewer
# migrations than COUNT, or a blackout is below FIGURE by more than its gap and 1 ms. FIGURE is
# `downtime` as QEMU reports it, or `least`: not more of it than passed between the source's STOP and the
# destination's RESUME, in which no guest can run. For QEMU 7.2's downtime ends on the source, which may
# not get a CPU, and then waits for the lock of its main loop, while the guest runs already.
blackout_bound() {
	python3 - "$1" "$2" "$3" <<-'END'
		import sqlite3, sys

		db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
		rows = db.execute("""
		    SELECT o.id, b.value, g.value, d.value * 1e6, min(d.value * 1e6, s.value) FROM operation o
		    JOIN measure b ON b.operation_id = o.id AND b.name = 'blackout_ns'
		    JOIN measure g ON g.operation_id = o.id AND g.name = 'blackout_gap_ns'
		    JOIN measure d ON d.operation_id = o.id AND d.name = 'downtime_ms'
		    JOIN measure s ON s.operation_id = o.id AND s.name = 'switchover_ns'
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
		told("downtime", [r[3] for r in rows])
		told("downtime till RESUME", [r[4] for r in rows])
		told("blackout", [r[1] for r in rows])
		told("largest gap at its ends", [r[2] for r in rows])
		told("blackout - downtime", [r[1] - r[3] for r in rows])
		told("the same + gap + 1 ms, at least 0", [r[1] - r[3] + r[2] + ROUNDING for r in rows])
		bad = {what: [r for r in rows if r[1] - r[at] < -(r[2] + ROUNDING)]
		       for what, at in (("downtime", 3), ("least", 4))}
		for r in bad["downtime"]:
		    print("# operation %d: blackout %.3f ms, gap %.3f ms, downtime %.0f ms, %.3f ms till RESUME"
		          % (r[0], r[1] / 1e6, r[2] / 1e6, r[3] / 1e6, r[4] / 1e6))
		print("# %d migrations, %d violations, %d of them till RESUME"
		      % (len(rows), len(bad["downtime"]), len(bad["least"])))
		if len(rows) < int(sys.argv[2]):
		    print(f"# fewer migrations than {sys.argv[2]}")
		sys.exit(1 if bad[sys.argv[3]] or len(rows) < int(sys.argv[2]) else 0)
	END
}

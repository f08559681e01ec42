// SPDX-License-Identifier: GPL-2.0-or-later
/* Profiles: defaults, the ends of every range, every way to be refused, and the shipped ones. */
#include "tests/unit/profile-text.h"

#include <glob.h>

#include "base/clock.h"

static void test_defaults(void **state)
{
	struct profile *p = parse(minimal, strlen(minimal));

	(void)state;
	assert_string_equal(p->text, minimal);
	assert_string_equal(p->name, "quick");
	assert_string_equal(p->machine, "pc-q35-7.2");
	assert_string_equal(p->accel, "tcg");
	assert_int_equal(p->ram_bytes, 32 << 20);
	assert_string_equal(p->guest, "pflash-hammer");
	assert_int_equal(p->build_count, 1);
	assert_string_equal(p->builds[0].name, "stock");
	assert_string_equal(p->builds[0].binary, "/usr/bin/qemu");
	assert_non_null(p->builds[0].args);
	assert_null(p->builds[0].args[0]);
	assert_int_equal(p->vms, 4);
	assert_int_equal(p->loops_per_vm, 20);
	assert_int_equal(p->operation_count, 4);
	assert_int_equal(p->operations[0].kind, OP_SNAPSHOT_SAVE);
	assert_int_equal(p->operations[1].kind, OP_SNAPSHOT_LOAD);
	assert_int_equal(p->operations[2].kind, OP_SNAPSHOT_DELETE);
	assert_int_equal(p->operations[3].kind, OP_MIGRATE);
	for (int i = 0; i < 4; i++)
		assert_int_equal(p->operations[i].every, 1);
	assert_int_equal(p->operations[3].migration.channels, 4);
	assert_int_equal(p->operations[3].migration.transport, OP_TRANSPORT_UNIX);
	assert_int_equal(p->operations[3].migration.compression, OP_COMPRESSION_NONE);
	assert_int_equal(p->operations[3].migration.bandwidth_bytes, 128 << 20);
	assert_int_equal(p->operations[3].migration.downtime_limit_ns, 300 * CLOCK_NS_PER_MS);
	assert_null(p->operations[3].to);
	assert_int_equal(p->shutdown, OP_SHUTDOWN_QUIT);
	for (int i = 0; i < LIMIT_COUNT; i++)
		assert_int_equal(p->limit_ns[i], limit_default_ns(i));
	assert_false(p->has_seed);
	assert_int_equal(p->stop_duration_ns, 0);
	assert_int_equal(p->stop_loops, 1000);
	profile_free(p);
	profile_free(NULL);
}

static void test_everything_given(void **state)
{
	static const char text[] =
		"seed: 18446744073709551615\n"
		"stop: {duration: 1.5h, loops: 7}\n"
		"limits: {boot: 1s, reply: 2s, snapshot-save: 3s, snapshot-load: 4s,\n"
		"  snapshot-delete: 5s, migrate: 6s, shutdown: 700ms,\n"
		"  stall: 8s}\n"
		"watch: {heartbeat: false, stolen-cpu: 7, leak-fds: 9, leak-rss: 1GiB}\n"
		"evidence: {size: 2GiB, incidents: 9, age: 2h, cores: keep, gdb: true}\n"
		"operations:\n"
		"  - {channels: 64, every: 1000000, operation: migrate}\n"
		"  - {operation: snapshot-save, every: 1}\n"
		"  - {operation: snapshot-load}\n"
		"  - {operation: migrate}\n"
		"  - {operation: snapshot-load}\n"
		"  - {operation: snapshot-delete}\n"
		"  - {operation: snapshot-save}\n"
		"  - {operation: snapshot-delete}\n"
		"  - {operation: stop-cont, every: 2}\n"
		"  - {operation: reset}\n"
		"  - {operation: migrate-cancel, channels: 0, transport: tcp, to: empty}\n"
		"  - {operation: migrate, transport: unix, compression: zstd, bandwidth: 10MiB,\n"
		"     downtime-limit: 2s, to: A.b_c-1}\n"
		"fleet: {loops-per-vm: 3, vms: 2, shutdown: sigterm}\n"
		"builds:\n"
		"  - {args: ['-device', 'a,b=\"c d\"', no], binary: /a b, name: A.b_c-1}\n"
		"  - {name: empty, binary: /b, args: []}\n"
		"guest: {name: g2-x}\n"
		"machine: {ram: 1GiB, accel: kvm, type: pc-q35-rhel9.2.0}\n"
		"name: 2nd.run_x-y\n";
	static const char *const limits[] = {"boot", "reply", "snapshot-save"};
	struct profile *p = parse(text, strlen(text));

	(void)state;
	assert_string_equal(p->name, "2nd.run_x-y");
	assert_string_equal(p->machine, "pc-q35-rhel9.2.0");
	assert_string_equal(p->accel, "kvm");
	assert_int_equal(p->ram_bytes, 1 << 30);
	assert_string_equal(p->guest, "g2-x");
	assert_int_equal(p->build_count, 2);
	assert_string_equal(p->builds[0].name, "A.b_c-1");
	assert_string_equal(p->builds[0].binary, "/a b");
	assert_string_equal(p->builds[0].args[0], "-device");
	assert_string_equal(p->builds[0].args[1], "a,b=\"c d\"");
	assert_string_equal(p->builds[0].args[2], "no");
	assert_null(p->builds[0].args[3]);
	assert_null(p->builds[1].args[0]);
	assert_int_equal(p->vms, 2);
	assert_int_equal(p->loops_per_vm, 3);
	assert_int_equal(p->operation_count, 12);
	assert_int_equal(p->shutdown, OP_SHUTDOWN_SIGTERM);
	assert_int_equal(p->operations[8].kind, OP_STOP_CONT);
	assert_int_equal(p->operations[9].kind, OP_RESET);
	assert_int_equal(p->operations[10].kind, OP_MIGRATE_CANCEL);
	assert_int_equal(p->operations[10].migration.channels, 0);
	assert_int_equal(p->operations[10].migration.transport, OP_TRANSPORT_TCP);
	assert_string_equal(p->operations[10].to, "empty");
	assert_int_equal(p->operations[11].migration.transport, OP_TRANSPORT_UNIX);
	assert_int_equal(p->operations[11].migration.compression, OP_COMPRESSION_ZSTD);
	assert_int_equal(p->operations[11].migration.bandwidth_bytes, 10 << 20);
	assert_int_equal(p->operations[11].migration.downtime_limit_ns, 2 * CLOCK_NS_PER_S);
	assert_string_equal(p->operations[11].to, "A.b_c-1");
	assert_int_equal(p->operations[0].kind, OP_MIGRATE);
	assert_int_equal(p->operations[0].every, 1000000);
	assert_int_equal(p->operations[0].migration.channels, 64);
	assert_int_equal(p->operations[3].migration.channels, 4);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		assert_int_equal(p->limit_ns[limit_find(limits[i])], (i + 1) * CLOCK_NS_PER_S);
	assert_int_equal(p->limit_ns[LIMIT_LOAD], 4 * CLOCK_NS_PER_S);
	assert_int_equal(p->limit_ns[LIMIT_DELETE], 5 * CLOCK_NS_PER_S);
	assert_int_equal(p->limit_ns[LIMIT_MIGRATE], 6 * CLOCK_NS_PER_S);
	assert_int_equal(p->limit_ns[LIMIT_SHUTDOWN], 700 * CLOCK_NS_PER_MS);
	assert_int_equal(p->limit_ns[LIMIT_STALL], 8 * CLOCK_NS_PER_S);
	assert_false(p->watch.heartbeat);
	assert_int_equal(p->watch.stolen_max, 7);
	assert_int_equal(p->watch.leak_descriptors, 9);
	assert_int_equal(p->watch.leak_bytes, 1ll << 30);
	assert_int_equal(p->evidence.bytes, 2ll << 30);
	assert_int_equal(p->evidence.incidents, 9);
	assert_int_equal(p->evidence.age_ns, 7200 * CLOCK_NS_PER_S);
	assert_int_equal(p->evidence.cores, EVIDENCE_CORES_KEEP);
	assert_true(p->evidence.gdb);
	assert_true(p->has_seed);
	assert_true(p->seed == UINT64_MAX);
	assert_int_equal(p->stop_duration_ns, 5400 * CLOCK_NS_PER_S);
	assert_int_equal(p->stop_loops, 7);
	profile_free(p);
}

/* Both ends of every range; what lies behind them is among the bad ones. */
static void test_range_ends(void **state)
{
	static const struct {
		const char *from, *to;
		size_t offset, size;
		int64_t value;
	} cases[] = {
#define ENDS(from, to, member, value) \
	{from, to, offsetof(struct profile, member), sizeof(((struct profile *)0)->member), value}
		ENDS("vms: 4", "vms: 1", vms, 1),
		ENDS("vms: 4", "vms: 256", vms, 256),
		ENDS("vms: 4", "vms: 4, loops-per-vm: 1", loops_per_vm, 1),
		ENDS("vms: 4", "vms: 4, loops-per-vm: 1000000", loops_per_vm, 1000000),
		ENDS("32MiB", "16MiB", ram_bytes, PROFILE_RAM_MIN_BYTES),
		ENDS("32MiB", "1024GiB", ram_bytes, PROFILE_RAM_MAX_BYTES),
		ENDS("32MiB", "17408KiB", ram_bytes, 17 << 20),
		ENDS("32MiB", "32MiB, disk: 1MiB", disk_bytes, PROFILE_DISK_MIN_BYTES),
		ENDS("32MiB", "32MiB, disk: 1GiB", disk_bytes, PROFILE_DISK_MAX_BYTES),
		ENDS("loops: 1000", "loops: 1", stop_loops, 1),
		ENDS("loops: 1000", "loops: 1000000000000", stop_loops, 1000000000000),
		ENDS("loops: 1000", "failures: 1", stop_failures, 1),
		ENDS("loops: 1000", "failures: 1000000", stop_failures, 1000000),
		ENDS("loops: 1000", "duration: 1s", stop_duration_ns, CLOCK_NS_PER_S),
		ENDS("loops: 1000", "duration: 8784h", stop_duration_ns,
		     PROFILE_STOP_DURATION_MAX_NS),
		ENDS("name: quick", "limits: {boot: 1ms}\nname: quick", limit_ns[LIMIT_BOOT],
		     LIMIT_MIN_NS),
		ENDS("name: quick", "limits: {stall: 1s}\nname: quick", limit_ns[LIMIT_STALL],
		     LIMIT_STALL_MIN_NS),
		ENDS("name: quick", "limits: {boot: 24h}\nname: quick", limit_ns[LIMIT_BOOT],
		     LIMIT_MAX_NS),
		ENDS("name: quick", "seed: 0\nname: quick", seed, 0),
		ENDS("name: quick", "seed: 9223372036854775807\nname: quick", seed, INT64_MAX),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile *p = parse_edited(cases[i].from, cases[i].to);
		int64_t value;

		if (cases[i].size == sizeof(unsigned))
			value = *(unsigned *)((char *)p + cases[i].offset);
		else
			value = *(int64_t *)((char *)p + cases[i].offset);
		assert_int_equal(value, cases[i].value);
		profile_free(p);
	}
}

/* Ends of what is counted: channels, every, entries, lengths. */
static void test_count_ends(void **state)
{
	char name[PROFILE_NAME_MAX + 1];
	struct profile *p;
	char *text = NULL;
	size_t size;
	FILE *f;

	(void)state;
	p = parse_edited("migrate}", "migrate, channels: 0, every: 1}");
	assert_int_equal(p->operations[3].migration.channels, 0);
	profile_free(p);

	memset(name, 'n', PROFILE_NAME_MAX);
	name[PROFILE_NAME_MAX] = '\0';
	p = parse_edited("quick", name);
	assert_string_equal(p->name, name);
	profile_free(p);

	f = open_memstream(&text, &size);
	fputs("builds:\n", f);
	for (int i = 0; i < PROFILE_BUILDS_MAX; i++)
		fprintf(f, "  - {name: b%d, binary: /b}\n", i);
	fputs("  # and here", f);
	fclose(f);
	p = parse_edited("builds:\n  - {name: stock, binary: /usr/bin/qemu}", text);
	assert_int_equal(p->build_count, PROFILE_BUILDS_MAX);
	assert_string_equal(p->builds[PROFILE_BUILDS_MAX - 1].name, "b15");
	profile_free(p);
	free(text);

	f = open_memstream(&text, &size);
	for (int i = 0; i < PROFILE_OPERATIONS_MAX - 3; i++)
		fputs("  - {operation: migrate}\n", f);
	fclose(f);
	p = parse_edited("  - {operation: migrate}\n", text);
	assert_int_equal(p->operation_count, PROFILE_OPERATIONS_MAX);
	profile_free(p);
	free(text);
}

static void test_bad_edits(void **state)
{
	static const struct bad_edit cases[] = {
		/* unknown keys, at every level */
		{"vms:", "vmss:", "6: fleet.vmss: unknown key, expected vms, loops-per-vm, shutdown, boots, vm-memory or vm-cpus"},
		{"name: quick", "nam: quick",
		 "1: nam: unknown key, expected name, backend, uris, peer-uris, machine, guest, builds, fleet, operations, "
		 "order, limits, watch, evidence, stop, on-failure, expect, compare or seed"},
		{"accel:", "acel:", "2: machine.acel: unknown key, expected type, accel, ram, disk or vcpus"},
		{"{name: pflash", "{file: pflash", "3: guest.file: unknown key, expected name, writes-per-turn, "
		 "turns-per-write, pause-per-turn, erase-every, turns-per-page or working-set"},
		{"migrate}", "migrate, chanels: 4}",
		 "11: operations[3].chanels: unknown key, expected operation, every, verify, weight, channels, "
		 "transport, compression, bandwidth, downtime-limit, to, dirty-bitmaps, block, peer-to-peer, "
		 "optional or probe"},
		{"loops: 1000", "loop: 1000",
		 "12: stop.loop: unknown key, expected duration, loops, loops-per-build, failures or "
		 "expected"},
		{"stop:", "limits: {save: 1s}\nstop:",
		 "12: limits.save: unknown key, expected boot, reply, snapshot-save, "
		 "snapshot-load, "
		 "snapshot-delete, migrate, shutdown, image, libvirt or stall"},
		{"vms: 4", "vms: 4, \"a\\nb\": 1",
		 "6: fleet.\"a\\x0ab\": unknown key, expected vms, loops-per-vm, shutdown, boots, vm-memory or vm-cpus"},
		{"vms: 4", "vms: 4, <<: {}",
		 "6: fleet.\"<<\": unknown key, expected vms, loops-per-vm, shutdown, boots, vm-memory or vm-cpus"},
		/* missing ones */
		{"name: quick\n", "", "1: name: missing, " NAME_RULE},
		{"guest: {name: pflash-hammer}\n", "", "1: guest: missing, expected a mapping"},
		{"fleet: {vms: 4}\n", "", "1: fleet: missing, expected a mapping"},
		{"stop: {loops: 1000}\n", "", "1: stop: missing, expected a mapping"},
		{"builds:\n  - {name: stock, binary: /usr/bin/qemu}\n", "",
		 "1: builds: missing, expected a list"},
		{"type: pc-q35-7.2, ", "",
		 "2: machine.type: missing, expected a versioned machine type, like pc-q35-7.2"},
		{"accel: tcg, ", "", "2: machine.accel: missing, expected tcg, kvm or auto"},
		{", ram: 32MiB", "", "2: machine.ram: missing, expected 16MiB to 1024GiB"},
		{"{name: pflash-hammer}", "{}", "3: guest.name: missing, " GUEST_RULE},
		{"vms: 4", "loops-per-vm: 4", "6: fleet.vms: missing, expected 1 to 256"},
		{"operation: migrate", "every: 4", "11: operations[3].operation: missing, " KINDS},
		{"loops: 1000", "", "12: stop: found no rule, expected duration, loops, loops-per-build or failures"},
		/* wrong types */
		{"name: quick", "name: [quick]", "1: name: found a list, " NAME_RULE},
		{"{type: pc-q35-7.2, accel: tcg, ram: 32MiB}", "pc-q35-7.2",
		 "2: machine: found pc-q35-7.2, expected a mapping"},
		{"{name: pflash-hammer}", "[pflash-hammer]",
		 "3: guest: found a list, expected a mapping"},
		{"{name: pflash-hammer}", "", "3: guest: found nothing, expected a mapping"},
		{"  - {name: stock, binary: /usr/bin/qemu}", "  stock: /usr/bin/qemu",
		 "4: builds: found a mapping, expected a list"},
		{"vms: 4", "vms: [4]", "6: fleet.vms: found a list, expected 1 to 256"},
		{"32MiB", "{min: 1GiB}",
		 "2: machine.ram: found a mapping, expected 16MiB to 1024GiB"},
		{"{operation: migrate}", "migrate",
		 "11: operations[3]: found migrate, expected a mapping"},
		{"operation: migrate", "operation: [migrate]",
		 "11: operations[3].operation: found a list, " KINDS},
		{"stop:", "limits: 4s\nstop:", "12: limits: found 4s, expected a mapping"},
		{"stop:", "limits: {boot: [4s]}\nstop:",
		 "12: limits.boot: found a list, expected 1ms to 24h"},
		{"stop:", "seed: {}\nstop:",
		 "12: seed: found a mapping, expected 0 to 18446744073709551615"},
		/* numbers */
		{"vms: 4", "vms: 0", "6: fleet.vms: found 0, expected 1 to 256"},
		{"vms: 4", "vms: 257", "6: fleet.vms: found 257, expected 1 to 256"},
		{"vms: 4", "vms: -1", "6: fleet.vms: found -1, expected 1 to 256"},
		{"vms: 4", "vms: +1", "6: fleet.vms: found +1, expected 1 to 256"},
		{"vms: 4", "vms: 1.0", "6: fleet.vms: found 1.0, expected 1 to 256"},
		{"vms: 4", "vms: 0x10", "6: fleet.vms: found 0x10, expected 1 to 256"},
		{"vms: 4", "vms: 010", "6: fleet.vms: found 010, expected 1 to 256"},
		{"vms: 4", "vms: ' 4'", "6: fleet.vms: found \" 4\", expected 1 to 256"},
		{"vms: 4", "vms: 4 x", "6: fleet.vms: found \"4 x\", expected 1 to 256"},
		{"vms: 4", "vms: 4294967297", "6: fleet.vms: found 4294967297, expected 1 to 256"},
		{"vms: 4", "vms: 18446744073709551617",
		 "6: fleet.vms: found 18446744073709551617, expected 1 to 256"},
		{"vms: 4", "vms: ", "6: fleet.vms: found nothing, expected 1 to 256"},
		{"vms: 4", "vms: 4, loops-per-vm: 0",
		 "6: fleet.loops-per-vm: found 0, expected 1 to 1000000"},
		{"vms: 4", "vms: 4, loops-per-vm: 1000001",
		 "6: fleet.loops-per-vm: found 1000001, expected 1 to 1000000"},
		{"loops: 1000", "failures: 0", "12: stop.failures: found 0, expected 1 to 1000000"},
		{"loops: 1000", "loops: 0", "12: stop.loops: found 0, expected 1 to 1000000000000"},
		{"loops: 1000", "loops: 1000000000001",
		 "12: stop.loops: found 1000000000001, expected 1 to 1000000000000"},
		{"loops: 1000", "loops: 9223372036854775809",
		 "12: stop.loops: found 9223372036854775809, expected 1 to 1000000000000"},
		{"stop:", "seed: -1\nstop:",
		 "12: seed: found -1, expected 0 to 18446744073709551615"},
		{"stop:", "seed: 18446744073709551616\nstop:",
		 "12: seed: found 18446744073709551616, expected 0 to 18446744073709551615"},
		/* quantities */
		{"loops: 1000", "duration: 90", "12: stop.duration: found 90, " DURATION_RULE},
		{"loops: 1000", "duration: 90 s",
		 "12: stop.duration: found \"90 s\", " DURATION_RULE},
		{"loops: 1000", "duration: 1d", "12: stop.duration: found 1d, " DURATION_RULE},
		{"loops: 1000", "duration: 999ms",
		 "12: stop.duration: found 999ms, expected 1s to 8784h"},
		{"loops: 1000", "duration: 8785h",
		 "12: stop.duration: found 8785h, expected 1s to 8784h"},
		{"loops: 1000", "duration: 2562048h",
		 "12: stop.duration: found 2562048h, expected a duration below 290 years"},
		{"stop:", "limits: {boot: 0s}\nstop:",
		 "12: limits.boot: found 0s, expected 1ms to 24h"},
		{"stop:", "limits: {stall: 999ms}\nstop:",
		 "12: limits.stall: found 999ms, expected 1s to 24h"},
		{"stop:", "watch: {heartbeat: yes}\nstop:",
		 "12: watch.heartbeat: found yes, expected true or false"},
		{"stop:", "watch: {stolen-cpu: 101}\nstop:",
		 "12: watch.stolen-cpu: found 101, expected 0 to 100"},
		{"stop:", "watch: {leak-fds: 0}\nstop:",
		 "12: watch.leak-fds: found 0, expected 1 to 1000000"},
		{"stop:", "watch: {leak-rss: 1023KiB}\nstop:",
		 "12: watch.leak-rss: found 1023KiB, expected 1MiB to 1024GiB"},
		{"stop:", "evidence: {size: 1023KiB}\nstop:",
		 "12: evidence.size: found 1023KiB, expected 1MiB to 1048576GiB"},
		{"stop:", "evidence: {incidents: 0}\nstop:",
		 "12: evidence.incidents: found 0, expected 1 to 1000000"},
		{"stop:", "evidence: {age: 59s}\nstop:",
		 "12: evidence.age: found 59s, expected 1m to 8784h"},
		{"stop:", "evidence: {cores: all}\nstop:",
		 "12: evidence.cores: found all, expected none, stacks or keep"},
		{"stop:", "watch: {heartbeat: []}\nstop:",
		 "12: watch.heartbeat: found a list, expected true or false"},
		{"stop:", "limits: {boot: 0.9ms}\nstop:",
		 "12: limits.boot: found 0.9ms, expected 1ms to 24h"},
		{"stop:", "limits:\n  reply: 1s\n  boot: 1441m\nstop:",
		 "14: limits.boot: found 1441m, expected 1ms to 24h"},
		{"32MiB", "32", "2: machine.ram: found 32, " BYTES_RULE},
		{"32MiB", "32M", "2: machine.ram: found 32M, " BYTES_RULE},
		{"32MiB", "1.5GiB", "2: machine.ram: found 1.5GiB, " BYTES_RULE},
		{"32MiB", "16777215KiB",
		 "2: machine.ram: found 16777215KiB, expected a multiple of "
		 "1MiB"},
		{"32MiB", "15MiB", "2: machine.ram: found 15MiB, expected 16MiB to 1024GiB"},
		{"32MiB", "1025GiB", "2: machine.ram: found 1025GiB, expected 16MiB to 1024GiB"},
		{"32MiB", "18014398509481984KiB",
		 "2: machine.ram: found 18014398509481984KiB, expected a size below 8 EiB"},
		/* names and paths */
		{"quick", "../quick", "1: name: found ../quick, " NAME_RULE},
		{"quick", "-quick", "1: name: found -quick, " NAME_RULE},
		{"quick", "..", "1: name: found .., " NAME_RULE},
		{"quick", "a b", "1: name: found \"a b\", " NAME_RULE},
		{"quick", "''", "1: name: found nothing, " NAME_RULE},
		{"quick", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
		 "1: name: found "
		 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn, " NAME_RULE},
		{"pc-q35-7.2", "q35",
		 "2: machine.type: found q35, expected a versioned machine type, like pc-q35-7.2"},
		{"pc-q35-7.2", "pc-q35-",
		 "2: machine.type: found pc-q35-, expected a versioned machine type, like "
		 "pc-q35-7.2"},
		{"pc-q35-7.2", "pc-i440fx-7.2",
		 "2: machine.type: found pc-i440fx-7.2, expected a versioned machine type, like "
		 "pc-q35-7.2"},
		{"pc-q35-7.2", "'pc-q35-7.2,smm=on'",
		 "2: machine.type: found \"pc-q35-7.2,smm=on\", expected a versioned machine type, "
		 "like pc-q35-7.2"},
		{"tcg", "hvf", "2: machine.accel: found hvf, expected tcg, kvm or auto"},
		{"pflash-hammer", "/lib/g", "3: guest.name: found /lib/g, " GUEST_RULE},
		{"pflash-hammer", "a.bin", "3: guest.name: found a.bin, " GUEST_RULE},
		/* operations */
		{"operation: migrate", "operation: boot",
		 "11: operations[3].operation: found boot, " KINDS},
		{"operation: migrate", "operation: shutdown",
		 "11: operations[3].operation: found shutdown, " KINDS},
		{"operation: migrate", "operation: Migrate",
		 "11: operations[3].operation: found Migrate, " KINDS},
		{"  - {operation: snapshot-save}\n  - {operation: snapshot-load}\n"
		 "  - {operation: snapshot-delete}\n  - {operation: migrate}\n",
		 "  - {operation: migrate, every: 2}\n",
		 "7: operations: found every above 1, or optional, in each, expected an operation that "
		 "comes in every loop"},
		{"migrate}", "migrate, every: 0}",
		 "11: operations[3].every: found 0, expected 1 to 1000000"},
		{"migrate}", "migrate, every: 1000001}",
		 "11: operations[3].every: found 1000001, expected 1 to 1000000"},
		{"migrate}", "migrate, channels: 65}",
		 "11: operations[3].channels: found 65, expected 0 to 64"},
		{"snapshot-load}", "snapshot-load, every: 2}",
		 "9: operations[1].every: found 2, expected 1: snapshot-load may not sit out "
		 "loops"},
		{"snapshot-save}", "snapshot-save, channels: 4}",
		 "8: operations[0].channels: found 4, expected no such key: only migrate and "
		 "migrate-cancel have it, not snapshot-save"},
		{"snapshot-save}", "snapshot-save, to: stock}",
		 "8: operations[0].to: found stock, expected no such key: only migrate and "
		 "migrate-cancel have it, not snapshot-save"},
		{"operation: migrate", "bandwidth: 1MiB, operation: migrate-cancel",
		 "11: operations[3].bandwidth: found 1MiB, expected no such key: only migrate has "
		 "it, not migrate-cancel"},
		{"operation: migrate", "operation: reset, transport: tcp",
		 "11: operations[3].transport: found tcp, expected no such key: only migrate and "
		 "migrate-cancel have it, not reset"},
		{"operation: migrate", "operation: stop-cont, probe: true",
		 "11: operations[3].probe: found true, expected no such key: only snapshots and migrate "
		 "have it, not stop-cont"},
		{"operation: migrate", "dirty-bitmaps: true, operation: migrate",
		 "11: operations[3].dirty-bitmaps: found true, expected machine.disk beside it"},
		{"  - {operation: snapshot-load}\n", "  - {operation: migrate, block: true}\n",
		 "9: operations[1].block: found true, expected machine.disk beside it"},
		{"migrate}", "migrate, optional: maybe}",
		 "11: operations[3].optional: found maybe, expected true or false"},
		{"operation: migrate", "block: true, operation: migrate",
		 "11: operations[3].block: found true, expected machine.disk beside it"},
		{"32MiB", "32MiB, disk: 1025KiB",
		 "2: machine.disk: found 1025KiB, expected a multiple of 1MiB"},
		{"32MiB", "32MiB, disk: 1025MiB",
		 "2: machine.disk: found 1025MiB, expected 1MiB to 1GiB"},
		{"migrate}", "migrate, transport: udp}",
		 "11: operations[3].transport: found udp, expected unix or tcp"},
		{"migrate}", "migrate, compression: gzip}",
		 "11: operations[3].compression: found gzip, expected none, zlib or zstd"},
		{"migrate}", "migrate, channels: 0, compression: zstd}",
		 "11: operations[3].compression: found zstd, expected none: without channels "
		 "nothing is compressed"},
		{"migrate}", "migrate, bandwidth: 63KiB}",
		 "11: operations[3].bandwidth: found 63KiB, expected 64KiB to 1024GiB"},
		{"migrate}", "migrate, downtime-limit: 0.5ms}",
		 "11: operations[3].downtime-limit: found 0.5ms, expected 1ms to 2000s"},
		{"migrate}", "migrate, downtime-limit: 1.5ms}",
		 "11: operations[3].downtime-limit: found 1.5ms, expected a multiple of 1ms"},
		{"migrate}", "migrate, downtime-limit: 2001s}",
		 "11: operations[3].downtime-limit: found 2001s, expected 1ms to 2000s"},
		{"migrate}", "migrate, to: stok}",
		 "11: operations[3].to: found stok, expected the name of one of the builds"},
		{"migrate}", "migrate, to: [stock]}", "11: operations[3].to: found a list, " NAME_RULE},
		{"vms: 4", "vms: 4, shutdown: kill",
		 "6: fleet.shutdown: found kill, expected quit or sigterm"},
		{"  - {operation: snapshot-save}\n", "",
		 "8: operations[0].operation: found snapshot-load, expected a snapshot-save before "
		 "it"},
		{"operation: migrate", "operation: snapshot-delete",
		 "11: operations[3].operation: found snapshot-delete, expected a snapshot-save "
		 "before it"},
		{"snapshot-load", "snapshot-save",
		 "9: operations[1].operation: found snapshot-save, expected a snapshot-delete "
		 "first: "
		 "operations[0] saved one"},
		{"operation: migrate", "operation: snapshot-save",
		 "11: operations[3].operation: found snapshot-save, expected a snapshot-delete "
		 "after "
		 "it: images would grow for ever"},
		{"  - {operation: snapshot-delete}\n", "",
		 "8: operations[0].operation: found snapshot-save, expected a snapshot-delete "
		 "after "
		 "it: images would grow for ever"},
		/* what the YAML reader refuses */
		{"stop:", "name: again\nstop:",
		 "12: found key name again, expected it once (line 1 has it)"},
		{"quick", "&n quick", "1: found anchor &n, expected none"},
		{"vms: 4", "vms: *n", "6: found alias *n, expected the value itself"},
		{"vms: 4", "vms: !!int 4", "6: found tag \"tag:yaml.org,2002:int\", expected none"},
		{"stop:", "...\n---\nstop:", "13: found a second document, expected one"},
		{"  - {operation: migrate}", "\t- {operation: migrate}",
		 "11: found a tab, expected spaces as indentation"},
		{"vms: 4", "vms: [[[[[[[[[[[[[[[4]]]]]]]]]]]]]]]",
		 "6: found too many levels, expected at most 16"},
		{"vms: 4", "? [vms] : 4", "6: found a list as key, expected a name"},
		{"{vms: 4}", "{vms: 4",
		 "7: not YAML: did not find expected ',' or '}' while parsing a flow mapping"},
	};

	(void)state;
	refused_edits(cases, ARRAY_SIZE(cases));
}

static void test_bad_texts(void **state)
{
	size_t large = PROFILE_TEXT_MAX + 1;
	auto_free char *text = mem_zalloc(large);
	auto_free char *nul = mem_strdup(minimal);

	(void)state;
	refused_bytes("", 0, "t.yaml:1: found an empty text, expected a mapping");
	refused_bytes("{}", 2, "t.yaml:1: name: missing, " NAME_RULE);
	refused_bytes("quick", 5, "t.yaml:1: found a scalar, expected a mapping");
	refused_bytes("\x7f"
		      "ELF",
		      4, "t.yaml:1: not UTF-8 text: control characters are not allowed");

	memcpy(text, minimal, strlen(minimal));
	memset(text + strlen(minimal), '#', large - strlen(minimal));
	refused_bytes(text, large, "t.yaml:1: found 262145 bytes, expected at most 262144");
	profile_free(parse(text, large - 1));

	*strstr(nul, "tcg") = '\0';
	refused_bytes(nul, strlen(minimal),
		      "t.yaml:2: not UTF-8 text: control characters are not allowed");
}

static void test_too_many(void **state)
{
	auto_free char *builds = NULL, *operations = NULL, *empty = NULL;
	char *text = NULL;
	size_t size;
	FILE *f;

	(void)state;
	f = open_memstream(&text, &size);
	for (int i = 0; i < PROFILE_BUILDS_MAX; i++)
		fprintf(f, "  - {name: b%d, binary: /b}\n", i);
	fputs("fleet:", f);
	fclose(f);
	builds = edited("fleet:", text);
	free(text);
	refused_bytes(builds, strlen(builds),
		      "t.yaml:4: builds: found 17 entries, expected 1 to 16");

	f = open_memstream(&text, &size);
	for (int i = 0; i < PROFILE_OPERATIONS_MAX - 3; i++)
		fputs("  - {operation: migrate}\n", f);
	fputs("stop:", f);
	fclose(f);
	operations = edited("stop:", text);
	free(text);
	refused_bytes(operations, strlen(operations),
		      "t.yaml:7: operations: found 65 entries, expected 1 to 64");

	empty = edited("  - {name: stock, binary: /usr/bin/qemu}", "  []");
	refused_bytes(empty, strlen(empty), "t.yaml:4: builds: found 0 entries, expected 1 to 16");
}

static void test_accel_may_be_left_to_a_probe(void **state)
{
	struct profile *p = parse_edited("accel: tcg", "accel: auto");

	(void)state;
	assert_string_equal(p->accel, "auto");
	profile_free(p);
}

/* Whatever stands where, and wherever the text ends, is refused without a leak or a crash. */
static void test_cut_anywhere(void **state)
{
	size_t size = strlen(minimal);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		auto_free char *copy = mem_strdup(minimal);
		struct profile *profile = NULL;
		struct err err = {0};

		if (profile_parse(copy, cut, "t.yaml", &profile, &err) == 0)
			profile_free(profile);
		copy[cut] = ']';
		profile = NULL;
		if (profile_parse(copy, size, "t.yaml", &profile, &err) == 0)
			profile_free(profile);
	}
}

static char *read_file(const char *path, size_t *ret_size)
{
	auto_fclose FILE *f = fopen(path, "re");
	char *text = mem_zalloc(PROFILE_TEXT_MAX + 1);

	if (!f)
		fail_msg("cannot open %s", path);
	*ret_size = fread(text, 1, PROFILE_TEXT_MAX + 1, f);
	return text;
}

/* Runs at the top of the tree. */
static void test_shipped(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("profiles/*.yaml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct profile *profile = NULL;
		struct err err = {0};
		size_t size;
		auto_free char *text = read_file(found.gl_pathv[i], &size);
		auto_free char *file = NULL;

		if (profile_parse(text, size, found.gl_pathv[i], &profile, &err) < 0)
			fail_msg("%s", err.text);
		file = mem_printf("profiles/%s.yaml", profile->name);
		assert_string_equal(found.gl_pathv[i], file);
		/* Each begins with a comment that says what it catches. */
		assert_int_equal(text[0], '#');
		profile_free(profile);
	}
	globfree(&found);
}

static void test_quick(void **state)
{
	struct profile *p = NULL;
	size_t size;
	auto_free char *text = read_file("profiles/quick.yaml", &size);

	(void)state;
	p = parse(text, size);
	assert_int_equal(p->vms, 4);
	assert_int_equal(p->stop_duration_ns, 60 * CLOCK_NS_PER_S);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		/* It is not of this backend. */
		if (i == LIMIT_LIBVIRT)
			continue;
		assert_true(p->limit_ns[i] <= 10 * CLOCK_NS_PER_S);
		assert_int_not_equal(p->limit_ns[i], limit_default_ns(i));
	}
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),       cmocka_unit_test(test_everything_given),
		cmocka_unit_test(test_range_ends),     cmocka_unit_test(test_count_ends),
		cmocka_unit_test(test_bad_edits),      cmocka_unit_test(test_bad_texts),
		cmocka_unit_test(test_too_many),       cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_shipped),	       cmocka_unit_test(test_quick),
		cmocka_unit_test(test_accel_may_be_left_to_a_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

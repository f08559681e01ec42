// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keys of a profile: one table per level, and the readers of what is particular to one key.
 *
 * A new key is a field in profile.h and a line here.
 */
#include "campaign/profile-keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/size.h"
#include "campaign/budget.h"
#include "campaign/profile.h"
#include "guests/config.h"
#include "guests/telemetry.h"

/* Strings. */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A letter or digit, then those and what is in others, so that no name is a path, an option or
 * ends the value of an option. */
static bool is_word(const char *text, const char *others)
{
	size_t length = strlen(text);

	if (length > PROFILE_NAME_MAX || !is_alnum(*text))
		return false;
	while (*text && (is_alnum(*text) || strchr(others, *text)))
		text++;
	return !*text;
}

static bool is_name(const char *text)
{
	return is_word(text, "._-");
}

static bool is_guest(const char *text)
{
	return is_word(text, "-");
}

static bool is_machine(const char *text)
{
	static const char prefix[] = "pc-q35-";

	return is_name(text) && !strncmp(text, prefix, strlen(prefix)) && text[strlen(prefix)];
}

static bool is_accel(const char *text)
{
	return !strcmp(text, "tcg") || !strcmp(text, "kvm") || !strcmp(text, "auto");
}

const struct bind_text profile_name_text = {
	is_name, "a name of up to 64 letters, digits, '.', '_' and '-' that begins with a letter "
		 "or digit"
};
static const struct bind_text guest_text = {
	is_guest, "the name of a guest, like pflash-hammer: letters, digits and '-'"
};
static const struct bind_text machine_text = { is_machine,
					       "a versioned machine type, like pc-q35-7.2" };
static const struct bind_text accel_text = { is_accel, "tcg, kvm or auto" };

_Static_assert(PROFILE_NAME_MAX == 64, "profile_name_text says so");

/* machine */

static int read_ram(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile *profile = base;
	int ret = bind_bytes(at, key, base);

	if (ret == 0 && profile->ram_bytes % (1ll << 20))
		return bind_expected(at, "a multiple of 1MiB");
	return ret;
}

static int read_disk(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile *profile = base;
	int ret = bind_bytes(at, key, base);

	if (ret == 0 && profile->disk_bytes % (1ll << 20))
		return bind_expected(at, "a multiple of 1MiB");
	return ret;
}

static const struct bind_key machine_keys[] = {
	{ "type", BIND_STRING(struct profile, machine), .text = &machine_text, .required = true },
	{ "accel", BIND_STRING(struct profile, accel), .text = &accel_text, .required = true },
	{ "ram", .read = read_ram, .offset = BIND_FIELD(struct profile, ram_bytes, int64_t),
	  .min = PROFILE_RAM_MIN_BYTES, .max = PROFILE_RAM_MAX_BYTES, .required = true },
	{ "disk", .read = read_disk, .offset = BIND_FIELD(struct profile, disk_bytes, int64_t),
	  .min = PROFILE_DISK_MIN_BYTES, .max = PROFILE_DISK_MAX_BYTES },
	{ "vcpus", BIND_UNSIGNED(struct profile, vcpus), .min = 1, .max = TELEMETRY_VCPUS_MAX },
	{ 0 }
};

static const struct bind_key guest_keys[] = {
	{ "name", BIND_STRING(struct profile, guest), .text = &guest_text, .required = true },
	{ "writes-per-turn", BIND_UNSIGNED(struct profile, writes_per_turn), .min = 1,
	  .max = PROFILE_WRITES_PER_TURN_MAX },
	{ "turns-per-write", BIND_UNSIGNED(struct profile, turns_per_write), .min = 1,
	  .max = PROFILE_TURNS_PER_WRITE_MAX },
	{ "pause-per-turn", BIND_DURATION(struct profile, pause_ns), .min = 0,
	  .max = PROFILE_PAUSE_MAX_NS },
	{ "erase-every", BIND_UNSIGNED(struct profile, erase_every), .min = 0,
	  .max = PROFILE_ERASE_EVERY_MAX },
	{ "turns-per-page", BIND_UNSIGNED(struct profile, turns_per_page), .min = 1,
	  .max = PROFILE_TURNS_PER_PAGE_MAX },
	{ "working-set", .read = bind_bytes,
	  .offset = BIND_FIELD(struct profile, working_set_bytes, int64_t), .min = GUEST_PAGE_SIZE,
	  .max = GUEST_WORKING_SET_END - GUEST_WORKING_SET_GPA },
	{ 0 }
};

/* It has to fit the machine, which may stand behind it. */
int profile_check_guest(const struct bind *at, const struct profile *profile)
{
	struct bind guest = bind_entry(at, "guest", yaml_get(at->node, "guest"));
	struct bind set = bind_entry(&guest, "working-set", yaml_get(guest.node, "working-set"));
	int64_t least = (int64_t)profile->vcpus * GUEST_PAGE_SIZE;
	int64_t most = profile->ram_bytes < GUEST_WORKING_SET_END ? profile->ram_bytes
								  : GUEST_WORKING_SET_END;

	most -= GUEST_WORKING_SET_GPA;
	if (!set.node ||
	    (profile->working_set_bytes >= least && profile->working_set_bytes <= most))
		return 0;
	return bind_expected(&set, "%lldKiB to %lldMiB: a page a vCPU, and what fits into the RAM",
			     (long long)least >> 10, (long long)most >> 20);
}

/* fleet */

/* Guest RAM is a part of it. */
int profile_check_fleet(const struct bind *at, const struct profile *profile)
{
	struct bind fleet = bind_entry(at, "fleet", yaml_get(at->node, "fleet"));
	struct bind memory = bind_entry(&fleet, "vm-memory", yaml_get(fleet.node, "vm-memory"));
	int64_t least = budget_vm_least_bytes(profile);
	char text[SIZE_TEXT_MAX];

	if (!memory.node || profile->vm_memory_bytes >= least)
		return 0;
	return bind_expected(&memory, "at least %s: the RAM of %u QEMU%s a VM, and %d MiB for each",
			     size_format_bytes(text, least), budget_vm_qemus(profile),
			     budget_vm_qemus(profile) > 1 ? "s" : "",
			     (int)(BUDGET_QEMU_BYTES >> 20));
}

BIND_ENUM_READER(read_shutdown, op_shutdown, OP_SHUTDOWN_COUNT, op_shutdown_name)

int profile_read_cpus(const struct bind *at, const struct bind_key *key, void *base)
{
	const char *text = NULL;
	double cpus;
	char *end;
	int ret = bind_scalar(at, "a number of CPUs like 1.5", &text);

	if (ret < 0)
		return ret;
	cpus = strtod(text, &end);
	if (text[strspn(text, "0123456789.")] || end == text || *end ||
	    !(cpus >= PROFILE_VM_CPUS_MIN && cpus <= PROFILE_VM_CPUS_MAX))
		return bind_expected(at, "%g to %d, like 1.5", PROFILE_VM_CPUS_MIN,
				     PROFILE_VM_CPUS_MAX);
	*(double *)((char *)base + key->offset) = cpus;
	return 0;
}

static const struct bind_key fleet_keys[] = {
	{ "vms", BIND_UNSIGNED(struct profile, vms), .min = 1, .max = PROFILE_VMS_MAX,
	  .required = true },
	{ "loops-per-vm", BIND_UNSIGNED(struct profile, loops_per_vm), .min = 1,
	  .max = PROFILE_LOOPS_PER_VM_MAX },
	{ "shutdown", .read = read_shutdown,
	  .offset = BIND_FIELD(struct profile, shutdown, enum op_shutdown) },
	{ "boots", BIND_UNSIGNED(struct profile, boots), .min = 1, .max = PROFILE_VMS_MAX },
	{ "vm-memory", .read = bind_bytes,
	  .offset = BIND_FIELD(struct profile, vm_memory_bytes, int64_t),
	  .min = PROFILE_RAM_MIN_BYTES, .max = PROFILE_VM_MEMORY_MAX_BYTES },
	{ "vm-cpus", .read = profile_read_cpus,
	  .offset = BIND_FIELD(struct profile, vm_cpus, double) },
	{ 0 }
};

/* limits */

static int read_limits(const struct bind *at, const struct bind_key *key, void *base)
{
	/* A table made of the names, so that a new limit needs no line here. */
	struct bind_key limit_keys[LIMIT_COUNT + 1] = { 0 };
	struct bind_key level = { .keys = limit_keys };

	for (int i = 0; i < LIMIT_COUNT; i++)
		limit_keys[i] = (struct bind_key){
			.name = limit_name(i),
			.read = bind_duration,
			.offset = key->offset + (size_t)i * sizeof(int64_t),
			.min = i == LIMIT_STALL ? LIMIT_STALL_MIN_NS : LIMIT_MIN_NS,
			.max = LIMIT_MAX_NS,
		};
	return bind_mapping(at, &level, base);
}

/* watch */

static const struct bind_key watch_keys[] = {
	{ "heartbeat", BIND_BOOL(struct profile, watch.heartbeat) },
	{ "leak-fds", BIND_COUNT(struct profile, watch.leak_descriptors), .min = 1,
	  .max = PROFILE_LEAK_FDS_MAX },
	{ "leak-rss", .read = bind_bytes,
	  .offset = BIND_FIELD(struct profile, watch.leak_bytes, int64_t),
	  .min = PROFILE_LEAK_RSS_MIN_BYTES, .max = PROFILE_RAM_MAX_BYTES },
	{ "stolen-cpu", BIND_UNSIGNED(struct profile, watch.stolen_max), .max = 100 },
	{ 0 }
};

/* evidence */

BIND_ENUM_READER(read_cores, evidence_cores, EVIDENCE_CORES_COUNT, evidence_cores_name)

static const struct bind_key evidence_keys[] = {
	{ "size", .read = bind_bytes, .offset = BIND_FIELD(struct profile, evidence.bytes, int64_t),
	  .min = PROFILE_EVIDENCE_MIN_BYTES, .max = PROFILE_EVIDENCE_MAX_BYTES },
	{ "incidents", BIND_COUNT(struct profile, evidence.incidents), .min = 1,
	  .max = PROFILE_EVIDENCE_INCIDENTS_MAX },
	{ "age", BIND_DURATION(struct profile, evidence.age_ns), .min = PROFILE_EVIDENCE_AGE_MIN_NS,
	  .max = PROFILE_STOP_DURATION_MAX_NS },
	{ "cores", .read = read_cores,
	  .offset = BIND_FIELD(struct profile, evidence.cores, enum evidence_cores) },
	{ "gdb", BIND_BOOL(struct profile, evidence.gdb) },
	{ 0 }
};

/* The rest. */

static int read_seed(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile *profile = base;
	struct err ignored = { 0 };
	const char *text = NULL;
	int ret = bind_scalar(at, "0 to 18446744073709551615", &text);

	(void)key;
	if (ret < 0)
		return ret;
	if (size_parse_number(text, &profile->seed, &ignored) < 0)
		return bind_expected(at, "0 to 18446744073709551615");
	profile->has_seed = true;
	return 0;
}

const struct bind_key profile_keys[] = {
	{ "name", BIND_STRING(struct profile, name), .text = &profile_name_text, .required = true },
	{ "backend", .read = profile_read_backend,
	  .offset = BIND_FIELD(struct profile, backend, enum profile_backend) },
	{ "uris", BIND_STRINGS(struct profile, uris), .text = &profile_uri_text, .min = 1,
	  .max = PROFILE_URIS_MAX },
	{ "peer-uris", BIND_STRINGS(struct profile, peer_uris), .text = &profile_uri_text, .min = 1,
	  .max = PROFILE_URIS_MAX },
	{ "machine", .read = bind_mapping, .keys = machine_keys, .required = true },
	{ "guest", .read = bind_mapping, .keys = guest_keys, .required = true },
	{ "builds", .read = profile_read_builds,
	  .offset = BIND_FIELD(struct profile, builds, struct build_spec *),
	  .list = &profile_build_list, .min = 1, .max = PROFILE_BUILDS_MAX, .required = true },
	{ "fleet", .read = bind_mapping, .keys = fleet_keys, .required = true },
	{ "operations", .read = profile_read_operations,
	  .offset = BIND_FIELD(struct profile, operations, struct profile_operation *),
	  .list = &profile_operation_list, .min = 1, .max = PROFILE_OPERATIONS_MAX,
	  .required = true },
	{ "order", .read = profile_read_order },
	{ "limits", .read = read_limits, .offset = offsetof(struct profile, limit_ns) },
	{ "watch", .read = bind_mapping, .keys = watch_keys },
	{ "evidence", .read = bind_mapping, .keys = evidence_keys },
	{ "stop", .read = profile_read_stop, .required = true },
	{ "on-failure", .read = profile_read_on_failure },
	{ "expect", .read = profile_read_expect,
	  .offset = BIND_FIELD(struct profile, expect, struct profile_expectation *),
	  .list = &profile_expect_list, .min = 1, .max = PROFILE_EXPECT_MAX },
	{ "compare", .read = profile_read_compare },
	{ "seed", .read = read_seed },
	{ 0 }
};

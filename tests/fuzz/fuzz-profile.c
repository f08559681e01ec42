// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a profile and as a registered build, for libFuzzer: refused with a text, or one that keeps
 * its promises.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "campaign/profile.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const struct err *err)
{
	require(err->code == -EINVAL);
	require(!strncmp(err->text, "f.yaml:", 7));
	/* What came from the input drives no terminal. */
	for (const char *s = err->text; *s; s++)
		require((unsigned char)*s >= 0x20 && *s != 0x7f);
}

static void check_build(const struct build_spec *spec)
{
	size_t count = 0;

	require(spec->binary && spec->binary[0] == '/');
	while (spec->args[count])
		require(*spec->args[count++]);
	require(count <= PROFILE_ARGS_MAX);
}

static void check_registered(const uint8_t *data, size_t size)
{
	struct build_spec spec;
	struct err err = {0};

	build_spec_init(&spec);
	if (profile_read_registered((const char *)data, size, "f.yaml", &spec, &err) < 0)
		check_refusal(&err);
	else
		check_build(&spec);
	build_spec_finish(&spec);
}

/* A build without a binary is one that has to be registered. */
static void register_builds(struct profile *profile)
{
	struct err err = {0};

	for (size_t i = 0; i < profile->build_count; i++) {
		auto_free char *name = mem_strdup(profile->builds[i].name);
		auto_free char *text = mem_printf("name: \"%s\"\nbinary: /registered\n", name);

		if (!profile->builds[i].binary)
			require(profile_register_build(profile, name, text, strlen(text), "r.yaml",
						       &err) == 0);
		check_build(&profile->builds[i]);
	}
}

static void check_profile(const struct profile *p, const uint8_t *data, size_t size)
{
	int saved = 0;

	require(strlen(p->text) == size && !memcmp(p->text, data, size));
	require(p->name && p->machine && p->accel && p->guest && !strchr(p->guest, '/'));
	require(p->ram_bytes >= PROFILE_RAM_MIN_BYTES && p->ram_bytes <= PROFILE_RAM_MAX_BYTES);
	require(p->ram_bytes % (1 << 20) == 0);
	require(p->vms >= 1 && p->vms <= PROFILE_VMS_MAX);
	require(p->loops_per_vm >= 1 && p->loops_per_vm <= PROFILE_LOOPS_PER_VM_MAX);
	require(p->stop_duration_ns > 0 || p->stop_loops > 0 || p->stop_loops_per_build > 0 ||
		(p->stop_failures > 0 && !p->stop_expected));
	require(p->expect_count || !p->stop_expected);
	for (int i = 0; i < LIMIT_COUNT; i++)
		require(p->limit_ns[i] >= LIMIT_MIN_NS && p->limit_ns[i] <= LIMIT_MAX_NS);

	require(p->build_count >= 1 && p->build_count <= PROFILE_BUILDS_MAX);
	for (size_t i = 0; i < p->build_count; i++)
		require(p->builds[i].name);

	require(p->operation_count >= 1 && p->operation_count <= PROFILE_OPERATIONS_MAX);
	for (size_t i = 0; i < p->operation_count; i++) {
		const struct profile_operation *o = &p->operations[i];

		require(op_kind_in_loop(o->kind) && o->every >= 1);
		require(o->every == 1 || p->order == ORDER_FIXED);
		/* Each unit has a weight, and nothing within one. */
		require((p->order == ORDER_WEIGHTED && !saved) == (o->weight > 0));
		require(o->weight <= PROFILE_WEIGHT_MAX);
		require(o->every == 1 || o->kind > OP_SNAPSHOT_DELETE);
		require(o->migration.channels <= PROFILE_CHANNELS_MAX);
		require(o->migration.channels || !o->migration.compression);
		require(!o->to || o->kind == OP_MIGRATE || o->kind == OP_MIGRATE_CANCEL);
		if (o->kind == OP_SNAPSHOT_SAVE)
			require(saved++ == 0);
		if (o->kind == OP_SNAPSHOT_LOAD || o->kind == OP_SNAPSHOT_DELETE)
			require(saved == 1);
		if (o->kind == OP_SNAPSHOT_DELETE)
			saved = 0;
	}
	require(saved == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile *profile = NULL;
	struct err err = {0};
	auto_free char *word = NULL;

	check_registered(data, size);
	if (profile_parse((const char *)data, size, "f.yaml", &profile, &err) < 0) {
		check_refusal(&err);
		return 0;
	}
	check_profile(profile, data, size);
	register_builds(profile);
	word = mem_strdup(profile->builds[0].name);
	require(profile_set_build(profile, word, "/replaced", &err) == 0);
	require(!strcmp(profile->builds[0].binary, "/replaced"));
	profile_free(profile);
	return 0;
}

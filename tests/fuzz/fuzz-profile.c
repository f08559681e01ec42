// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a profile, for libFuzzer: refused with a text, or a profile that keeps its promises.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "campaign/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_refusal(const struct err *err)
{
	require(err->code == -EINVAL);
	require(!strncmp(err->text, "f.yaml:", 7));
	/* What came from the input drives no terminal. */
	for (const char *s = err->text; *s; s++)
		require((unsigned char)*s >= 0x20 && *s != 0x7f);
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
	for (size_t i = 0; i < p->build_count; i++) {
		size_t count = 0;

		require(p->builds[i].name && p->builds[i].binary[0] == '/');
		while (p->builds[i].args[count])
			require(*p->builds[i].args[count++]);
		require(count <= PROFILE_ARGS_MAX);
	}

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

	if (profile_parse((const char *)data, size, "f.yaml", &profile, &err) < 0) {
		check_refusal(&err);
		return 0;
	}
	check_profile(profile, data, size);
	word = mem_strdup(profile->builds[0].name);
	require(profile_set_build(profile, word, "/replaced", &err) == 0);
	require(!strcmp(profile->builds[0].binary, "/replaced"));
	profile_free(profile);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of `operations`: what each kind may have, and which order of snapshots makes sense. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/names.h"
#include "campaign/profile-keys.h"
#include "campaign/profile.h"

static int read_kind(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile_operation *operation = base;
	const char *names[OP_KIND_COUNT];
	size_t count = 0;
	int ret, word = 0;

	(void)key;
	for (int k = 0; k < OP_KIND_COUNT; k++)
		if (op_kind_in_loop(k))
			names[count++] = op_kind_name(k);
	ret = bind_word(at, names, count, &word);
	if (ret == 0)
		operation->kind = op_kind_find(names[word]);
	return ret;
}

BIND_ENUM_READER(read_transport, op_transport, OP_TRANSPORT_COUNT, op_transport_name)
BIND_ENUM_READER(read_compression, op_compression, OP_COMPRESSION_COUNT, op_compression_name)

static int read_downtime_limit(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile_operation *operation = base;
	int ret = bind_duration(at, key, base);

	if (ret == 0 && operation->migration.downtime_limit_ns % CLOCK_NS_PER_MS)
		return bind_expected(at, "a multiple of 1ms");
	return ret;
}

static const struct bind_key operation_keys[] = {
	{ "operation", .read = read_kind, .required = true },
	{ "every", BIND_UNSIGNED(struct profile_operation, every), .min = 1,
	  .max = PROFILE_EVERY_MAX },
	{ "verify", BIND_UNSIGNED(struct profile_operation, verify), .min = 0,
	  .max = PROFILE_VERIFY_MAX },
	{ "weight", BIND_UNSIGNED(struct profile_operation, weight), .min = 1,
	  .max = PROFILE_WEIGHT_MAX },
	{ "channels", BIND_UNSIGNED(struct profile_operation, migration.channels), .min = 0,
	  .max = PROFILE_CHANNELS_MAX },
	{ "transport", .read = read_transport,
	  .offset = BIND_FIELD(struct profile_operation, migration.transport, enum op_transport) },
	{ "compression", .read = read_compression,
	  .offset = BIND_FIELD(struct profile_operation, migration.compression,
			       enum op_compression) },
	{ "bandwidth", .read = bind_bytes,
	  .offset = BIND_FIELD(struct profile_operation, migration.bandwidth_bytes, int64_t),
	  .min = PROFILE_BANDWIDTH_MIN_BYTES, .max = PROFILE_BANDWIDTH_MAX_BYTES },
	{ "downtime-limit", .read = read_downtime_limit,
	  .offset = BIND_FIELD(struct profile_operation, migration.downtime_limit_ns, int64_t),
	  .min = PROFILE_DOWNTIME_LIMIT_MIN_NS, .max = PROFILE_DOWNTIME_LIMIT_MAX_NS },
	{ "to", BIND_STRING(struct profile_operation, to), .text = &profile_name_text },
	{ "dirty-bitmaps", BIND_BOOL(struct profile_operation, migration.dirty_bitmaps) },
	{ "block", BIND_BOOL(struct profile_operation, migration.block) },
	{ "peer-to-peer", BIND_BOOL(struct profile_operation, migration.peer_to_peer) },
	{ "optional", BIND_BOOL(struct profile_operation, optional) },
	{ "probe", BIND_BOOL(struct profile_operation, probe) },
	{ 0 }
};

static bool is_snapshot(enum op_kind kind)
{
	return kind == OP_SNAPSHOT_SAVE || kind == OP_SNAPSHOT_LOAD || kind == OP_SNAPSHOT_DELETE;
}

static bool migrates(enum op_kind kind)
{
	return kind == OP_MIGRATE || kind == OP_MIGRATE_CANCEL;
}

static bool is_migrate(enum op_kind kind)
{
	return kind == OP_MIGRATE;
}

static bool can_verify(enum op_kind kind)
{
	return kind == OP_SNAPSHOT_SAVE || kind == OP_SNAPSHOT_LOAD;
}

/* Those whose command may keep the main loop. */
static bool can_probe(enum op_kind kind)
{
	return is_snapshot(kind) || is_migrate(kind);
}

/* Keys that not every kind has. */
static const struct {
	const char *key;
	bool (*has)(enum op_kind kind);
	const char *who;
} particular_keys[] = {
	{ "channels", migrates, "migrate and migrate-cancel have" },
	{ "transport", migrates, "migrate and migrate-cancel have" },
	{ "compression", migrates, "migrate and migrate-cancel have" },
	{ "bandwidth", is_migrate, "migrate has" },
	{ "downtime-limit", is_migrate, "migrate has" },
	{ "to", migrates, "migrate and migrate-cancel have" },
	{ "dirty-bitmaps", is_migrate, "migrate has" },
	{ "block", is_migrate, "migrate has" },
	{ "peer-to-peer", is_migrate, "migrate has" },
	{ "optional", migrates, "migrate and migrate-cancel have" },
	{ "verify", can_verify, "snapshot-save and snapshot-load have" },
	{ "probe", can_probe, "snapshots and migrate have" },
};

static void init_operation(void *element)
{
	struct profile_operation *operation = element;

	operation->every = 1;
	operation->verify = PROFILE_VERIFY_DEFAULT;
	operation->migration = (struct op_migration){
		.channels = PROFILE_CHANNELS_DEFAULT,
		.bandwidth_bytes = OP_BANDWIDTH_DEFAULT_BYTES,
		.downtime_limit_ns = OP_DOWNTIME_LIMIT_DEFAULT_NS,
	};
}

const struct bind_list profile_operation_list = {
	.keys = operation_keys,
	.size = sizeof(struct profile_operation),
	.count_offset = BIND_FIELD(struct profile, operation_count, size_t),
	.init = init_operation,
};

/* Builds may stand behind the operations, so the text is asked; a build that the command line adds is
 * not there yet. */
static int check_destination(const struct bind *at, const struct yaml_node *root)
{
	const struct yaml_node *builds = yaml_get(root, "builds");
	struct bind to = bind_entry(at, "to", yaml_get(at->node, "to"));

	if (!to.node)
		return 0;
	for (size_t i = 0; builds && builds->type == YAML_SEQUENCE && i < builds->count; i++) {
		const struct yaml_node *name = yaml_get(&builds->children[i], "name");

		if (name && name->type == YAML_SCALAR && !strcmp(name->scalar, to.node->scalar))
			return 0;
	}
	return bind_expected(&to, "the name of one of the builds");
}

static int check_particular_keys(const struct bind *at, enum op_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(particular_keys); i++) {
		const char *key = particular_keys[i].key;
		struct bind entry = bind_entry(at, key, yaml_get(at->node, key));

		if (entry.node && !particular_keys[i].has(kind))
			return bind_expected(&entry, "no such key: only %s it, not %s",
					     particular_keys[i].who, op_kind_name(kind));
	}
	return 0;
}

/* The machine may stand behind the operations, so the text is asked. */
static int check_disk(const struct bind *at, const char *key, bool wanted)
{
	struct bind entry = bind_entry(at, key, yaml_get(at->node, key));
	const struct yaml_node *machine = yaml_get(at->up->up->node, "machine");

	if (!wanted || (machine && machine->type == YAML_MAPPING && yaml_get(machine, "disk")))
		return 0;
	return bind_expected(&entry, "machine.disk beside it");
}

static int check_operation(const struct bind *at, const struct profile_operation *operation)
{
	struct bind every = bind_entry(at, "every", yaml_get(at->node, "every"));
	struct bind compression = bind_entry(at, "compression", yaml_get(at->node, "compression"));
	int ret = check_particular_keys(at, operation->kind);

	if (ret < 0)
		return ret;
	if (operation->migration.compression && !operation->migration.channels)
		return bind_expected(&compression, "none: without channels nothing is compressed");
	if (operation->every != 1 && is_snapshot(operation->kind))
		return bind_expected(&every, "1: %s may not sit out loops",
				     op_kind_name(operation->kind));
	ret = check_disk(at, "dirty-bitmaps", operation->migration.dirty_bitmaps);
	if (ret == 0)
		ret = check_disk(at, "block", operation->migration.block);
	return ret < 0 ? ret : check_destination(at, at->up->up->node);
}

static const char *const order_names[] = {
	[ORDER_FIXED] = "fixed",
	[ORDER_WEIGHTED] = "weighted",
};
NAMES_COMPLETE(order_names, ORDER_COUNT);

int profile_read_order(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile *profile = base;
	int word = 0, ret = bind_word(at, order_names, ORDER_COUNT, &word);

	(void)key;
	if (ret == 0)
		profile->order = (enum profile_order)word;
	return ret;
}

/* The order may stand behind the operations, so the text is asked; what it cannot say is refused
 * where it is read. */
static enum profile_order find_order(const struct yaml_node *root)
{
	const struct yaml_node *order = yaml_get(root, "order");
	int found = order && order->type == YAML_SCALAR
			    ? names_find(order_names, ORDER_COUNT, order->scalar)
			    : (int)ORDER_FIXED;

	return found < 0 ? ORDER_COUNT : (enum profile_order)found;
}

/* saved: the save of the group that it is in, if it is in one. */
static int set_weight(const struct bind *at, struct profile_operation *operation,
		      enum profile_order order, const struct bind *saved)
{
	struct bind weight = bind_entry(at, "weight", yaml_get(at->node, "weight"));
	struct bind every = bind_entry(at, "every", yaml_get(at->node, "every"));
	struct bind optional = bind_entry(at, "optional", yaml_get(at->node, "optional"));

	if (order == ORDER_FIXED && weight.node)
		return bind_expected(&weight, "no such key: it goes with order: weighted");
	if (order != ORDER_WEIGHTED)
		return 0;
	if (optional.node)
		return bind_expected(&optional, "no such key: it goes with order: fixed");
	if (every.node)
		return bind_expected(&every, "no such key: it goes with order: fixed; weight says "
					     "how often this comes");
	if (saved->node && weight.node)
		return bind_expected(&weight,
				     "no such key: the whole group has the weight of its "
				     "save, operations[%zu]",
				     saved->index);
	operation->weight = saved->node ? 0 : weight.node ? operation->weight : 1;
	return 0;
}

/* A loop has at most one snapshot at a time, and leaves none behind: each save is followed by any
 * number of loads and one delete. */
int profile_read_operations(const struct bind *at, const struct bind_key *key, void *base)
{
	const struct profile *profile = base;
	enum profile_order order = find_order(at->up->node);
	struct bind saved = { 0 }, saved_kind;
	bool in_each_loop = false;
	int ret = bind_list(at, key, base);

	for (size_t i = 0; ret == 0 && i < profile->operation_count; i++) {
		struct profile_operation *operation = &profile->operations[i];
		struct bind element = bind_element(at, i);
		struct bind kind =
			bind_entry(&element, "operation", yaml_get(element.node, "operation"));

		ret = check_operation(&element, operation);
		if (ret == 0)
			ret = set_weight(&element, operation, order, &saved);
		if (ret < 0)
			return ret;
		in_each_loop = in_each_loop || (operation->every == 1 && !operation->optional);
		switch (operation->kind) {
		case OP_SNAPSHOT_SAVE:
			if (saved.node)
				return bind_expected(
					&kind, "a snapshot-delete first: operations[%zu] saved one",
					saved.index);
			saved = element;
			break;
		case OP_SNAPSHOT_LOAD:
		case OP_SNAPSHOT_DELETE:
			if (!saved.node)
				return bind_expected(&kind, "a snapshot-save before it");
			if (operation->kind == OP_SNAPSHOT_DELETE)
				saved = (struct bind){ 0 };
			break;
		default:
			if (operation->migration.block && saved.node)
				return bind_expected(&kind,
						     "no block migration between a snapshot-save "
						     "and its snapshot-delete: it takes no "
						     "snapshots along");
			break;
		}
	}
	if (ret == 0 && !in_each_loop)
		return bind_fail(at,
				 "found every above 1, or optional, in each, expected an operation "
				 "that comes in every loop");
	if (ret < 0 || !saved.node)
		return ret;
	saved_kind = bind_entry(&saved, "operation", yaml_get(saved.node, "operation"));
	return bind_expected(&saved_kind, "a snapshot-delete after it: images would grow for ever");
}

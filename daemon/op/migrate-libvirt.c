// SPDX-License-Identifier: GPL-2.0-or-later
/* migrate by libvirt, which sets both sides up, starts the destination and ends the source. */
#include "base/clock.h"
#include "base/mem.h"
#include "op/migrate.h"

static int start_migrate(struct op *op, struct err *err)
{
	const struct op_migration *how = &op->spec.migration;

	(void)err;
	op->command = migrate_source_moment(op);
	run_expect_exit(op->run[OP_SRC]);
	op_execute(op, "qsoak-migrate",
		   json_pack("{s:s, s:i, s:I, s:I}", "uri", run_uri(op->run[OP_DST]), "channels",
			     (int)how->channels, "bandwidth", (json_int_t)how->bandwidth_bytes,
			     "downtime-limit",
			     (json_int_t)(how->downtime_limit_ns / CLOCK_NS_PER_MS)));
	return 0;
}

static int start_statistics(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "qsoak-migrated", NULL);
	return 0;
}

/* By QEMU's own counts. */
static enum op_progress ended_statistics(struct op *op, struct err *err)
{
	static const char *const names[] = { "setup_ms", "downtime_ms", "transferred_bytes",
					     "passes" };

	(void)err;
	migrate_measure(op);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(op->value, names[i]);

		if (json_is_number(value))
			op_measure(op, names[i], json_number_value(value));
	}
	return OP_DONE;
}

static void completed(struct op *op)
{
	vm_switch_run(op->vm);
}

static const struct op_step steps[] = {
	{ .name = "connect",
	  .start = migrate_start_spawn,
	  .ended = op_ended_greeted,
	  .limit = LIMIT_LIBVIRT,
	  .side = OP_DST,
	  .place = OP_PLACE_HOST,
	  .ours = true },
	{ .name = "migrate",
	  .start = start_migrate,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION,
	  .blackout = BLACKOUT_MOVE },
	{ .name = "arrive", .ended = op_ended_arrived, .limit = LIMIT_REPLY, .side = OP_DST },
	{ .name = "negotiate",
	  .start = op_start_negotiate,
	  .ended = op_ended_negotiate,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	MIGRATE_GUEST_STEP,
	{ .name = "statistics",
	  .start = start_statistics,
	  .ended = ended_statistics,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST,
	  .ours = true },
	{ .name = "exit",
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .place = OP_PLACE_SHUTDOWN },
	{ 0 },
};

const struct op_type op_type_migrate_libvirt = { .steps = steps, .completed = completed };

// SPDX-License-Identifier: GPL-2.0-or-later
/* migrate: the guest goes on in a destination, and the source is asked to go once it does. */
#include "op/migrate.h"

#include "base/mem.h"

static enum op_progress ended_migrate(struct op *op, struct err *err)
{
	enum op_progress progress = migrate_check_status(op, err);

	if (migrate_status_is(op, OP_SRC, "completed") &&
	    migrate_status_is(op, OP_DST, "completed") && op->seen[OP_DST].resume_peer_ns)
		return OP_DONE;
	return progress;
}

static int start_statistics(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "query-migrate", NULL);
	return 0;
}

/* The source has stopped for good: its ticks are those it had then. */
static void measure_brownout(struct op *op)
{
	const struct brownout_moment stop = { op->seen[OP_SRC].stop_ns,
					      ram_ticks(run_ram(op->run[OP_SRC])) };
	double ratio;

	if (brownout_ratio(&op->begin, &op->command, &stop, &ratio))
		op_measure(op, "brownout_ratio", ratio);
}

/* From STOP to the destination's RESUME. QEMU's downtime ends on the source, once that has waited for its
 * lock, when the guest may run already: 7.2, migration.c, migration_iteration_finish(). */
static void measure_switchover(struct op *op)
{
	int64_t stop_ns = op->seen[OP_SRC].stop_peer_ns;
	int64_t resume_ns = op->seen[OP_DST].resume_peer_ns;

	if (stop_ns > 0 && resume_ns >= stop_ns)
		op_measure(op, "switchover_ns", (double)(resume_ns - stop_ns));
}

void migrate_measure(struct op *op)
{
	measure_brownout(op);
	measure_switchover(op);
}

/* Right after "completed" the figures may still be 0. What a build does not tell is left out. */
static enum op_progress ended_statistics(struct op *op, struct err *err)
{
	static const struct {
		const char *group, *field, *name;
	} figures[] = {
		{ NULL, "setup-time", "setup_ms" },
		{ NULL, "downtime", "downtime_ms" },
		{ NULL, "total-time", "total_ms" },
		{ "ram", "transferred", "transferred_bytes" },
		{ "ram", "mbps", "throughput_mbps" },
		{ "ram", "dirty-sync-count", "passes" },
		{ "ram", "multifd-bytes", "multifd_bytes" },
	};

	(void)err;
	if (json_integer_value(json_object_get(op->value, "total-time")) <= 0)
		return OP_WAITS;
	migrate_measure(op);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		json_t *group =
			figures[i].group ? json_object_get(op->value, figures[i].group) : op->value;
		json_t *figure = json_object_get(group, figures[i].field);

		if (json_is_number(figure))
			op_measure(op, figures[i].name, json_number_value(figure));
	}
	return OP_DONE;
}

static void completed(struct op *op)
{
	migrate_clean_up(op);
	vm_switch_run(op->vm);
}

static const struct op_step steps[] = {
	{ .name = "setup",
	  .start = migrate_start,
	  .ended = migrate_ended_setup,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION,
	  .blackout = BLACKOUT_MOVE,
	  .probed = true },
	{ .name = "migrate",
	  .ended = ended_migrate,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION },
	MIGRATE_GUEST_STEP,
	{ .name = "statistics",
	  .start = start_statistics,
	  .ended = ended_statistics,
	  .limit = LIMIT_REPLY,
	  .poll_ns = OP_POLL_NS,
	  .ours = true },
	{ .name = "bitmap-dst",
	  .wanted = migrate_wants_bitmap,
	  .start = migrate_start_bitmap_query,
	  .ended = migrate_ended_bitmap_moved,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	{ .name = "bitmap-remove",
	  .wanted = migrate_wants_bitmap,
	  .start = migrate_start_bitmap_remove,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	{ .name = "reset-dst", .start = migrate_start_reset, .limit = LIMIT_REPLY, .side = OP_DST },
	{ .name = "quit",
	  .start = op_start_quit,
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .place = OP_PLACE_SHUTDOWN },
	{ 0 },
};

const struct op_type op_type_migrate = {
	.before = migrate_setup, .steps = steps, .migrates = true, .completed = completed
};

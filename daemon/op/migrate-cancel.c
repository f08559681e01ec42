// SPDX-License-Identifier: GPL-2.0-or-later
/* migrate-cancel: a migration that is under way is cancelled; the destination goes, the guest stays. */
#include <errno.h>

#include "op/migrate.h"

/* A destination that lost its source fails, and leaves with status 1. */
static int start_cancel(struct op *op, struct err *err)
{
	(void)err;
	run_expect_failure(op->run[OP_DST]);
	op_execute(op, "migrate_cancel", NULL);
	return 0;
}

static enum op_progress ended_cancel(struct op *op, struct err *err)
{
	if (migrate_status_is(op, OP_SRC, "cancelled"))
		return OP_DONE;
	if (!migrate_status_is(op, OP_SRC, "completed") && !migrate_status_is(op, OP_SRC, "failed"))
		return OP_WAITS;
	err_set(err, -EREMOTEIO, "the migration has %s although it was cancelled",
		op->seen[OP_SRC].migration);
	return OP_FAILS;
}

static int start_reset(struct op *op, struct err *err)
{
	op->ticks = ram_ticks(run_ram(op->run[OP_SRC]));
	return migrate_start_reset(op, err);
}

static enum op_progress ended_guest(struct op *op, struct err *err)
{
	uint64_t ticks = ram_ticks(run_ram(op->run[OP_SRC]));

	(void)err;
	return ticks == 0 || ticks > op->ticks ? OP_DONE : OP_WAITS;
}

static void completed(struct op *op)
{
	migrate_clean_up(op);
	vm_drop_incoming(op->vm);
}

static const struct op_step steps[] = {
	{ .name = "setup",
	  .start = migrate_start,
	  .ended = migrate_ended_setup,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION },
	{ .name = "cancel",
	  .start = start_cancel,
	  .ended = ended_cancel,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION },
	{ .name = "destination",
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .side = OP_DST,
	  .place = OP_PLACE_SHUTDOWN },
	{ .name = "reset-src", .start = start_reset, .limit = LIMIT_REPLY },
	{ .name = "guest",
	  .ended = ended_guest,
	  .limit = LIMIT_REPLY,
	  .poll_ns = OP_POLL_NS,
	  .guest_due = true },
	{ 0 },
};

const struct op_type op_type_migrate_cancel = { .before = migrate_setup,
						.steps = steps,
						.completed = completed };

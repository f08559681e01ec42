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

enum op_progress migrate_ended_cancel(struct op *op, struct err *err)
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

void migrate_cancelled(struct op *op)
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
	  .ended = migrate_ended_cancel,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION },
	{ .name = "destination",
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .side = OP_DST,
	  .place = OP_PLACE_SHUTDOWN },
	{ .name = "reset-src", .start = start_reset, .limit = LIMIT_REPLY },
	MIGRATE_STAYS_STEP,
	{ 0 },
};

const struct op_type op_type_migrate_cancel = { .before = migrate_setup,
						.steps = steps,
						.completed = migrate_cancelled };

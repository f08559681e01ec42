// SPDX-License-Identifier: GPL-2.0-or-later
/* reset: the machine is reset, and the guest boots anew, which shows in ticks that begin again. */
#include "op/step.h"

/* A guest that was reset is told from one that was not by fewer ticks than before, so there must be
 * more of them than it can do between two samples. */
#define RESET_TICKS_MIN 100

static enum op_progress ended_ticks(struct op *op, struct err *err)
{
	(void)err;
	return ram_ticks(run_ram(op->run[OP_SRC])) >= RESET_TICKS_MIN ? OP_DONE : OP_WAITS;
}

static int start_reset(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "system_reset", NULL);
	return 0;
}

static enum op_progress ended_reset(struct op *op, struct err *err)
{
	(void)err;
	return op->seen[OP_SRC].reset ? OP_DONE : OP_WAITS;
}

static const struct op_step steps[] = {
	{ .name = "ticks",
	  .ended = ended_ticks,
	  .limit = LIMIT_BOOT,
	  .place = OP_PLACE_VCPU,
	  .poll_ns = OP_POLL_NS,
	  .ours = true },
	{ .name = "reset",
	  .start = start_reset,
	  .ended = ended_reset,
	  .limit = LIMIT_REPLY,
	  .blackout = BLACKOUT_RESET },
	{ .name = "guest",
	  .ended = op_ended_guest,
	  .limit = LIMIT_BOOT,
	  .place = OP_PLACE_VCPU,
	  .guest_due = true },
	{ 0 },
};

const struct op_type op_type_reset = { .steps = steps };

// SPDX-License-Identifier: GPL-2.0-or-later
/* Shutdown: by the command or by SIGTERM, and the process has to go and leave its images whole. */
#include "op/step.h"

static bool wants_quit(const struct op *op)
{
	return op->spec.shutdown == OP_SHUTDOWN_QUIT;
}

static bool wants_sigterm(const struct op *op)
{
	return op->spec.shutdown == OP_SHUTDOWN_SIGTERM;
}

static int start_sigterm(struct op *op, struct err *err)
{
	(void)err;
	run_terminate(op->run[OP_SRC]);
	return 0;
}

static const struct op_step steps[] = {
	{ .name = "quit",
	  .wanted = wants_quit,
	  .start = op_start_quit,
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .place = OP_PLACE_SHUTDOWN },
	{ .name = "sigterm",
	  .wanted = wants_sigterm,
	  .start = start_sigterm,
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .place = OP_PLACE_SHUTDOWN },
	{ .name = "image",
	  .wanted = op_wants_image,
	  .start = op_start_image,
	  .ended = op_ended_image,
	  .limit = LIMIT_IMAGE,
	  .place = OP_PLACE_HOST,
	  .oracle = OP_ORACLE_IMAGE,
	  .ours = true },
	{ 0 },
};

const struct op_type op_type_shutdown = { .steps = steps };

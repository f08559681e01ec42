// SPDX-License-Identifier: GPL-2.0-or-later
/* Shutdown: quit, and the process has to go. */
#include "op/step.h"

static const struct op_step steps[] = {
	{ .name = "quit",
	  .start = op_start_quit,
	  .ended = op_ended_quit,
	  .limit = LIMIT_SHUTDOWN,
	  .place = OP_PLACE_SHUTDOWN },
	{ 0 },
};

const struct op_type op_type_shutdown = { .steps = steps };

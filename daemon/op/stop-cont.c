// SPDX-License-Identifier: GPL-2.0-or-later
/* stop-cont: the guest stands and goes on, and QEMU's events, its run state and the guest agree. */
#include <errno.h>
#include <string.h>

#include "op/step.h"

static int start_status(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "query-status", NULL);
	return 0;
}

static enum op_progress check_status(struct op *op, const char *expected, struct err *err)
{
	const char *status = json_string_value(json_object_get(op->value, "status"));

	if (status && !strcmp(status, expected))
		return OP_DONE;
	err_set(err, -EPROTO, "query-status says %s, expected %s", status ? status : "nothing",
		expected);
	return OP_FAILS;
}

static enum op_progress ended_paused(struct op *op, struct err *err)
{
	return check_status(op, "paused", err);
}

static enum op_progress ended_running(struct op *op, struct err *err)
{
	return check_status(op, "running", err);
}

static const struct op_step steps[] = {
	{ .name = "stop",
	  .start = op_start_stop,
	  .ended = op_ended_stop,
	  .limit = LIMIT_REPLY,
	  .blackout = BLACKOUT_STOP },
	{ .name = "paused", .start = start_status, .ended = ended_paused, .limit = LIMIT_REPLY },
	{ .name = "cont",
	  .start = op_start_cont,
	  .ended = op_ended_cont,
	  .limit = LIMIT_REPLY,
	  .guest_due = true },
	{ .name = "running", .start = start_status, .ended = ended_running, .limit = LIMIT_REPLY },
	{ .name = "guest", .ended = op_ended_guest, .limit = LIMIT_REPLY, .guest_due = true },
	{ 0 },
};

const struct op_type op_type_stop_cont = { .steps = steps };

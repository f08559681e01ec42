// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps that several operations share: negotiation of a new run, a guest that goes on, and quit. */
#include "op/step.h"

enum op_progress op_ended_greeted(struct op *op, struct err *err)
{
	struct run *run = op->run[op->step->side];

	(void)err;
	return run && qmp_greeted(run_qmp(run)) ? OP_DONE : OP_WAITS;
}

int op_start_negotiate(struct op *op, struct err *err)
{
	struct run *run = op->run[op->step->side];

	(void)err;
	op_execute(op, "qmp_capabilities",
		   qmp_offers_oob(run_qmp(run)) ? json_pack("{s:[s]}", "enable", "oob") : NULL);
	return 0;
}

enum op_progress op_ended_negotiate(struct op *op, struct err *err)
{
	struct run *run = op->run[op->step->side];

	(void)err;
	run_set_negotiated(run, qmp_offers_oob(run_qmp(run)));
	return OP_DONE;
}

enum op_progress op_ended_guest(struct op *op, struct err *err)
{
	(void)err;
	return blackout_settled(&op->blackout) ? OP_DONE : OP_WAITS;
}

int op_start_quit(struct op *op, struct err *err)
{
	(void)err;
	run_expect_exit(op->run[OP_SRC]);
	op_execute(op, "quit", NULL);
	return 0;
}

enum op_progress op_ended_quit(struct op *op, struct err *err)
{
	const struct child_exit *how = run_exited(op->run[OP_SRC]);

	(void)err;
	/* Its last events come before its exit is reported; a bad end is then a loss. */
	return how && !how->signal && !how->status ? OP_DONE : OP_WAITS;
}

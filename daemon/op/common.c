// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps that several operations share: a new run, a guest that stands and goes on, and the end of a
 * run. */
#include <errno.h>

#include "op/step.h"

enum op_progress op_ended_greeted(struct op *op, struct err *err)
{
	struct run *run = op->run[op->step->side];

	(void)err;
	return run && qmp_greeted(run_qmp(run)) ? OP_DONE : OP_WAITS;
}

enum op_progress op_ended_arrived(struct op *op, struct err *err)
{
	(void)err;
	return run_arrived(op->run[op->step->side]) ? OP_DONE : OP_WAITS;
}

int op_start_negotiate(struct op *op, struct err *err)
{
	struct run *run = op->run[op->step->side];
	int r = run_check(run, err);

	if (r < 0)
		return r;
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

bool op_wants_schema(const struct op *op)
{
	return !schema_known(run_build(op->run[op->step->side])->schema);
}

int op_start_schema(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "query-qmp-schema", NULL);
	return 0;
}

enum op_progress op_ended_schema(struct op *op, struct err *err)
{
	struct schema *schema = run_build(op->run[op->step->side])->schema;

	schema_learn(schema, op->value);
	if (schema_known(schema))
		return OP_DONE;
	err_set(err, -EPROTO, "query-qmp-schema returned no schema");
	return OP_FAILS;
}

enum op_progress op_ended_guest(struct op *op, struct err *err)
{
	(void)err;
	return blackout_settled(&op->blackout) ? OP_DONE : OP_WAITS;
}

enum op_progress op_ended_ticks(struct op *op, struct err *err)
{
	uint64_t ticks = ram_ticks(run_ram(op->run[op->step->side]));

	(void)err;
	return ticks == 0 || ticks > op->ticks ? OP_DONE : OP_WAITS;
}

int op_start_stop(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "stop", NULL);
	return 0;
}

enum op_progress op_ended_stop(struct op *op, struct err *err)
{
	(void)err;
	return op->seen[OP_SRC].stop_peer_ns ? OP_DONE : OP_WAITS;
}

int op_start_cont(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "cont", NULL);
	return 0;
}

enum op_progress op_ended_cont(struct op *op, struct err *err)
{
	(void)err;
	return op->seen[OP_SRC].resume_peer_ns ? OP_DONE : OP_WAITS;
}

int op_start_quit(struct op *op, struct err *err)
{
	(void)err;
	run_expect_exit(op->run[OP_SRC]);
	op_execute(op, "quit", NULL);
	return 0;
}

enum op_progress op_ended_exit(struct op *op, struct err *err)
{
	(void)err;
	/* Its last events come before its exit is reported; a bad end is then a loss. */
	return run_exited_well(op->run[op->step->side]) ? OP_DONE : OP_WAITS;
}

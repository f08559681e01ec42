// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snapshot-save, -load and -delete: a job each, whose error is only in query-jobs and whose id stays
 * taken until it is dismissed. Only a job that fails is asked about: each command waits its turn
 * behind the guest's flash writes. A save and a load end when the guest goes on.
 * QEMU, qapi/migration.json and qapi/job.json.
 */
#include <errno.h>
#include <string.h>

#include "op/step.h"
#include "vm/direct.h"

/* vmstate: save and load name the node that takes the VM state. */
static json_t *job_arguments(const struct op *op, bool vmstate)
{
	json_t *arguments = json_pack("{s:s, s:s, s:[s]}", "job-id", op->job, "tag", op->spec.tag,
				      "devices", DIRECT_NODE_FLASH);

	/* The VM state node takes part as a device as well, or its own snapshot would be missing. */
	json_array_append_new(json_object_get(arguments, "devices"),
			      json_string(DIRECT_NODE_VMSTATE));
	if (vmstate)
		json_object_set_new(arguments, "vmstate", json_string(DIRECT_NODE_VMSTATE));
	return arguments;
}

static int start_save(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "snapshot-save", job_arguments(op, true));
	return 0;
}

static int start_load(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "snapshot-load", job_arguments(op, true));
	return 0;
}

static int start_delete(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "snapshot-delete", job_arguments(op, false));
	return 0;
}

static enum op_progress ended_concluded(struct op *op, struct err *err)
{
	(void)err;
	return op->seen[OP_SRC].job_concluded ? OP_DONE : OP_WAITS;
}

/* Every job that fails is aborting before it is concluded. QEMU, job.c job_completed_txn_abort(). */
static bool wants_query(const struct op *op)
{
	return op->seen[OP_SRC].job_aborting;
}

static int start_query(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "query-jobs", NULL);
	return 0;
}

static enum op_progress ended_query(struct op *op, struct err *err)
{
	json_t *job;
	size_t i;

	json_array_foreach(op->value, i, job) {
		const char *id = json_string_value(json_object_get(job, "id"));
		const char *error = json_string_value(json_object_get(job, "error"));

		if (!id || strcmp(id, op->job))
			continue;
		err_set(err, -EREMOTEIO, "the job failed: %s", error ? error : "no error given");
		return OP_FAILS;
	}
	err_set(err, -EPROTO, "query-jobs does not know the job %s, which has just concluded",
		op->job);
	return OP_FAILS;
}

static int start_dismiss(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "job-dismiss", json_pack("{s:s}", "id", op->job));
	return 0;
}

#define JOB_STEP(step_name, step_start, step_limit, step_blackout)                  \
	{                                                                           \
		.name = step_name, .start = step_start, .ended = ended_concluded,   \
		.limit = step_limit, .place = OP_PLACE_JOB, .busy_main_loop = true, \
		.blackout = step_blackout, .probed = true                           \
	}
#define RESULT_STEP                                                            \
	{                                                                      \
		.name = "result", .wanted = wants_query, .start = start_query, \
		.ended = ended_query, .limit = LIMIT_REPLY                     \
	}
#define DISMISS_STEP                                                            \
	{                                                                       \
		.name = "dismiss", .start = start_dismiss, .limit = LIMIT_REPLY \
	}

/* Not timed: how long a guest takes to its next tick is its own, and would hide what QEMU took before. Its
 * blackout says how long it stood. */
#define GUEST_STEP(step_ended)                                                  \
	{                                                                       \
		.name = "guest", .ended = step_ended, .limit = LIMIT_REPLY,     \
		.oracle = OP_ORACLE_GENERATION, .guest_due = true, .ours = true \
	}
/* So that a load can be told from none, and one tag from another. */
#define GENERATION_STEP                                                                   \
	{                                                                                 \
		.name = "generation", .ended = op_ended_generation, .limit = LIMIT_REPLY, \
		.place = OP_PLACE_VCPU, .poll_ns = OP_LOOK_NS, .ours = true               \
	}
#define STOP_STEP(step_blackout)                                                \
	{                                                                       \
		.name = "stop", .start = op_start_stop, .ended = op_ended_stop, \
		.limit = LIMIT_REPLY, .blackout = step_blackout                 \
	}
#define IMAGE_STEP                                                                     \
	{                                                                              \
		.name = "image", .wanted = op_wants_image, .start = op_start_image,    \
		.ended = op_ended_image, .limit = LIMIT_IMAGE, .place = OP_PLACE_HOST, \
		.oracle = OP_ORACLE_IMAGE, .ours = true                                \
	}
#define CONT_STEP                                                               \
	{                                                                       \
		.name = "cont", .start = op_start_cont, .ended = op_ended_cont, \
		.limit = LIMIT_REPLY                                            \
	}

static const struct op_step save_steps[] = {
	GENERATION_STEP,
	JOB_STEP("save", start_save, LIMIT_SAVE, BLACKOUT_STOP),
	RESULT_STEP,
	DISMISS_STEP,
	GUEST_STEP(op_ended_guest),
	{ 0 },
};

static const struct op_step save_verify_steps[] = {
	GENERATION_STEP,
	STOP_STEP(BLACKOUT_STOP),
	JOB_STEP("save", start_save, LIMIT_SAVE, BLACKOUT_NONE),
	RESULT_STEP,
	DISMISS_STEP,
	IMAGE_STEP,
	CONT_STEP,
	GUEST_STEP(op_ended_guest),
	{ 0 },
};

static const struct op_step load_steps[] = {
	GENERATION_STEP,
	JOB_STEP("load", start_load, LIMIT_LOAD, BLACKOUT_LOAD),
	RESULT_STEP,
	DISMISS_STEP,
	GUEST_STEP(op_ended_loaded),
	{ 0 },
};

static const struct op_step load_verify_steps[] = {
	GENERATION_STEP,
	STOP_STEP(BLACKOUT_LOAD),
	JOB_STEP("load", start_load, LIMIT_LOAD, BLACKOUT_NONE),
	RESULT_STEP,
	DISMISS_STEP,
	IMAGE_STEP,
	CONT_STEP,
	GUEST_STEP(op_ended_loaded),
	{ 0 },
};

static const struct op_step delete_steps[] = {
	JOB_STEP("delete", start_delete, LIMIT_DELETE, BLACKOUT_WATCH),
	RESULT_STEP,
	DISMISS_STEP,
	{ 0 },
};

static void saved(struct op *op)
{
	vm_generation_saved(op->vm);
}

const struct op_type op_type_snapshot_save = { .steps = save_steps, .completed = saved };
const struct op_type op_type_snapshot_save_verify = { .steps = save_verify_steps,
						      .completed = saved };
const struct op_type op_type_snapshot_load = { .steps = load_steps };
const struct op_type op_type_snapshot_load_verify = { .steps = load_verify_steps };
const struct op_type op_type_snapshot_delete = { .steps = delete_steps };

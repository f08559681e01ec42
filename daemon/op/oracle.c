// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Oracles that operations ask: the guest's generation, and its images. Without telemetry there is
 * nothing to ask, and the step ends well.
 */
#include <errno.h>
#include <inttypes.h>

#include "op/step.h"

enum op_progress op_ended_generation(struct op *op, struct err *err)
{
	(void)err;
	return vm_ask_generation(op->vm) ? OP_DONE : OP_WAITS;
}

enum op_progress op_ended_loaded(struct op *op, struct err *err)
{
	uint64_t saved = vm_saved_generation(op->vm);
	struct telemetry telemetry;

	if (op_ended_guest(op, err) == OP_WAITS)
		return OP_WAITS;
	if (!ram_sample(run_ram(op->run[op->step->side]), &telemetry) ||
	    telemetry.generation == saved)
		return OP_DONE;
	err_set(err, -EILSEQ,
		"the snapshot was saved with generation %" PRIu64 ", and the guest has %" PRIu64
		" after the load",
		saved, telemetry.generation);
	return OP_DIFFERS;
}

enum op_progress op_ended_moved(struct op *op, struct err *err)
{
	struct telemetry source, destination;

	if (op_ended_guest(op, err) == OP_WAITS)
		return OP_WAITS;
	if (!ram_sample(run_ram(op->run[OP_SRC]), &source) ||
	    !ram_sample(run_ram(op->run[OP_DST]), &destination) ||
	    destination.generation >= source.generation)
		return OP_DONE;
	err_set(err, -EILSEQ,
		"the source's guest has generation %" PRIu64 ", and the destination's %" PRIu64
		" after the migration",
		source.generation, destination.generation);
	return OP_DIFFERS;
}

bool op_wants_image(const struct op *op)
{
	return image_check_possible(run_ram(op->run[OP_SRC]));
}

static void image_done(void *ctx, enum image_verdict verdict, const struct err *err)
{
	static const enum op_progress progress[] = {
		[IMAGE_SAME] = OP_DONE,
		[IMAGE_DIFFERS] = OP_DIFFERS,
		[IMAGE_UNKNOWN] = OP_CANNOT,
	};
	struct op *op = ctx;

	op->image_progress = progress[verdict];
	op->image_err = *err;
	op_look(op);
}

int op_start_image(struct op *op, struct err *err)
{
	const struct run *run = op->run[OP_SRC];
	struct image_check_spec spec = {
		.folder = vm_folder(op->vm),
		.tag = op->spec.tag[0] ? op->spec.tag : NULL,
		.ram = run_ram(run),
		.in_use = !run_exited(run),
		.done = image_done,
		.ctx = op,
	};

	return image_check_start(op->loop, &spec, &op->image, err);
}

enum op_progress op_ended_image(struct op *op, struct err *err)
{
	if (op->image_progress >= OP_FAILS)
		*err = op->image_err;
	return op->image_progress;
}

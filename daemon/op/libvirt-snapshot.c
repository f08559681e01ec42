// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots as libvirt makes them. An internal one is QEMU's savevm, of all images that QEMU writes to, the flash
 * included; it is reverted to by another QEMU (libvirt 9.0), and deleted. An external one of memory is a migration into
 * a file beside the running guest.
 */
#include <unistd.h>

#include "base/mem.h"
#include "op/migrate.h"
#include "vm/libvirt.h"

#define MEMORY_FILE "memory.snapshot"

/* By savevm's own STOP and RESUME. */
static void stamps_of_stall(const struct op *op, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
	*ret_from_ns = op->seen[OP_SRC].stop_peer_ns;
	*ret_to_ns = op->seen[OP_SRC].resume_peer_ns;
}

/* --- internal */

static int start_create(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "qsoak-snapshot-internal", NULL);
	return 0;
}

static enum op_progress ended_create(struct op *op, struct err *err)
{
	if (op_ended_cont(op, err) == OP_WAITS)
		return OP_WAITS;
	vm_generation_saved(op->vm);
	return OP_DONE;
}

static int start_successor(struct op *op, struct err *err)
{
	return op_spawn_destination(op, VM_SAME_HOST, err);
}

static int start_revert(struct op *op, struct err *err)
{
	(void)err;
	run_expect_exit(op->run[OP_SRC]);
	op_execute(op, "qsoak-snapshot-revert", NULL);
	return 0;
}

static int start_delete(struct op *op, struct err *err)
{
	(void)err;
	op->ticks = ram_ticks(run_ram(op->run[OP_DST]));
	op_execute(op, "qsoak-snapshot-delete", NULL);
	return 0;
}

static enum op_progress ended_reverted(struct op *op, struct err *err)
{
	return op_ended_ticks(op, err) == OP_WAITS ? OP_WAITS : op_ended_loaded(op, err);
}

static void reverted(struct op *op)
{
	vm_switch_run(op->vm);
}

#define GENERATION_STEP                                                                   \
	{                                                                                 \
		.name = "generation", .ended = op_ended_generation, .limit = LIMIT_REPLY, \
		.place = OP_PLACE_VCPU, .poll_ns = OP_LOOK_NS, .ours = true               \
	}

static const struct op_step internal_steps[] = {
	GENERATION_STEP,
	{ .name = "save",
	  .start = start_create,
	  .ended = ended_create,
	  .limit = LIMIT_SAVE,
	  .place = OP_PLACE_MONITOR,
	  .busy_main_loop = true,
	  .blackout = BLACKOUT_STOP },
	{ .name = "guest-saved",
	  .ended = op_ended_guest,
	  .limit = LIMIT_REPLY,
	  .guest_due = true,
	  .ours = true },
	/* So that a revert can be told from none. */
	GENERATION_STEP,
	LIBVIRT_CONNECT_STEP(start_successor),
	{ .name = "revert", .start = start_revert, .limit = LIMIT_LOAD, .side = OP_DST },
	{ .name = "exit",
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .place = OP_PLACE_SHUTDOWN },
	LIBVIRT_ARRIVE_STEP,
	LIBVIRT_NEGOTIATE_STEP,
	{ .name = "delete",
	  .start = start_delete,
	  .limit = LIMIT_DELETE,
	  .side = OP_DST,
	  .busy_main_loop = true },
	{ .name = "guest",
	  .ended = ended_reverted,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST,
	  .poll_ns = OP_POLL_NS,
	  .oracle = OP_ORACLE_GENERATION,
	  .guest_due = true,
	  .ours = true },
	{ 0 },
};

const struct op_type op_type_libvirt_snapshot_internal = {
	.steps = internal_steps,
	.stamps = stamps_of_stall,
	.completed = reverted,
};

/* --- external */

/* The caller frees. */
static char *memory_file(const struct op *op)
{
	return mem_printf("%s/" MEMORY_FILE, vm_folder(op->vm));
}

static int start_external(struct op *op, struct err *err)
{
	auto_free char *file = memory_file(op);
	json_t *arguments = json_pack("{s:s}", "file", file);

	(void)err;
	if (vm_spec(op->vm)->machine->disk_bytes)
		json_object_set_new(arguments, "disk", json_string(LIBVIRT_DISK_TARGET));
	op_execute(op, "qsoak-snapshot-external", arguments);
	return 0;
}

static void taken(struct op *op)
{
	auto_free char *file = memory_file(op);

	unlink(file);
}

static const struct op_step external_steps[] = {
	{ .name = "save",
	  .start = start_external,
	  .ended = op_ended_cont,
	  .limit = LIMIT_SAVE,
	  .place = OP_PLACE_MIGRATION,
	  .blackout = BLACKOUT_STOP },
	{ .name = "guest",
	  .ended = op_ended_guest,
	  .limit = LIMIT_REPLY,
	  .guest_due = true,
	  .ours = true },
	{ 0 },
};

const struct op_type op_type_libvirt_snapshot_external = {
	.steps = external_steps,
	.migrates = true,
	.completed = taken,
};

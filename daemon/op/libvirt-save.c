// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libvirt-save-restore: the domain goes into a file, its QEMU ends, and another one goes on from that. libvirt stops
 * the guest for all of it, and migrates into the file. Managed save is the same with a file of libvirt's own choice,
 * which domains that are transient may not have.
 */
#include <unistd.h>

#include "base/mem.h"
#include "op/migrate.h"

#define SAVE_FILE "domain.save"

/* The caller frees. */
static char *save_file(const struct op *op)
{
	return mem_printf("%s/" SAVE_FILE, vm_folder(op->vm));
}

static int start_successor(struct op *op, struct err *err)
{
	return op_spawn_destination(op, VM_SAME_HOST, err);
}

static void execute(struct op *op, const char *command)
{
	auto_free char *file = save_file(op);

	op_execute(op, command, json_pack("{s:s}", "file", file));
}

static int start_save(struct op *op, struct err *err)
{
	(void)err;
	run_expect_exit(op->run[OP_SRC]);
	execute(op, "qsoak-save");
	return 0;
}

static int start_restore(struct op *op, struct err *err)
{
	(void)err;
	execute(op, "qsoak-restore");
	return 0;
}

static void stamps(const struct op *op, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
	*ret_from_ns = op->seen[OP_SRC].stop_peer_ns;
	*ret_to_ns = op->seen[OP_DST].resume_peer_ns;
}

static void completed(struct op *op)
{
	auto_free char *file = save_file(op);

	unlink(file);
	vm_switch_run(op->vm);
}

static const struct op_step steps[] = {
	LIBVIRT_CONNECT_STEP(start_successor),
	{ .name = "save",
	  .start = start_save,
	  .ended = op_ended_exit,
	  .limit = LIMIT_SAVE,
	  .place = OP_PLACE_MIGRATION,
	  .blackout = BLACKOUT_MOVE },
	{ .name = "restore",
	  .start = start_restore,
	  .limit = LIMIT_LOAD,
	  .side = OP_DST,
	  .place = OP_PLACE_MIGRATION },
	LIBVIRT_ARRIVE_STEP,
	LIBVIRT_NEGOTIATE_STEP,
	MIGRATE_GUEST_STEP,
	{ 0 },
};

const struct op_type op_type_libvirt_save_restore = {
	.steps = steps,
	.stamps = stamps,
	.completed = completed,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* Boot: spawn QEMU, negotiate QMP, wait for the guest's first tick. */
#include <errno.h>

#include "op/step.h"

static int start_spawn(struct op *op, struct err *err)
{
	int r = vm_start_run(op->vm, vm_spec(op->vm)->build, VM_NEXT_HOST, err);

	if (r == 0)
		op_join(op, OP_SRC, vm_run(op->vm));
	return r;
}

static enum op_progress ended_ticks(struct op *op, struct err *err)
{
	const struct ram *ram = run_ram(op->run[OP_SRC]);
	enum telemetry_fault fault = ram_fault(ram);

	if (ram_ticks(ram) > 0)
		return OP_DONE;
	if (fault == TELEMETRY_FAULT_NONE || fault == TELEMETRY_FAULT_VCPUS_MISSING)
		return OP_WAITS;
	err_set(err, -EIO, "the guest says that it cannot run: %s", telemetry_fault_name(fault));
	return OP_FAILS;
}

/* Once it is there; of a guest on another host QEMU's word has to do. */
static bool sees_guest(const struct op *op)
{
	return ram_fd(run_ram(op->run[OP_SRC])) >= 0;
}

static const struct op_step direct_steps[] = {
	{ .name = "spawn", .start = start_spawn, .ended = op_ended_greeted, .limit = LIMIT_BOOT },
	{ 0 },
};

/* libvirt has to be there, and starts the domain. */
static const struct op_step libvirt_steps[] = {
	{ .name = "connect",
	  .start = start_spawn,
	  .ended = op_ended_greeted,
	  .limit = LIMIT_LIBVIRT,
	  .place = OP_PLACE_HOST,
	  .ours = true },
	{ .name = "spawn", .ended = op_ended_arrived, .limit = LIMIT_BOOT },
	{ 0 },
};

static const struct op_step steps[] = {
	{ .name = "negotiate",
	  .start = op_start_negotiate,
	  .ended = op_ended_negotiate,
	  .limit = LIMIT_REPLY },
	{ .name = "guest",
	  .wanted = sees_guest,
	  .ended = ended_ticks,
	  .limit = LIMIT_BOOT,
	  .place = OP_PLACE_VCPU,
	  .poll_ns = OP_LOOK_NS },
	/* The first boot of a build would take longer than the others. */
	{ .name = "schema",
	  .wanted = op_wants_schema,
	  .start = op_start_schema,
	  .ended = op_ended_schema,
	  .limit = LIMIT_REPLY,
	  .ours = true },
	{ 0 },
};

const struct op_type op_type_boot = { .before = direct_steps, .steps = steps };
const struct op_type op_type_boot_libvirt = { .before = libvirt_steps, .steps = steps };

// SPDX-License-Identifier: GPL-2.0-or-later
/* migrate by libvirt, which sets both sides up, starts the destination and ends the source. */
#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"
#include "op/migrate.h"

/* Of libvirt's mebibytes a second the fewest, and no downtime to speak of: a guest that writes is never moved. */
#define CANCEL_BANDWIDTH_BYTES (1 << 20)
#define CANCEL_DOWNTIME_LIMIT_MS 1

/* The caller steals. */
static json_t *migrate_arguments(const struct op *op, int64_t bandwidth_bytes,
				 int64_t downtime_limit_ms)
{
	const struct op_migration *how = &op->spec.migration;
	const struct run *dst = op->run[OP_DST];
	json_t *arguments = json_pack(
		"{s:s, s:i, s:I, s:I, s:b}", "uri",
		how->peer_to_peer ? run_peer_uri(dst) : run_uri(dst), "channels",
		(int)how->channels, "bandwidth", (json_int_t)bandwidth_bytes, "downtime-limit",
		(json_int_t)downtime_limit_ms, "peer-to-peer", (int)how->peer_to_peer);

	/* libvirt itself takes the domain along as it is. */
	if (run_build(dst) != run_build(op->run[OP_SRC]))
		json_object_set_new(arguments, "xml", json_string(run_domain_xml(dst)));
	return arguments;
}

static int start_migrate(struct op *op, struct err *err)
{
	const struct op_migration *how = &op->spec.migration;

	(void)err;
	op->command = migrate_source_moment(op);
	run_expect_exit(op->run[OP_SRC]);
	op_execute(op, "qsoak-migrate",
		   migrate_arguments(op, how->bandwidth_bytes,
				     how->downtime_limit_ns / CLOCK_NS_PER_MS));
	return 0;
}

static int start_statistics(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "qsoak-migrated", NULL);
	return 0;
}

/* By QEMU's own counts. */
static enum op_progress ended_statistics(struct op *op, struct err *err)
{
	static const char *const names[] = { "setup_ms", "downtime_ms", "transferred_bytes",
					     "passes" };

	(void)err;
	migrate_measure(op);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(op->value, names[i]);

		if (json_is_number(value))
			op_measure(op, names[i], json_number_value(value));
	}
	return OP_DONE;
}

static void completed(struct op *op)
{
	vm_switch_run(op->vm);
}

static const struct op_step steps[] = {
	LIBVIRT_CONNECT_STEP(migrate_start_spawn),
	{ .name = "migrate",
	  .start = start_migrate,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION,
	  .blackout = BLACKOUT_MOVE },
	LIBVIRT_ARRIVE_STEP,
	LIBVIRT_NEGOTIATE_STEP,
	MIGRATE_GUEST_STEP,
	{ .name = "statistics",
	  .start = start_statistics,
	  .ended = ended_statistics,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST,
	  .ours = true },
	{ .name = "exit",
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .place = OP_PLACE_SHUTDOWN },
	{ 0 },
};

const struct op_type op_type_migrate_libvirt = {
	.steps = steps,
	.migrates = true,
	.completed = completed,
};

/* --- migrate-cancel */

/* Its error is libvirt's word for what we ask for; an end that is none is told by what QEMU says. */
static void call_ended(void *ctx, const struct qmp_reply *reply)
{
	struct op *op = ctx;

	op->call_ended = true;
	if (reply->error)
		err_set(&op->call_err, -EREMOTEIO, "%s", reply->error);
	if (reply->unsupported)
		op_refused(op, reply);
	else
		op_look(op);
}

/* Its answer comes after the cancellation. */
static int start_to_cancel(struct op *op, struct err *err)
{
	(void)err;
	qmp_execute(run_qmp(op->run[OP_SRC]), "qsoak-migrate",
		    migrate_arguments(op, CANCEL_BANDWIDTH_BYTES, CANCEL_DOWNTIME_LIMIT_MS), false,
		    call_ended, op);
	return 0;
}

static enum op_progress ended_under_way(struct op *op, struct err *err)
{
	if (op->call_ended && !migrate_status_is(op, OP_SRC, "active")) {
		err_set(err, -EREMOTEIO, "the migration has ended before it was cancelled%s%s",
			op->call_err.code ? ": " : "", op->call_err.text);
		return OP_FAILS;
	}
	return migrate_ended_setup(op, err);
}

static int start_abort(struct op *op, struct err *err)
{
	(void)err;
	run_expect_failure(op->run[OP_DST]);
	op_execute(op, "qsoak-abort", NULL);
	return 0;
}

static enum op_progress ended_abort(struct op *op, struct err *err)
{
	return op->call_ended ? migrate_ended_cancel(op, err) : OP_WAITS;
}

/* libvirt has ended the domain there; who would have spoken for it goes, too. */
static int start_dismissal(struct op *op, struct err *err)
{
	(void)err;
	op->ticks = ram_ticks(run_ram(op->run[OP_SRC]));
	run_terminate(op->run[OP_DST]);
	return 0;
}

static const struct op_step cancel_steps[] = {
	LIBVIRT_CONNECT_STEP(migrate_start_spawn),
	{ .name = "setup",
	  .start = start_to_cancel,
	  .ended = ended_under_way,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION },
	{ .name = "cancel",
	  .start = start_abort,
	  .ended = ended_abort,
	  .limit = LIMIT_MIGRATE,
	  .place = OP_PLACE_MIGRATION },
	{ .name = "destination",
	  .start = start_dismissal,
	  .ended = op_ended_exit,
	  .limit = LIMIT_SHUTDOWN,
	  .side = OP_DST,
	  .place = OP_PLACE_SHUTDOWN },
	MIGRATE_STAYS_STEP,
	{ 0 },
};

const struct op_type op_type_migrate_cancel_libvirt = { .steps = cancel_steps,
							.migrates = true,
							.completed = migrate_cancelled };

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * migrate: a destination beside the source, multifd over a unix socket in the VM's folder, and the
 * source is asked to go once the guest runs in the destination. QEMU, docs/devel/migration.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "op/step.h"

/* Relative to QEMU's working directory, so its length does not depend on where the state lies. */
#define MIGRATE_SOCKET "migrate.sock"

static int start_spawn(struct op *op, struct err *err)
{
	int r = vm_start_run(op->vm, err);

	if (r == 0)
		op_join(op, OP_DST, vm_incoming(op->vm));
	return r;
}

static void set_capabilities(struct op *op, bool multifd)
{
	op_execute(op, "migrate-set-capabilities",
		   json_pack("{s:[{s:s, s:b}, {s:s, s:b}]}", "capabilities", "capability", "events",
			     "state", 1, "capability", "multifd", "state", (int)multifd));
}

static int start_capabilities(struct op *op, struct err *err)
{
	(void)err;
	set_capabilities(op, true);
	return 0;
}

/* Capabilities outlive the migration, and snapshot-save is a migration inside QEMU: with multifd
 * still on, 7.2 crashes in it (multifd_send_sync_main() without channels). */
static int start_reset(struct op *op, struct err *err)
{
	(void)err;
	set_capabilities(op, false);
	return 0;
}

static int start_parameters(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "migrate-set-parameters",
		   json_pack("{s:i}", "multifd-channels", (int)op->spec.channels));
	return 0;
}

static int start_listen(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "migrate-incoming", json_pack("{s:s}", "uri", "unix:" MIGRATE_SOCKET));
	return 0;
}

static int start_migrate(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "migrate", json_pack("{s:s}", "uri", "unix:" MIGRATE_SOCKET));
	return 0;
}

static enum op_progress ended_migrate(struct op *op, struct err *err)
{
	bool completed = true;

	for (int side = 0; side < OP_SIDE_COUNT; side++) {
		const char *status = op->seen[side].migration;

		if (!strcmp(status, "failed") || !strcmp(status, "cancelled")) {
			err_set(err, -EREMOTEIO, "the %s says that the migration has %s",
				side == OP_SRC ? "source" : "destination", status);
			return OP_FAILS;
		}
		completed = completed && !strcmp(status, "completed");
	}
	return completed && op->seen[OP_DST].resume_peer_ns ? OP_DONE : OP_WAITS;
}

static int start_statistics(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "query-migrate", NULL);
	return 0;
}

/* Right after "completed" the figures may still be 0. */
static enum op_progress ended_statistics(struct op *op, struct err *err)
{
	static const struct {
		const char *group, *field, *name;
	} figures[] = {
		{ NULL, "setup-time", "setup_ms" },
		{ NULL, "downtime", "downtime_ms" },
		{ NULL, "total-time", "total_ms" },
		{ "ram", "transferred", "transferred_bytes" },
		{ "ram", "mbps", "throughput_mbps" },
		{ "ram", "dirty-sync-count", "passes" },
		{ "ram", "multifd-bytes", "multifd_bytes" },
	};

	(void)err;
	if (json_integer_value(json_object_get(op->value, "total-time")) <= 0)
		return OP_WAITS;
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		json_t *group =
			figures[i].group ? json_object_get(op->value, figures[i].group) : op->value;
		json_t *figure = json_object_get(group, figures[i].field);

		if (json_is_number(figure))
			op_measure(op, figures[i].name, json_number_value(figure));
	}
	return OP_DONE;
}

static void completed(struct op *op)
{
	auto_free char *path = mem_printf("%s/" MIGRATE_SOCKET, vm_folder(op->vm));

	unlink(path);
	vm_switch_run(op->vm);
}

static const struct op_step steps[] = {
	{ .name = "spawn",
	  .start = start_spawn,
	  .ended = op_ended_greeted,
	  .limit = LIMIT_BOOT,
	  .side = OP_DST },
	{ .name = "negotiate",
	  .start = op_start_negotiate,
	  .ended = op_ended_negotiate,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	{ .name = "capabilities-dst",
	  .start = start_capabilities,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	{ .name = "parameters-dst",
	  .start = start_parameters,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	{ .name = "listen", .start = start_listen, .limit = LIMIT_REPLY, .side = OP_DST },
	{ .name = "capabilities-src",
	  .start = start_capabilities,
	  .limit = LIMIT_REPLY,
	  .side = OP_SRC },
	{ .name = "parameters-src",
	  .start = start_parameters,
	  .limit = LIMIT_REPLY,
	  .side = OP_SRC },
	{ .name = "migrate",
	  .start = start_migrate,
	  .ended = ended_migrate,
	  .limit = LIMIT_MIGRATE,
	  .side = OP_SRC,
	  .place = OP_PLACE_MIGRATION,
	  .blackout = BLACKOUT_MOVE },
	{ .name = "guest", .ended = op_ended_guest, .limit = LIMIT_REPLY, .side = OP_DST },
	{ .name = "statistics",
	  .start = start_statistics,
	  .ended = ended_statistics,
	  .limit = LIMIT_REPLY,
	  .side = OP_SRC,
	  .polls = true },
	{ .name = "reset-dst", .start = start_reset, .limit = LIMIT_REPLY, .side = OP_DST },
	{ .name = "quit",
	  .start = op_start_quit,
	  .ended = op_ended_quit,
	  .limit = LIMIT_SHUTDOWN,
	  .side = OP_SRC,
	  .place = OP_PLACE_SHUTDOWN },
	{ 0 },
};

const struct op_type op_type_migrate = { .steps = steps, .completed = completed };

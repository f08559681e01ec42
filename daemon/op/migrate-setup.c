// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both sides of a migration are made ready. What one of them cannot do is found here, by its
 * schema, and not by an error or a hang later. QEMU, docs/devel/migration and qapi/migration.json.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "op/migrate.h"

/* Relative to QEMU's working directory, so its length does not depend on where the state lies. */
#define SOCKET_NAME "migrate.sock"

/* So little that a migration that shall be cancelled cannot end before; QEMU takes a tenth of it
 * for each 100 ms, and 0 for no limit. */
#define CANCEL_BANDWIDTH_BYTES 1024

#define SET_CAPABILITIES "migrate-set-capabilities"
#define SET_PARAMETERS "migrate-set-parameters"

struct brownout_moment migrate_source_moment(const struct op *op)
{
	return (struct brownout_moment){ clock_now_ns(), ram_ticks(run_ram(op->run[OP_SRC])) };
}

int op_spawn_destination(struct op *op, enum vm_destination destination, struct err *err)
{
	const struct build *build = op->spec.destination;
	int r = vm_start_run(op->vm, build ? build : run_build(op->run[OP_SRC]), destination, err);

	if (r == 0)
		op_join(op, OP_DST, vm_incoming(op->vm));
	return r;
}

int migrate_start_spawn(struct op *op, struct err *err)
{
	op->begin = migrate_source_moment(op);
	return op_spawn_destination(op, op->spec.migration.block ? VM_OWN_IMAGES : VM_NEXT_HOST,
				    err);
}

static bool wants_events(const struct op_migration *how)
{
	(void)how;
	return true;
}

static bool wants_multifd(const struct op_migration *how)
{
	return how->channels > 0;
}

static bool wants_dirty_bitmaps(const struct op_migration *how)
{
	return how->dirty_bitmaps;
}

static bool wants_block(const struct op_migration *how)
{
	return how->block;
}

static bool lacks(const struct build *build, const char *what, const char *which, struct err *err)
{
	err_set(err, -EOPNOTSUPP, "build %s (%s) has no %s %s, says its query-qmp-schema",
		build->spec.name, build->version, what, which);
	return true;
}

static bool has_capability(const struct build *build, const char *capability)
{
	auto_free char *path = mem_printf("capabilities/capability/%s", capability);

	return schema_takes(build->schema, SET_CAPABILITIES, path);
}

/* Of migrate-set-capabilities. All are set each time: they outlive a migration. */
static const struct {
	const char *name;
	bool (*wanted)(const struct op_migration *how);
} capabilities[] = {
	{ "events", wants_events },
	{ "multifd", wants_multifd },
	{ "dirty-bitmaps", wants_dirty_bitmaps },
	{ "block", wants_block },
};

bool op_lacks(const struct build *build, const struct op_migration *how, struct err *err)
{
	const char *method = op_compression_name(how->compression);
	auto_free char *compression = mem_printf("multifd-compression/%s", method);

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (capabilities[i].wanted(how) && !has_capability(build, capabilities[i].name))
			return lacks(build, "migration capability", capabilities[i].name, err);
	if (how->compression && !schema_takes(build->schema, SET_PARAMETERS, compression))
		return lacks(build, "multifd compression", method, err);
	return false;
}

static enum op_progress ended_check(struct op *op, struct err *err)
{
	const struct op_migration *how = &op->spec.migration;
	const struct build *dst = run_build(op->run[OP_DST]);

	/* What the destination lacks is known only now, if it is the first of its build. */
	if (op_lacks(run_build(op->run[OP_SRC]), how, err) || op_lacks(dst, how, err))
		return op->spec.optional ? OP_GIVES_UP : OP_FAILS;
	if (how->transport == OP_TRANSPORT_TCP &&
	    !schema_returns(dst->schema, "query-migrate", "socket-address/port")) {
		lacks(dst, "member of query-migrate", "socket-address", err);
		return OP_FAILS;
	}
	return OP_DONE;
}

static void set_capabilities(struct op *op, const struct op_migration *how)
{
	const struct build *build = run_build(op->run[op->step->side]);
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (has_capability(build, capabilities[i].name))
			json_array_append_new(list, json_pack("{s:s, s:b}", "capability",
							      capabilities[i].name, "state",
							      (int)capabilities[i].wanted(how)));
	op_execute(op, SET_CAPABILITIES, json_pack("{s:o}", "capabilities", list));
}

static int start_capabilities(struct op *op, struct err *err)
{
	(void)err;
	set_capabilities(op, &op->spec.migration);
	return 0;
}

int migrate_start_reset(struct op *op, struct err *err)
{
	static const struct op_migration none;

	(void)err;
	set_capabilities(op, &none);
	return 0;
}

static int start_parameters(struct op *op, struct err *err)
{
	const struct op_migration *how = &op->spec.migration;
	const struct schema *schema = run_build(op->run[op->step->side])->schema;
	bool cancels = op->spec.kind == OP_MIGRATE_CANCEL;
	json_t *parameters =
		json_pack("{s:I, s:I}", "max-bandwidth",
			  (json_int_t)(cancels ? CANCEL_BANDWIDTH_BYTES : how->bandwidth_bytes),
			  "downtime-limit", (json_int_t)(how->downtime_limit_ns / CLOCK_NS_PER_MS));

	(void)err;
	if (how->channels)
		json_object_set_new(parameters, "multifd-channels",
				    json_integer((json_int_t)how->channels));
	/* The last migration's method would stay. */
	if (how->channels && schema_takes(schema, SET_PARAMETERS, "multifd-compression"))
		json_object_set_new(parameters, "multifd-compression",
				    json_string(op_compression_name(how->compression)));
	op_execute(op, SET_PARAMETERS, parameters);
	return 0;
}

/* By TCP the destination chooses the port: whatever we chose, another one might have it. */
static int start_listen(struct op *op, struct err *err)
{
	bool tcp = op->spec.migration.transport == OP_TRANSPORT_TCP;

	(void)err;
	snprintf(op->uri, sizeof(op->uri), "%s", tcp ? "tcp:127.0.0.1:0" : "unix:" SOCKET_NAME);
	op_execute(op, "migrate-incoming", json_pack("{s:s}", "uri", op->uri));
	return 0;
}

static bool wants_address(const struct op *op)
{
	return op->spec.migration.transport == OP_TRANSPORT_TCP;
}

static int start_address(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "query-migrate", NULL);
	return 0;
}

static enum op_progress ended_address(struct op *op, struct err *err)
{
	json_t *addresses = json_object_get(op->value, "socket-address"), *address;
	size_t i;

	(void)err;
	json_array_foreach(addresses, i, address) {
		const char *port = json_string_value(json_object_get(address, "port"));

		if (!port || strlen(port) > 5 || port[strspn(port, "0123456789")])
			continue;
		snprintf(op->uri, sizeof(op->uri), "tcp:127.0.0.1:%s", port);
		return OP_DONE;
	}
	return OP_WAITS;
}

const struct op_step migrate_setup[] = {
	{ .name = "spawn",
	  .start = migrate_start_spawn,
	  .ended = op_ended_greeted,
	  .limit = LIMIT_BOOT,
	  .side = OP_DST },
	{ .name = "negotiate",
	  .start = op_start_negotiate,
	  .ended = op_ended_negotiate,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	{ .name = "schema",
	  .wanted = op_wants_schema,
	  .start = op_start_schema,
	  .ended = op_ended_schema,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST,
	  .ours = true },
	{ .name = "check", .ended = ended_check, .limit = LIMIT_REPLY },
	{ .name = "capabilities-dst",
	  .start = start_capabilities,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	{ .name = "parameters-dst",
	  .start = start_parameters,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST },
	{ .name = "listen", .start = start_listen, .limit = LIMIT_REPLY, .side = OP_DST },
	{ .name = "address",
	  .wanted = wants_address,
	  .start = start_address,
	  .ended = ended_address,
	  .limit = LIMIT_REPLY,
	  .side = OP_DST,
	  .poll_ns = OP_POLL_NS },
	{ .name = "bitmap-add",
	  .wanted = migrate_wants_bitmap,
	  .start = migrate_start_bitmap_add,
	  .limit = LIMIT_REPLY },
	{ .name = "bitmap-fill",
	  .wanted = migrate_wants_bitmap,
	  .start = migrate_start_bitmap_fill,
	  .ended = migrate_ended_bitmap_fill,
	  .limit = LIMIT_REPLY },
	{ .name = "bitmap-src",
	  .wanted = migrate_wants_bitmap,
	  .start = migrate_start_bitmap_query,
	  .ended = migrate_ended_bitmap_made,
	  .limit = LIMIT_REPLY },
	{ .name = "capabilities-src", .start = start_capabilities, .limit = LIMIT_REPLY },
	{ .name = "parameters-src", .start = start_parameters, .limit = LIMIT_REPLY },
	{ 0 },
};

int migrate_start(struct op *op, struct err *err)
{
	const char *folder = strrchr(vm_incoming_folder(op->vm), '/') + 1;

	(void)err;
	/* As the source sees it, which works elsewhere. */
	if (op->spec.migration.block && op->spec.migration.transport == OP_TRANSPORT_UNIX)
		snprintf(op->uri, sizeof(op->uri), "unix:../%s/" SOCKET_NAME, folder);
	op->command = migrate_source_moment(op);
	op_execute(op, "migrate", json_pack("{s:s}", "uri", op->uri));
	return 0;
}

enum op_progress migrate_ended_setup(struct op *op, struct err *err)
{
	const char *status = op->seen[OP_SRC].migration;
	enum op_progress progress = migrate_check_status(op, err);

	/* Statuses are an open set; these are the ones before it is under way. */
	return progress == OP_WAITS && *status && strcmp(status, "setup") &&
			       strcmp(status, "wait-unplug")
		       ? OP_DONE
		       : progress;
}

bool migrate_status_is(const struct op *op, enum op_side side, const char *status)
{
	return !strcmp(op->seen[side].migration, status);
}

enum op_progress migrate_check_status(struct op *op, struct err *err)
{
	static const char *const ends[] = { "failed", "cancelled" };

	for (int side = 0; side < OP_SIDE_COUNT; side++) {
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			if (!migrate_status_is(op, side, ends[i]))
				continue;
			err_set(err, -EREMOTEIO, "the %s says that the migration has %s",
				side == OP_SRC ? "source" : "destination", ends[i]);
			return OP_FAILS;
		}
	}
	return OP_WAITS;
}

void migrate_clean_up(struct op *op)
{
	auto_free char *path = mem_printf("%s/" SOCKET_NAME, vm_folder(op->vm));

	unlink(path);
}

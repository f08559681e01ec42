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
#define UNIX_URI "unix:" SOCKET_NAME

/* So little that a migration that shall be cancelled cannot end before; QEMU takes a tenth of it
 * for each 100 ms, and 0 for no limit. */
#define CANCEL_BANDWIDTH_BYTES 1024

#define SET_CAPABILITIES "migrate-set-capabilities"
#define SET_PARAMETERS "migrate-set-parameters"

static int start_spawn(struct op *op, struct err *err)
{
	const struct build *build = op->spec.destination;
	int r = vm_start_run(op->vm, build ? build : run_build(op->run[OP_SRC]), err);

	if (r == 0)
		op_join(op, OP_DST, vm_incoming(op->vm));
	return r;
}

static enum op_progress lacks(const struct build *build, const char *what, const char *which,
			      struct err *err)
{
	err_set(err, -EOPNOTSUPP, "build %s (%s) has no %s %s, says its query-qmp-schema",
		build->spec.name, build->version, what, which);
	return OP_FAILS;
}

static enum op_progress check_build(const struct op *op, const struct build *build, struct err *err)
{
	const struct op_migration *how = &op->spec.migration;
	const char *method = op_compression_name(how->compression);
	auto_free char *compression = mem_printf("multifd-compression/%s", method);

	if (!schema_takes(build->schema, SET_CAPABILITIES, "capabilities/capability/events"))
		return lacks(build, "migration capability", "events", err);
	if (how->channels &&
	    !schema_takes(build->schema, SET_CAPABILITIES, "capabilities/capability/multifd"))
		return lacks(build, "migration capability", "multifd", err);
	if (how->compression && !schema_takes(build->schema, SET_PARAMETERS, compression))
		return lacks(build, "multifd compression", method, err);
	return OP_DONE;
}

static enum op_progress ended_check(struct op *op, struct err *err)
{
	const struct build *dst = run_build(op->run[OP_DST]);
	enum op_progress progress = check_build(op, run_build(op->run[OP_SRC]), err);

	if (progress == OP_DONE)
		progress = check_build(op, dst, err);
	if (progress == OP_DONE && op->spec.migration.transport == OP_TRANSPORT_TCP &&
	    !schema_returns(dst->schema, "query-migrate", "socket-address/port"))
		return lacks(dst, "member of query-migrate", "socket-address", err);
	return progress;
}

static void set_capabilities(struct op *op, bool multifd)
{
	const struct schema *schema = run_build(op->run[op->step->side])->schema;
	json_t *list = json_pack("[{s:s, s:b}]", "capability", "events", "state", 1);

	if (schema_takes(schema, SET_CAPABILITIES, "capabilities/capability/multifd"))
		json_array_append_new(list, json_pack("{s:s, s:b}", "capability", "multifd",
						      "state", (int)multifd));
	op_execute(op, SET_CAPABILITIES, json_pack("{s:o}", "capabilities", list));
}

static int start_capabilities(struct op *op, struct err *err)
{
	(void)err;
	set_capabilities(op, op->spec.migration.channels > 0);
	return 0;
}

int migrate_start_reset(struct op *op, struct err *err)
{
	(void)err;
	set_capabilities(op, false);
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
	snprintf(op->uri, sizeof(op->uri), "%s", tcp ? "tcp:127.0.0.1:0" : UNIX_URI);
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
	  .start = start_spawn,
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
	  .side = OP_DST },
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
	{ .name = "capabilities-src", .start = start_capabilities, .limit = LIMIT_REPLY },
	{ .name = "parameters-src", .start = start_parameters, .limit = LIMIT_REPLY },
	{ 0 },
};

int migrate_start(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "migrate", json_pack("{s:s}", "uri", op->uri));
	return 0;
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

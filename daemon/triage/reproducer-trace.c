// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what was sent is sorted by time, then gathered into operations. A migration is
 * put together anew from what either side was told: of an earlier one only one side is still there.
 */
#include "triage/reproducer-trace.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "triage/reproducer-loops.h"

#define MIGRATE "migrate"
#define MIGRATE_CANCEL "migrate-cancel"
#define SHUTDOWN "shutdown"

enum act {
	ACT_BEGINS,   /* an operation */
	ACT_GOES_ON,  /* belongs to the operation before it */
	ACT_PREPARES, /* the next migration */
	ACT_MIGRATES,
	ACT_LISTENS,
	ACT_CANCELS,
	ACT_QUITS,
	ACT_NEGOTIATES,
	ACT_ASKS, /* changes nothing */
};

#define JOB_ENDS .event = "JOB_STATUS_CHANGE", .key = "status", .value = "concluded"

/* All that qsoak sends. */
static const struct command {
	const char *name;
	enum act act;
	const char *event, *key, *value; /* that it awaits from its own peer, and what it says */
	bool resumes;			 /* the guest, if it ran before */
} commands[] = {
	{ .name = "qmp_capabilities", .act = ACT_NEGOTIATES },
	{ .name = LOOPS_SAVE, .act = ACT_BEGINS, JOB_ENDS, .resumes = true },
	{ .name = "snapshot-load", .act = ACT_BEGINS, JOB_ENDS, .resumes = true },
	{ .name = "snapshot-delete", .act = ACT_BEGINS, JOB_ENDS },
	{ .name = "job-dismiss", .act = ACT_GOES_ON },
	{ .name = "stop", .act = ACT_BEGINS, .event = "STOP" },
	{ .name = "cont", .act = ACT_GOES_ON, .event = "RESUME" },
	{ .name = "system_reset", .act = ACT_BEGINS, .event = "RESET" },
	{ .name = "migrate-set-capabilities", .act = ACT_PREPARES },
	{ .name = "migrate-set-parameters", .act = ACT_PREPARES },
	{ .name = "block-dirty-bitmap-add", .act = ACT_PREPARES },
	{ .name = "human-monitor-command", .act = ACT_PREPARES },
	{ .name = "block-dirty-bitmap-remove", .act = ACT_ASKS },
	{ .name = "migrate-incoming", .act = ACT_LISTENS },
	{ .name = "migrate", .act = ACT_MIGRATES },
	{ .name = "migrate_cancel", .act = ACT_CANCELS },
	{ .name = "quit", .act = ACT_QUITS },
	{ .name = "query-status", .act = ACT_ASKS },
	{ .name = "query-yank", .act = ACT_ASKS },
	{ .name = "query-qmp-schema", .act = ACT_ASKS },
	{ .name = "query-jobs", .act = ACT_ASKS },
	{ .name = "query-migrate", .act = ACT_ASKS },
	{ .name = "query-named-block-nodes", .act = ACT_ASKS },
};

/* One line of a transcript. */
struct line {
	int64_t at_ns;
	bool sent, incoming;
	size_t order; /* among those of one time */
	json_t *message;
};

/* What the next migration has been told so far. */
struct migration {
	json_t *capabilities, *parameters; /* as sent, or NULL */
	json_t *others;			   /* commands to the source, of the dirty bitmap */
	char *uri;
};

struct reader {
	const struct trace_spec *spec;
	struct line *lines;
	size_t count;
	bool cut; /* the first lines are not there */
	struct migration migration;
	json_t *operations;
	json_t *last_sent; /* borrowed of the lines: changes something */
	bool asked;	   /* a question after it, which is no heartbeat */
	int64_t negotiated_ns, began_ns;
	struct err *err;
};

static const struct command *command_of(const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "execute"));

	if (!name)
		name = json_string_value(json_object_get(message, "exec-oob"));
	for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Of a thread of qsoak's own that asks how QEMU is. */
static bool is_heartbeat(const struct command *command)
{
	return !strcmp(command->name, "query-status") || !strcmp(command->name, "query-yank");
}

static bool is_operation(const struct reader *reader, const char *kind)
{
	return !strcmp(reader->spec->kind, kind);
}

/* SECONDS.MICROSECONDS DIRECTION TEXT */
static bool read_stamp(const char *text, const char *end, struct line *line, const char **ret_rest)
{
	char *at;
	long long s = strtoll(text, &at, 10), us;

	if (at == text || at >= end || *at != '.' || s < 0 || s > INT64_MAX / CLOCK_NS_PER_S - 1)
		return false;
	text = at + 1;
	if (!isdigit((unsigned char)*text))
		return false;
	us = strtoll(text, &at, 10);
	if (at - text != 6 || end - at < 4 || at[0] != ' ' || at[2] != ' ' ||
	    (at[1] != '<' && at[1] != '>'))
		return false;
	line->at_ns = s * CLOCK_NS_PER_S + us * 1000;
	line->sent = at[1] == '>';
	*ret_rest = at + 3;
	return true;
}

static int read_line(struct reader *reader, const char *text, size_t size, size_t number,
		     bool incoming)
{
	const char *peer = incoming ? "destination" : "QEMU", *rest;
	struct line line = { .incoming = incoming, .order = reader->count };

	if (*text == '#') {
		reader->cut = reader->cut || !incoming;
		return 0;
	}
	if (!read_stamp(text, text + size, &line, &rest))
		return err_set(reader->err, -EINVAL, "transcript of the %s, line %zu: %s", peer,
			       number, "found no stamp with a direction");
	/* Long ones are cut, which matters in what was sent alone. */
	line.message = json_loadb(rest, (size_t)(text + size - rest), 0, NULL);
	if (line.sent && !command_of(line.message)) {
		json_decref(line.message);
		return err_set(reader->err, -EINVAL, "transcript of the %s, line %zu: %s", peer,
			       number, "this is no command that qsoak sends, or it was cut");
	}
	if (reader->count == TRACE_LINES_MAX) {
		json_decref(line.message);
		return err_set(reader->err, -EINVAL, "the transcripts have more than %d lines",
			       TRACE_LINES_MAX);
	}
	reader->lines[reader->count++] = line;
	return 0;
}

static int read_lines(struct reader *reader, const char *text, bool incoming)
{
	size_t number = 0;
	int r = 0;

	while (r == 0 && text && *text) {
		size_t size = strcspn(text, "\n");

		if (size)
			r = read_line(reader, text, size, ++number, incoming);
		text += size;
		text += *text == '\n';
	}
	return r;
}

static int compare_lines(const void *a, const void *b)
{
	const struct line *one = a, *two = b;

	if (one->at_ns != two->at_ns)
		return one->at_ns < two->at_ns ? -1 : 1;
	return one->order < two->order ? -1 : 1;
}

static void await_migration(json_t *step, const char *peer, const char *status)
{
	step_await(step, peer, "MIGRATION", json_pack("{s:s}", "status", status));
}

/* A copy of the arguments, in which the job has the name of all jobs. */
static json_t *arguments_of(const json_t *message)
{
	json_t *arguments = json_deep_copy(json_object_get(message, "arguments"));

	if (json_object_get(arguments, "job-id"))
		json_object_set_new(arguments, "job-id", json_string(LOOPS_JOB));
	if (command_of(message)->act == ACT_GOES_ON && json_object_get(arguments, "id"))
		json_object_set_new(arguments, "id", json_string(LOOPS_JOB));
	return arguments;
}

static json_t *make_step(const json_t *message, const char *peer)
{
	const struct command *command = command_of(message);
	json_t *step = step_to(peer, command->name, arguments_of(message));

	if (command->event)
		step_await(step, peer, command->event,
			   command->key ? json_pack("{s:s}", command->key, command->value) : NULL);
	return step;
}

/* Migrations. */

static void migration_finish(struct migration *migration)
{
	json_decref(migration->capabilities);
	json_decref(migration->parameters);
	json_decref(migration->others);
	free(migration->uri);
	*migration = (struct migration){ 0 };
}

static void set_message(json_t **place, json_t *message)
{
	json_decref(*place);
	*place = json_incref(message);
}

/* The word before the colon decides; the rest is the script's. */
static int set_uri(struct reader *reader, const json_t *message)
{
	const char *uri =
		json_string_value(json_object_get(json_object_get(message, "arguments"), "uri"));
	bool tcp = uri && !strncmp(uri, "tcp:", 4);

	if (!tcp && (!uri || strncmp(uri, "unix:", 5)))
		return err_set(reader->err, -EINVAL,
			       "%s in a transcript: expected a uri of unix: or tcp:",
			       command_of(message)->name);
	free(reader->migration.uri);
	reader->migration.uri = mem_strdup(tcp ? "tcp:127.0.0.1:0" : "unix:migrate.sock");
	return 0;
}

/* qemu-io writes to the VM's own disk, and nothing else is asked of HMP. */
static bool is_disk_write(const json_t *message)
{
	static const char allowed[] = "qemu-io disk \"write -P ";
	const char *line = json_string_value(
		json_object_get(json_object_get(message, "arguments"), "command-line"));
	const char *rest;

	if (!line || strncmp(line, allowed, strlen(allowed)))
		return false;
	rest = line + strlen(allowed);
	return !strcmp(rest + strspn(rest, "0123456789 "), "\"");
}

static int prepare_migration(struct reader *reader, json_t *message)
{
	struct migration *migration = &reader->migration;
	const char *name = command_of(message)->name;

	if (!strcmp(name, "migrate-set-capabilities"))
		set_message(&migration->capabilities, message);
	else if (!strcmp(name, "migrate-set-parameters"))
		set_message(&migration->parameters, message);
	else if (!strcmp(name, "human-monitor-command") && !is_disk_write(message))
		return err_set(reader->err, -EINVAL,
			       "a transcript has a human-monitor-command that qsoak does not send");
	else {
		if (!migration->others)
			migration->others = json_array();
		json_array_append(migration->others, message);
	}
	return 0;
}

/* The capabilities as they were set, but all off. */
static json_t *capabilities_off(const json_t *message)
{
	json_t *arguments = arguments_of(message), *capability;
	size_t i;

	json_array_foreach(json_object_get(arguments, "capabilities"), i, capability)
		json_object_set_new(capability, "state", json_false());
	return arguments;
}

static void add_preparation(json_t *steps, const struct migration *migration, const char *peer)
{
	json_t *const messages[] = { migration->capabilities, migration->parameters };

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i])
			json_array_append_new(steps, make_step(messages[i], peer));
}

/* After it the source has what it had before. */
static void end_cancelled(json_t *steps, const struct migration *migration)
{
	json_t *cancel = step_to("qemu", "migrate_cancel", NULL);

	await_migration(cancel, "qemu", "cancelled");
	json_array_append_new(steps, cancel);
	json_array_append_new(steps, json_pack("{s:s, s:b}", "exit", "incoming", "any-status", 1));
	if (migration->capabilities)
		json_array_append_new(steps, step_to("qemu", "migrate-set-capabilities",
						     capabilities_off(migration->capabilities)));
}

static void end_completed(json_t *steps, const struct migration *migration)
{
	json_t *message;
	size_t i;

	json_array_foreach(migration->others, i, message)
		if (!strcmp(command_of(message)->name, "block-dirty-bitmap-add"))
			json_array_append_new(steps,
					      step_to("incoming", "block-dirty-bitmap-remove",
						      arguments_of(message)));
	if (migration->capabilities)
		json_array_append_new(steps, step_to("incoming", "migrate-set-capabilities",
						     capabilities_off(migration->capabilities)));
	json_array_append_new(steps, step_to("qemu", "quit", NULL));
	json_array_append_new(steps, json_pack("{s:s}", "exit", "qemu"));
	json_array_append_new(steps, json_pack("{s:s}", "becomes", "qemu"));
}

/* A whole one, from what was said to either side. */
static void add_migration(struct reader *reader, bool cancelled)
{
	struct migration *migration = &reader->migration;
	json_t *operation = operation_new(cancelled ? MIGRATE_CANCEL : MIGRATE);
	json_t *steps = operation_steps(operation), *message, *start, *migrate;
	const char *uri = migration->uri ? migration->uri : "unix:migrate.sock";
	size_t i;

	start = json_pack("{s:s}", "start", "incoming");
	if (reader->spec->own_images)
		json_object_set_new(start, "images", json_true());
	json_array_append_new(steps, start);
	add_preparation(steps, migration, "incoming");
	json_array_append_new(
		steps, step_to("incoming", "migrate-incoming", json_pack("{s:s}", "uri", uri)));
	json_array_foreach(migration->others, i, message)
		json_array_append_new(steps, make_step(message, "qemu"));
	add_preparation(steps, migration, "qemu");
	migrate = step_to("qemu", "migrate", json_pack("{s:s}", "uri", uri));
	await_migration(migrate, "qemu", cancelled ? "active" : "completed");
	if (!cancelled) {
		await_migration(migrate, "incoming", "completed");
		step_await(migrate, "incoming", "RESUME", NULL);
	}
	json_array_append_new(steps, migrate);
	if (cancelled)
		end_cancelled(steps, migration);
	else
		end_completed(steps, migration);
	json_array_append_new(reader->operations, operation);
	migration_finish(migration);
}

/* Whether the migration that is told at a line is cancelled later, as far as the transcript goes. */
static bool will_be_cancelled(const struct reader *reader, size_t at)
{
	for (size_t i = at + 1; i < reader->count; i++) {
		const struct line *line = &reader->lines[i];
		enum act act;

		if (!line->sent || line->incoming)
			continue;
		act = command_of(line->message)->act;
		if (act == ACT_MIGRATES || act == ACT_CANCELS)
			return act == ACT_CANCELS;
	}
	return is_operation(reader, MIGRATE_CANCEL);
}

/* Operations. */

static void add_to_last(struct reader *reader, json_t *step)
{
	json_t *last = list_last(reader->operations);

	/* Its beginning is not kept. */
	if (!last || !strcmp(operation_name(last), MIGRATE) ||
	    !strcmp(operation_name(last), MIGRATE_CANCEL))
		json_decref(step);
	else
		json_array_append_new(operation_steps(last), step);
}

/* The job of a VM that has been stopped for it belongs to that operation. */
static bool joins_stop(const struct reader *reader, const struct command *command)
{
	json_t *last = list_last(reader->operations);
	const char *only = json_array_size(operation_steps(last)) == 1
				   ? step_execute(json_array_get(operation_steps(last), 0))
				   : NULL;

	return command->resumes && only && !strcmp(only, "stop");
}

static void begin_operation(struct reader *reader, const struct line *line, json_t *step)
{
	const struct command *command = command_of(line->message);
	bool joins = joins_stop(reader, command);
	json_t *operation;

	if (!reader->began_ns)
		reader->began_ns = line->at_ns;
	if (joins) {
		operation = list_last(reader->operations);
		json_object_set_new(operation, "operation", json_string(command->name));
		json_array_append_new(operation_steps(operation), step);
		return;
	}
	if (command->resumes)
		step_await(step, "qemu", "RESUME", NULL);
	operation = operation_new(command->name);
	json_array_append_new(operation_steps(operation), step);
	json_array_append_new(reader->operations, operation);
}

static void set_pause(const struct reader *reader, size_t at, json_t *step)
{
	int64_t pause_ns = at ? reader->lines[at].at_ns - reader->lines[at - 1].at_ns : 0;

	if (pause_ns >= TRACE_PAUSE_MIN_NS && reader->began_ns)
		json_object_set_new(
			step, "pause",
			json_real((double)(pause_ns < TRACE_PAUSE_MAX_NS ? pause_ns
									 : TRACE_PAUSE_MAX_NS) /
				  CLOCK_NS_PER_S));
}

/* What was sent to the QEMU that runs the guest. */
static int take_sent(struct reader *reader, size_t at)
{
	const struct line *line = &reader->lines[at];
	const struct command *command = command_of(line->message);
	json_t *step;

	switch (command->act) {
	case ACT_NEGOTIATES:
		reader->negotiated_ns = line->at_ns;
		return 0;
	case ACT_PREPARES:
		return prepare_migration(reader, line->message);
	case ACT_LISTENS:
		/* It was the destination then: all before is the last migration's. */
		migration_finish(&reader->migration);
		json_array_clear(reader->operations);
		reader->began_ns = 0;
		reader->cut = true;
		return 0;
	case ACT_MIGRATES:
		if (set_uri(reader, line->message) < 0)
			return reader->err->code;
		if (!reader->began_ns)
			reader->began_ns = line->at_ns;
		add_migration(reader, will_be_cancelled(reader, at));
		return 0;
	case ACT_BEGINS:
	case ACT_GOES_ON:
		step = make_step(line->message, "qemu");
		set_pause(reader, at, step);
		if (command->act == ACT_BEGINS)
			begin_operation(reader, line, step);
		else
			add_to_last(reader, step);
		return 0;
	case ACT_QUITS:
	case ACT_CANCELS:
	case ACT_ASKS:
		break;
	}
	return 0;
}

static int take_lines(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		const struct line *line = &reader->lines[i];
		const struct command *command;
		int r = 0;

		if (!line->sent)
			continue;
		command = command_of(line->message);
		if (!is_heartbeat(command)) {
			reader->asked = command->act == ACT_ASKS;
			reader->last_sent = reader->asked ? reader->last_sent : line->message;
		}
		if (!line->incoming)
			r = take_sent(reader, i);
		else if (command->act == ACT_LISTENS)
			r = set_uri(reader, line->message);
		else if (command->act == ACT_PREPARES)
			r = prepare_migration(reader, line->message);
		if (r < 0)
			return r;
	}
	/* It failed before the source was told. */
	if ((is_operation(reader, MIGRATE) || is_operation(reader, MIGRATE_CANCEL)) &&
	    (!list_last(reader->operations) ||
	     strcmp(operation_name(list_last(reader->operations)), reader->spec->kind)))
		add_migration(reader, is_operation(reader, MIGRATE_CANCEL));
	return 0;
}

static void add_finale(struct reader *reader, struct trace *trace)
{
	json_t *operation;

	trace->finale = json_array();
	if (!is_operation(reader, SHUTDOWN))
		return;
	operation = operation_new(SHUTDOWN);
	if (reader->spec->step && !strcmp(reader->spec->step, "sigterm"))
		json_array_append_new(operation_steps(operation), json_pack("{s:i}", "signal", 15));
	else
		json_array_append_new(operation_steps(operation), step_to("qemu", "quit", NULL));
	json_array_append_new(operation_steps(operation), json_pack("{s:s}", "exit", "qemu"));
	json_array_append_new(trace->finale, operation);
}

static char *last_command(const struct reader *reader)
{
	if (is_operation(reader, SHUTDOWN))
		return mem_strdup("quit");
	if (!reader->last_sent || is_operation(reader, "boot"))
		return mem_strdup("boot");
	return mem_strdup(command_of(reader->last_sent)->name);
}

/* What stands in a transcript may be anything. */
static int64_t boot_between(int64_t negotiated_ns, int64_t began_ns)
{
	int64_t boot_ns = began_ns - negotiated_ns;

	if (began_ns <= negotiated_ns)
		return TRACE_BOOT_NS;
	return boot_ns < TRACE_BOOT_MAX_NS ? boot_ns : TRACE_BOOT_MAX_NS;
}

int trace_read(const struct trace_spec *spec, struct trace *ret_trace, struct err *err)
{
	struct reader reader = { .spec = spec, .err = err };
	struct trace trace = { .boot_ns = TRACE_BOOT_NS };
	int r;

	reader.lines = mem_zalloc(TRACE_LINES_MAX * sizeof(*reader.lines));
	reader.operations = json_array();
	r = read_lines(&reader, spec->qemu, false);
	if (r == 0)
		r = read_lines(&reader, spec->incoming, true);
	if (r == 0) {
		qsort(reader.lines, reader.count, sizeof(*reader.lines), compare_lines);
		r = take_lines(&reader);
	}
	if (r == 0) {
		if (!reader.cut && reader.negotiated_ns && reader.began_ns)
			trace.boot_ns = boot_between(reader.negotiated_ns, reader.began_ns);
		trace.loop = loops_choose(reader.operations, &trace.completed, &trace.loops);
		add_finale(&reader, &trace);
		trace.last = last_command(&reader);
		trace.asked = reader.asked;
		*ret_trace = trace;
	}
	for (size_t i = 0; i < reader.count; i++)
		json_decref(reader.lines[i].message);
	free(reader.lines);
	json_decref(reader.operations);
	migration_finish(&reader.migration);
	return r;
}

void trace_finish(struct trace *trace)
{
	json_decref(trace->loop);
	json_decref(trace->finale);
	free(trace->last);
	*trace = (struct trace){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what was sent is sorted by time, then gathered into operations, which are cut
 * into loops at each snapshot-save, or at what came first where there is none. A migration is put
 * together anew from what either side was told: of an earlier one only one side is still there.
 */
#include "triage/reproducer-trace.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/* All jobs have this name: there is one at a time, and it is dismissed. */
#define JOB "job"

#define SAVE "snapshot-save"
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
	{ .name = SAVE, .act = ACT_BEGINS, JOB_ENDS, .resumes = true },
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

/* Steps. */

static json_t *step_to(const char *peer, const char *command, json_t *arguments)
{
	json_t *step = json_pack("{s:s, s:s}", "to", peer, "execute", command);

	if (arguments)
		json_object_set_new(step, "arguments", arguments);
	return step;
}

/* data may be NULL, and is stolen. */
static void await(json_t *step, const char *peer, const char *event, json_t *data)
{
	json_t *list = json_object_get(step, "await");
	json_t *awaited = json_pack("{s:s, s:s}", "from", peer, "event", event);

	if (data)
		json_object_set_new(awaited, "data", data);
	if (!list) {
		list = json_array();
		json_object_set_new(step, "await", list);
	}
	json_array_append_new(list, awaited);
}

static void await_migration(json_t *step, const char *peer, const char *status)
{
	await(step, peer, "MIGRATION", json_pack("{s:s}", "status", status));
}

static json_t *operation_new(const char *name)
{
	return json_pack("{s:s, s:[]}", "operation", name, "steps");
}

static json_t *steps_of(const json_t *operation)
{
	return json_object_get(operation, "steps");
}

static const char *name_of(const json_t *operation)
{
	return json_string_value(json_object_get(operation, "operation"));
}

static json_t *last_of(const json_t *list)
{
	size_t size = json_array_size(list);

	return size ? json_array_get(list, size - 1) : NULL;
}

static const char *execute_of(const json_t *step)
{
	return json_string_value(json_object_get(step, "execute"));
}

/* A copy of the arguments, in which the job has the name of all jobs. */
static json_t *arguments_of(const json_t *message)
{
	json_t *arguments = json_deep_copy(json_object_get(message, "arguments"));

	if (json_object_get(arguments, "job-id"))
		json_object_set_new(arguments, "job-id", json_string(JOB));
	if (command_of(message)->act == ACT_GOES_ON && json_object_get(arguments, "id"))
		json_object_set_new(arguments, "id", json_string(JOB));
	return arguments;
}

static json_t *make_step(const json_t *message, const char *peer)
{
	const struct command *command = command_of(message);
	json_t *step = step_to(peer, command->name, arguments_of(message));

	if (command->event)
		await(step, peer, command->event,
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
	json_t *steps = steps_of(operation), *message, *start, *migrate;
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
		await(migrate, "incoming", "RESUME", NULL);
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
	json_t *last = last_of(reader->operations);

	/* Its beginning is not kept. */
	if (!last || !strcmp(name_of(last), MIGRATE) || !strcmp(name_of(last), MIGRATE_CANCEL))
		json_decref(step);
	else
		json_array_append_new(steps_of(last), step);
}

/* The job of a VM that has been stopped for it belongs to that operation. */
static bool joins_stop(const struct reader *reader, const struct command *command)
{
	json_t *last = last_of(reader->operations);
	const char *only = json_array_size(steps_of(last)) == 1
				   ? execute_of(json_array_get(steps_of(last), 0))
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
		operation = last_of(reader->operations);
		json_object_set_new(operation, "operation", json_string(command->name));
		json_array_append_new(steps_of(operation), step);
		return;
	}
	if (command->resumes)
		await(step, "qemu", "RESUME", NULL);
	operation = operation_new(command->name);
	json_array_append_new(steps_of(operation), step);
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
	    (!last_of(reader->operations) ||
	     strcmp(name_of(last_of(reader->operations)), reader->spec->kind)))
		add_migration(reader, is_operation(reader, MIGRATE_CANCEL));
	return 0;
}

/* Loops. */

static json_t *without_pauses(const json_t *loop)
{
	json_t *copy = json_deep_copy(loop), *operation, *step;
	size_t i, j;

	json_array_foreach(copy, i, operation)
		json_array_foreach(steps_of(operation), j, step)
			json_object_del(step, "pause");
	return copy;
}

static bool same_loops(const json_t *a, const json_t *b)
{
	auto_json json_t *one = without_pauses(a), *two = without_pauses(b);

	return json_equal(one, two);
}

/* Whether the operations of part are the first ones of whole, which goes on like it. */
static bool begins_like(const json_t *whole, const json_t *part)
{
	size_t size = json_array_size(part);

	if (size > json_array_size(whole))
		return false;
	for (size_t i = 0; i < size; i++)
		if (strcmp(name_of(json_array_get(whole, i)), name_of(json_array_get(part, i))))
			return false;
	return true;
}

/* Lists of operations, each from one that begins a loop to the next. What comes before the first is
 * the end of a loop that is not kept, or was done only once. */
static json_t *cut_loops(json_t *operations)
{
	json_t *loops = json_array(), *operation;
	const char *first = name_of(json_array_get(operations, 0));
	size_t i;

	json_array_foreach(operations, i, operation)
		if (!strcmp(name_of(operation), SAVE))
			first = SAVE;
	json_array_foreach(operations, i, operation) {
		if (!strcmp(name_of(operation), first))
			json_array_append_new(loops, json_array());
		if (json_array_size(loops))
			json_array_append(last_of(loops), operation);
	}
	return loops;
}

static bool has_command(const json_t *operations, const char *command, json_t **ret_step)
{
	json_t *operation, *step;
	size_t i, j;

	json_array_foreach(operations, i, operation) {
		json_array_foreach(steps_of(operation), j, step) {
			if (!execute_of(step) || strcmp(execute_of(step), command))
				continue;
			if (ret_step)
				*ret_step = step;
			return true;
		}
	}
	return false;
}

static json_t *dismiss_step(void)
{
	return step_to("qemu", "job-dismiss", json_pack("{s:s}", "id", JOB));
}

/* A job that was begun is dismissed, a VM that was stopped goes on. */
static void complete_operation(json_t *operation)
{
	auto_json json_t *alone = json_pack("[O]", operation);
	json_t *cont;

	if (!strncmp(name_of(operation), "snapshot-", strlen("snapshot-")) &&
	    !has_command(alone, "job-dismiss", NULL))
		json_array_append_new(steps_of(operation), dismiss_step());
	if (has_command(alone, "stop", NULL) && !has_command(alone, "cont", NULL)) {
		cont = step_to("qemu", "cont", NULL);
		await(cont, "qemu", "RESUME", NULL);
		json_array_append_new(steps_of(operation), cont);
	}
}

/* So that it can be repeated: what was saved is deleted. */
static void complete_loop(json_t *loop)
{
	json_t *save, *arguments, *step, *operation;

	complete_operation(last_of(loop));
	if (!has_command(loop, SAVE, &save) || has_command(loop, "snapshot-delete", NULL))
		return;
	arguments = json_deep_copy(json_object_get(save, "arguments"));
	json_object_del(arguments, "vmstate");
	step = step_to("qemu", "snapshot-delete", arguments);
	await(step, "qemu", "JOB_STATUS_CHANGE", json_pack("{s:s}", "status", "concluded"));
	operation = operation_new("snapshot-delete");
	json_array_append_new(steps_of(operation), step);
	json_array_append_new(steps_of(operation), dismiss_step());
	json_array_append_new(loop, operation);
}

/* The last one is the one in which it failed: one before it that begins like it has its end, too. */
static void choose_loops(struct reader *reader, struct trace *trace)
{
	auto_json json_t *loops = cut_loops(reader->operations), *chosen = json_array();
	json_t *loop, *other;
	size_t count = json_array_size(loops), last = count - 1, i, j;
	bool repeats = false;

	for (i = 0; count && i < last; i++)
		repeats = repeats ||
			  begins_like(json_array_get(loops, i), json_array_get(loops, last));
	trace->loops = count ? last : 0;
	trace->completed = count && !repeats;
	if (repeats)
		json_array_remove(loops, --count);
	else if (count)
		complete_loop(json_array_get(loops, last));
	for (i = count > TRACE_LOOPS_MAX ? count - TRACE_LOOPS_MAX : 0; i < count; i++) {
		bool known = false;

		loop = json_array_get(loops, i);
		json_array_foreach(chosen, j, other)
			known = known || same_loops(loop, other);
		if (!known)
			json_array_append(chosen, loop);
	}
	trace->loop = json_array();
	json_array_foreach(chosen, i, loop)
		json_array_extend(trace->loop, loop);
}

static void add_finale(struct reader *reader, struct trace *trace)
{
	json_t *operation;

	trace->finale = json_array();
	if (!is_operation(reader, SHUTDOWN))
		return;
	operation = operation_new(SHUTDOWN);
	if (reader->spec->step && !strcmp(reader->spec->step, "sigterm"))
		json_array_append_new(steps_of(operation), json_pack("{s:i}", "signal", 15));
	else
		json_array_append_new(steps_of(operation), step_to("qemu", "quit", NULL));
	json_array_append_new(steps_of(operation), json_pack("{s:s}", "exit", "qemu"));
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
			trace.boot_ns = reader.began_ns - reader.negotiated_ns;
		choose_loops(&reader, &trace);
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

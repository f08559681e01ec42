// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: commands are answered in their order. One that reads is with the reader for a
 * while; what comes behind it waits in a queue. When the stream has closed, or the peer did not
 * negotiate in time, `gone` is called from a deadline, so that nothing of the client is below us on
 * the stack when it is freed.
 */
#include "control/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/command.h"
#include "control/limits.h"
#include "control/reader.h"
#include "control/service.h"
#include "qmp/stream.h"
#include "report/json.h"

struct client {
	struct ev_loop *loop;
	struct client_spec spec;
	struct qmp_stream *stream;
	bool negotiated, subscribed, closed;
	struct reader_job *job; /* in progress, or NULL */
	json_t *job_id;		/* id of its command, or NULL */
	json_t *waiting[CONTROL_WAITING_MAX];
	size_t waiting_count;
	struct deadline negotiation, gone;
};

static void send_text(struct client *client, char *text)
{
	size_t size = strlen(text);

	text[size] = '\n'; /* in place of the NUL */
	qmp_stream_send(client->stream, text, size + 1);
}

static void send_json(struct client *client, json_t *message)
{
	auto_free char *text = json_dumps(message, JSON_COMPACT);

	if (text)
		send_text(client, text);
}

/* The parts are JSON; id may be NULL. */
static void send_answer(struct client *client, const char *kind, const char *value, json_t *id)
{
	auto_free char *id_text = id ? json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	auto_free char *text = id_text ? mem_printf("{\"%s\":%s,\"id\":%s}", kind, value, id_text)
				       : mem_printf("{\"%s\":%s}", kind, value);

	send_text(client, text);
}

static const char *error_class(int code)
{
	switch (code) {
	case -EINVAL:
		return "InvalidParameter";
	case -ENOSYS:
		return "CommandNotFound";
	default:
		return "GenericError";
	}
}

static json_t *error_object(const struct err *err)
{
	/* A text may quote the peer's bytes. */
	return json_pack("{s:s, s:o}", "class", error_class(err->code), "desc",
			 report_json_string(err->text));
}

static void send_error(struct client *client, const struct err *err, json_t *id)
{
	auto_json json_t *error = error_object(err);
	auto_free char *text = json_dumps(error, JSON_COMPACT);

	send_answer(client, "error", text, id);
}

static void process_waiting(struct client *client);

static void read_done(void *ctx, char *text, const struct err *err)
{
	struct client *client = ctx;
	auto_free char *answer = text;
	auto_json json_t *id = mem_steal(client->job_id);

	client->job = NULL;
	if (answer)
		send_answer(client, "return", answer, id);
	else
		send_error(client, err, id);
	process_waiting(client);
}

/* Returns 1 where the answer comes later. */
static int execute(struct client *client, json_t *message, json_t **ret_value, struct err *err)
{
	const char *name = json_string_value(json_object_get(message, "execute")), *key;
	auto_json json_t *arguments = json_incref(json_object_get(message, "arguments"));
	const struct command *command;
	json_t *member;
	int r;

	if (!name)
		return err_set(err, -EINVAL, "expected a command: {\"execute\": NAME, ...}");
	json_object_foreach(message, key, member)
		if (strcmp(key, "execute") && strcmp(key, "arguments") && strcmp(key, "id"))
			return err_set(err, -EINVAL, "member '%.60s' is unexpected", key);
	command = command_find(name);
	if (!command)
		return err_set(err, -ENOSYS, "%.60s: there is no such command", name);
	if (client->negotiated == !strcmp(name, "qmp_capabilities"))
		return err_set(err, -ENOSYS,
			       client->negotiated ? "%s: that has been done"
						  : "%s: expected qmp_capabilities first",
			       name);
	if (command->changes && client->spec.reads_only)
		return err_set(err, -EPERM,
			       "%s: this user may only read; see control.group in qsoakd.conf(5)",
			       name);
	if (!arguments)
		arguments = json_object();
	r = command_check(command, arguments, err);
	if (r < 0)
		return r;
	if (command->execute)
		return command->execute(client, arguments, ret_value, err);
	client->job_id = json_incref(json_object_get(message, "id"));
	client->job = reader_submit(client->spec.reader, command, arguments, read_done, client);
	return 1;
}

static void process(struct client *client, json_t *message)
{
	struct err err = { 0 };
	auto_json json_t *value = NULL;
	auto_free char *text = NULL;
	json_t *id = json_object_get(message, "id");
	int r = execute(client, message, &value, &err);

	if (r < 0) {
		send_error(client, &err, id);
	} else if (r == 0) {
		text = json_dumps(value, JSON_COMPACT);
		send_answer(client, "return", text, id);
	}
}

static void process_waiting(struct client *client)
{
	while (client->waiting_count && !client->job && !client->closed) {
		auto_json json_t *message = client->waiting[0];

		memmove(&client->waiting[0], &client->waiting[1],
			--client->waiting_count * sizeof(client->waiting[0]));
		process(client, message);
	}
}

static void message_in(void *ctx, json_t *message, const char *line, size_t size)
{
	struct client *client = ctx;
	struct err err = { 0 };

	(void)line;
	(void)size;
	if (!client->job) {
		process(client, message);
	} else if (client->waiting_count < CONTROL_WAITING_MAX) {
		client->waiting[client->waiting_count++] = json_incref(message);
	} else {
		err_set(&err, -EBUSY, "%d commands wait already", CONTROL_WAITING_MAX);
		send_error(client, &err, json_object_get(message, "id"));
	}
}

static void bad_line(void *ctx, const struct err *err)
{
	send_error(ctx, err, NULL);
}

static bool is_late(void *ctx)
{
	struct client *client = ctx;

	return service_is_late(client->spec.control);
}

static void call_gone(void *ctx)
{
	struct client *client = ctx;

	client->spec.gone(client->spec.ctx, client);
}

static void closed(void *ctx, const struct err *err)
{
	struct client *client = ctx;

	if (err->code != -EPIPE)
		log_warning("a client of the control socket was given up: %s", err->text);
	client->closed = true;
	deadline_stop(client->loop, &client->negotiation);
	deadline_start(client->loop, &client->gone, 0);
}

static void not_negotiated(void *ctx)
{
	struct client *client = ctx;
	struct err err = { 0 };

	err_set(&err, -ETIMEDOUT, "expected qmp_capabilities within %d s",
		(int)(CONTROL_NEGOTIATION_NS / CLOCK_NS_PER_S));
	send_error(client, &err, NULL);
	call_gone(client);
}

static const struct qmp_stream_handler stream_handler = {
	.message = message_in,
	.bad_line = bad_line,
	.closed = closed,
	.late = is_late,
};

struct client *client_new(struct ev_loop *loop, int fd, const struct client_spec *spec)
{
	struct client *client = mem_new(struct client);
	auto_json json_t *greeting = NULL;
	int version[3] = { 0 };

	client->loop = loop;
	client->spec = *spec;
	deadline_init(&client->negotiation, not_negotiated, client);
	deadline_init(&client->gone, call_gone, client);
	deadline_start(loop, &client->negotiation, CONTROL_NEGOTIATION_NS);
	client->stream = qmp_stream_new(loop, fd, &stream_handler, client);
	qmp_stream_serve(client->stream, CONTROL_LINE_MAX, CONTROL_UNSENT_MAX);
	sscanf(QSOAK_VERSION, "%d.%d.%d", &version[0], &version[1], &version[2]);
	greeting = json_pack("{s:{s:{s:{s:i, s:i, s:i}, s:s}, s:[]}}", "QMP", "version", "qemu",
			     "major", version[0], "minor", version[1], "micro", version[2],
			     "package", "qsoakd", "capabilities");
	send_json(client, greeting);
	return client;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	deadline_stop(client->loop, &client->negotiation);
	deadline_stop(client->loop, &client->gone);
	if (client->job)
		reader_cancel(client->job);
	json_decref(client->job_id);
	for (size_t i = 0; i < client->waiting_count; i++)
		json_decref(client->waiting[i]);
	qmp_stream_free(client->stream);
	free(client);
}

void client_refuse(int fd, const char *why)
{
	struct err err = { 0 };
	auto_json json_t *message = NULL;
	auto_free char *text = NULL;
	auto_close int owned = fd;
	size_t size;

	err_set(&err, -EPERM, "%s", why);
	message = json_pack("{s:o}", "error", error_object(&err));
	text = json_dumps(message, JSON_COMPACT);
	size = strlen(text);
	text[size] = '\n'; /* in place of the NUL */
	/* An empty socket takes one line; if not, the peer sees the end all the same. */
	if (send(owned, text, size + 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("a client that was refused has gone");
}

void client_send_event(struct client *client, const char *text)
{
	if (!client->subscribed)
		return;
	qmp_stream_send(client->stream, text, strlen(text));
	qmp_stream_send(client->stream, "\n", 1);
}

bool client_reads_only(const struct client *client)
{
	return client->spec.reads_only;
}

struct control *client_control(const struct client *client)
{
	return client->spec.control;
}

void client_set_negotiated(struct client *client)
{
	client->negotiated = true;
	deadline_stop(client->loop, &client->negotiation);
}

void client_subscribe(struct client *client, bool enable)
{
	client->subscribed = enable;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a connection is a stream plus the list of commands that wait for their
 * reply, oldest first. Ids are numbers of our own; a reply with an id that nobody waits for (late,
 * forgotten) is ignored, one without an id is the answer to a command that could not be parsed and
 * counts as a breach of the protocol, since we never send such a one.
 */
#include "qmp/qmp.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "qmp/stream.h"

/* More commands than this without a reply mean a bug of ours: the engine has one at a time. */
#define QMP_PENDING_MAX 64

struct pending {
	uint64_t id;
	qmp_reply_fn fn;
	void *ctx;
};

struct qmp {
	struct qmp_stream *stream;
	const struct qmp_handler *handler;
	void *ctx;
	struct pending pending[QMP_PENDING_MAX];
	size_t pending_count;
	uint64_t last_id;
	bool greeted, oob, closed;
	char version[32];
	struct transcript transcript;
};

static void close_with(struct qmp *qmp, const struct err *err)
{
	if (qmp->closed)
		return;
	qmp->closed = true;
	qmp->pending_count = 0;
	qmp->handler->closed(qmp->ctx, err);
}

static void breach(struct qmp *qmp, const char *what)
{
	struct err err = { 0 };

	err_set(&err, -EPROTO, "QMP: %s", what);
	close_with(qmp, &err);
}

static void greeting_in(struct qmp *qmp, json_t *greeting)
{
	int major = -1, minor = -1, micro = -1;
	json_t *capabilities = NULL, *capability;
	size_t i;

	if (json_unpack(greeting, "{s:{s:{s:i, s:i, s:i}}}", "version", "qemu", "major", &major,
			"minor", &minor, "micro", &micro) < 0) {
		breach(qmp, "a greeting without a version");
		return;
	}
	snprintf(qmp->version, sizeof(qmp->version), "%d.%d.%d", major, minor, micro);
	capabilities = json_object_get(greeting, "capabilities");
	json_array_foreach(capabilities, i, capability)
		if (json_is_string(capability) && !strcmp(json_string_value(capability), "oob"))
			qmp->oob = true;
	qmp->greeted = true;
	qmp->handler->greeting(qmp->ctx);
}

static void event_in(struct qmp *qmp, json_t *message, int64_t at_ns)
{
	json_int_t seconds = -1, microseconds = -1;
	json_t *data = json_object_get(message, "data");
	auto_json json_t *empty = json_object();
	struct qmp_event event = {
		.name = json_string_value(json_object_get(message, "event")),
		.data = json_is_object(data) ? data : empty,
		.peer_unix_ns = -1,
		.at_ns = at_ns,
	};

	if (!event.name) {
		breach(qmp, "an event without a name");
		return;
	}
	if (json_unpack(message, "{s:{s:I, s:I}}", "timestamp", "seconds", &seconds, "microseconds",
			&microseconds) == 0 &&
	    seconds >= 0 && microseconds >= 0 && seconds < INT32_MAX * 4ll &&
	    microseconds < 1000000)
		event.peer_unix_ns = seconds * CLOCK_NS_PER_S + microseconds * 1000;
	qmp->handler->event(qmp->ctx, &event);
}

static void reply_in(struct qmp *qmp, json_t *message, json_t *value, json_t *error, int64_t at_ns)
{
	json_t *id = json_object_get(message, "id");
	struct qmp_reply reply = { .value = value, .at_ns = at_ns };
	struct pending waiter = { 0 };

	if (error) {
		const char *class = json_string_value(json_object_get(error, "class"));

		reply.bad_input = class && !strcmp(class, "InvalidParameter");
		reply.unsupported = class && !strcmp(class, QMP_UNSUPPORTED);
		reply.error = json_string_value(json_object_get(error, "desc"));
		if (!reply.error)
			reply.error = "an error without a description";
	}
	if (!json_is_integer(id)) {
		breach(qmp, reply.error ? reply.error : "a reply without an id");
		return;
	}
	for (size_t i = 0; i < qmp->pending_count; i++) {
		if (qmp->pending[i].id != (uint64_t)json_integer_value(id))
			continue;
		waiter = qmp->pending[i];
		memmove(&qmp->pending[i], &qmp->pending[i + 1],
			(--qmp->pending_count - i) * sizeof(waiter));
		break;
	}
	if (waiter.fn)
		waiter.fn(waiter.ctx, &reply);
}

/* No greeting. A peer that will not talk to us may say why. */
static void refused(struct qmp *qmp, json_t *message)
{
	const char *why =
		json_string_value(json_object_get(json_object_get(message, "error"), "desc"));

	breach(qmp, why ? why : "the first message is not a greeting");
}

static void message_in(void *ctx, json_t *message, const char *line, size_t size)
{
	struct qmp *qmp = ctx;
	int64_t at_ns = clock_now_ns();
	json_t *value;

	if (qmp->closed)
		return;
	transcript_add(&qmp->transcript, '<', at_ns, line, size);
	if (!qmp->greeted) {
		value = json_object_get(message, "QMP");
		if (value)
			greeting_in(qmp, value);
		else
			refused(qmp, message);
	} else if ((value = json_object_get(message, "return"))) {
		reply_in(qmp, message, value, NULL, at_ns);
	} else if ((value = json_object_get(message, "error"))) {
		reply_in(qmp, message, NULL, value, at_ns);
	} else if (json_object_get(message, "event")) {
		event_in(qmp, message, at_ns);
	} else {
		breach(qmp, "a message that is neither reply nor event");
	}
}

static void stream_closed(void *ctx, const struct err *err)
{
	close_with(ctx, err);
}

static const struct qmp_stream_handler stream_handler = {
	.message = message_in,
	.closed = stream_closed,
};

struct qmp *qmp_new(struct ev_loop *loop, int fd, const struct qmp_handler *handler, void *ctx)
{
	struct qmp *qmp = mem_new(struct qmp);

	qmp->handler = handler;
	qmp->ctx = ctx;
	qmp->stream = qmp_stream_new(loop, fd, &stream_handler, qmp);
	return qmp;
}

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	qmp_stream_free(qmp->stream);
	transcript_finish(&qmp->transcript);
	free(qmp);
}

bool qmp_greeted(const struct qmp *qmp)
{
	return qmp->greeted;
}

bool qmp_offers_oob(const struct qmp *qmp)
{
	return qmp->oob;
}

const char *qmp_version(const struct qmp *qmp)
{
	return qmp->version;
}

void qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, bool oob, qmp_reply_fn fn,
		 void *ctx)
{
	auto_json json_t *message = json_object();
	auto_free char *text = NULL;
	size_t size;

	if (qmp->closed) {
		json_decref(arguments);
		return;
	}
	json_object_set_new(message, oob ? "exec-oob" : "execute", json_string(command));
	if (arguments)
		json_object_set_new(message, "arguments", arguments);
	json_object_set_new(message, "id", json_integer((json_int_t)++qmp->last_id));
	text = json_dumps(message, JSON_COMPACT);
	if (!text) {
		breach(qmp, "a command of ours that is no JSON");
		return;
	}
	if (qmp->pending_count == QMP_PENDING_MAX) {
		breach(qmp, "too many commands wait for a reply");
		return;
	}
	qmp->pending[qmp->pending_count++] = (struct pending){ qmp->last_id, fn, ctx };
	size = strlen(text);
	transcript_add(&qmp->transcript, '>', clock_now_ns(), text, size);
	text[size] = '\n'; /* in place of the NUL: the stream wants a line, not a string */
	qmp_stream_send(qmp->stream, text, size + 1);
}

void qmp_forget(struct qmp *qmp, void *ctx)
{
	for (size_t i = 0; i < qmp->pending_count; i++)
		if (qmp->pending[i].ctx == ctx)
			qmp->pending[i].fn = NULL;
}

void qmp_drain(struct qmp *qmp)
{
	qmp_stream_drain(qmp->stream);
}

const struct transcript *qmp_transcript(const struct qmp *qmp)
{
	return &qmp->transcript;
}

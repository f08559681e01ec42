// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of JSON over a non-blocking socket. */
#include "qmp/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/deadline.h"
#include "base/mem.h"

#define READ_CHUNK 65536
/* Chunks read in one turn of the loop, so that one peer cannot starve the others. */
#define READ_CHUNKS_PER_TURN 16
/* Likewise of what is written: a peer may read as fast as we write. */
#define WRITE_PER_TURN (1024 * 1024)

struct buffer {
	char *data;
	size_t size, room;
};

struct qmp_stream {
	struct ev_loop *loop;
	int fd;
	ev_io read_watch, write_watch;
	struct buffer in, out;
	size_t scanned; /* of in: holds no message's end up to here */
	size_t sent;	/* of out; moved away not before it is half of it */
	struct deadline rest; /* runs while messages of in wait for the next turn, and nothing is read */
	bool serves;
	/* Where the scan is, if we serve: how deep in brackets, and whether in a string there. */
	size_t depth;
	bool in_string, escaped;
	size_t line_max, unsent_max;
	bool closed;
	const struct qmp_stream_handler *handler;
	void *ctx;
};

static void buffer_append(struct buffer *buffer, const char *data, size_t size)
{
	if (buffer->room - buffer->size < size) {
		size_t room = buffer->room ? buffer->room : 4096;

		while (room - buffer->size < size)
			room *= 2;
		buffer->data = mem_realloc(buffer->data, room, 1);
		buffer->room = room;
	}
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
}

static void buffer_consume(struct buffer *buffer, size_t size)
{
	buffer->size -= size;
	if (buffer->size)
		memmove(buffer->data, buffer->data + size, buffer->size);
	/* Do not keep the room of one huge message for the rest of the connection. */
	if (!buffer->size && buffer->room > 4 * READ_CHUNK) {
		free(buffer->data);
		*buffer = (struct buffer){ 0 };
	}
}

static void close_with(struct qmp_stream *stream, const struct err *err)
{
	if (stream->closed)
		return;
	stream->closed = true;
	ev_io_stop(stream->loop, &stream->read_watch);
	ev_io_stop(stream->loop, &stream->write_watch);
	deadline_stop(stream->loop, &stream->rest);
	fd_close(&stream->fd);
	stream->handler->closed(stream->ctx, err);
}

static void message_in(struct qmp_stream *stream, const char *line, size_t size)
{
	struct err err = { 0 };
	json_error_t json_err;
	auto_json json_t *message = NULL;

	while (size && (line[size - 1] == '\n' || line[size - 1] == '\r' || line[size - 1] == ' '))
		size--;
	if (!size)
		return;
	message = json_loadb(line, size, JSON_REJECT_DUPLICATES, &json_err);
	if (!message || !json_is_object(message)) {
		int shown = size > 60 ? 60 : (int)size;

		err_set(&err, -EPROTO, "expected a JSON object on a line, found %s: \"%.*s\"",
			message ? "another value" : json_err.text, shown, line);
		if (stream->handler->bad_line)
			stream->handler->bad_line(stream->ctx, &err);
		else
			close_with(stream, &err);
		return;
	}
	stream->handler->message(stream->ctx, message, line, size);
}

/* Whether a message ends with c, the next character of an object, or of what is none. */
static bool ends_object(struct qmp_stream *stream, char c)
{
	if (stream->in_string && c != '\n') {
		stream->in_string = stream->escaped || c != '"';
		stream->escaped = !stream->escaped && c == '\\';
		return false;
	}
	if (c == '\n' && (stream->in_string || stream->depth == 0)) {
		/* No string goes over a line end: a quote too many costs one line only. */
		stream->in_string = stream->escaped = false;
		stream->depth = 0;
		return true;
	}
	if (c == '"' && stream->depth)
		stream->in_string = true;
	else if (c == '{' || c == '[')
		stream->depth++;
	else if ((c == '}' || c == ']') && stream->depth)
		return --stream->depth == 0;
	return false;
}

/* Moves `scanned` behind the next message; false where its end is not there yet. */
static bool find_end(struct qmp_stream *stream)
{
	const struct buffer *in = &stream->in;

	while (stream->scanned < in->size) {
		char c = in->data[stream->scanned++];

		if (stream->serves ? ends_object(stream, c) : c == '\n')
			return true;
	}
	return false;
}

/* Hands over every complete message of the input; false: what is left waits for the next turn. */
static bool lines_in(struct qmp_stream *stream)
{
	bool late = false;
	size_t start = 0;

	while (!late && !stream->closed && find_end(stream)) {
		message_in(stream, stream->in.data + start, stream->scanned - start);
		start = stream->scanned;
		late = stream->handler->late && stream->handler->late(stream->ctx);
	}
	buffer_consume(&stream->in, start);
	stream->scanned -= start;
	if (stream->closed)
		return false;
	if (late && stream->in.size) {
		ev_io_stop(stream->loop, &stream->read_watch);
		deadline_start(stream->loop, &stream->rest, 0);
		return false;
	}
	if (stream->in.size > stream->line_max && !stream->closed) {
		struct err err = { 0 };

		err_set(&err, -EMSGSIZE, "a line is longer than %zu bytes", stream->line_max);
		if (stream->handler->bad_line)
			stream->handler->bad_line(stream->ctx, &err);
		close_with(stream, &err);
	}
	return !late;
}

static void rest_due(void *ctx)
{
	struct qmp_stream *stream = ctx;

	lines_in(stream);
	if (!stream->closed && !ev_is_active(&stream->rest.timer))
		ev_io_start(stream->loop, &stream->read_watch);
}

/* all: until it is seen that nothing is left, which takes one more look. */
static void read_in(struct qmp_stream *stream, bool all)
{
	char chunk[READ_CHUNK];
	struct err err = { 0 };

	for (int i = 0; i < READ_CHUNKS_PER_TURN && !stream->closed; i++) {
		ssize_t n = recv(stream->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (n > 0) {
			buffer_append(&stream->in, chunk, (size_t)n);
			if (!lines_in(stream))
				return;
			if (!all && (size_t)n < sizeof(chunk))
				return;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n == 0)
			err_set(&err, -EPIPE, "the peer closed the connection%s",
				stream->in.size ? " within a line" : "");
		else
			err_set_errno(&err, errno, "recv");
		close_with(stream, &err);
	}
}

void qmp_stream_drain(struct qmp_stream *stream)
{
	read_in(stream, true);
}

static void readable(struct ev_loop *loop, ev_io *watch, int revents)
{
	(void)loop;
	(void)revents;
	/* What comes later, or the end, wakes us again. */
	read_in(watch->data, false);
}

/* Sends as much as the socket takes. A dead peer is noticed by the reading side. */
static void flush_out(struct qmp_stream *stream)
{
	size_t left = WRITE_PER_TURN;

	while (stream->sent < stream->out.size && left) {
		size_t size = stream->out.size - stream->sent;
		ssize_t n = send(stream->fd, stream->out.data + stream->sent,
				 size < left ? size : left, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			stream->sent += (size_t)n;
			left -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			break;
		} else if (n == 0 || errno != EINTR) {
			stream->sent = stream->out.size;
		}
	}
	if (stream->sent < stream->out.size) {
		ev_io_start(stream->loop, &stream->write_watch);
		return;
	}
	buffer_consume(&stream->out, stream->out.size);
	stream->sent = 0;
	ev_io_stop(stream->loop, &stream->write_watch);
}

static void writable(struct ev_loop *loop, ev_io *watch, int revents)
{
	(void)loop;
	(void)revents;
	flush_out(watch->data);
}

void qmp_stream_send(struct qmp_stream *stream, const char *line, size_t size)
{
	if (stream->closed)
		return;
	if (stream->sent > stream->out.size / 2) {
		buffer_consume(&stream->out, stream->sent);
		stream->sent = 0;
	}
	if (stream->out.size - stream->sent + size > stream->unsent_max) {
		struct err err = { 0 };

		err_set(&err, -EMSGSIZE, "the peer does not read: %zu bytes wait for it",
			stream->out.size - stream->sent);
		close_with(stream, &err);
		return;
	}
	buffer_append(&stream->out, line, size);
	flush_out(stream);
}

struct qmp_stream *qmp_stream_new(struct ev_loop *loop, int fd,
				  const struct qmp_stream_handler *handler, void *ctx)
{
	struct qmp_stream *stream = mem_new(struct qmp_stream);

	stream->loop = loop;
	stream->fd = fd;
	stream->handler = handler;
	stream->ctx = ctx;
	stream->line_max = QMP_LINE_MAX;
	stream->unsent_max = QMP_UNSENT_MAX;
	ev_io_init(&stream->read_watch, readable, fd, EV_READ);
	ev_io_init(&stream->write_watch, writable, fd, EV_WRITE);
	stream->read_watch.data = stream->write_watch.data = stream;
	deadline_init(&stream->rest, rest_due, stream);
	ev_io_start(loop, &stream->read_watch);
	return stream;
}

void qmp_stream_serve(struct qmp_stream *stream, size_t line_max, size_t unsent_max)
{
	stream->serves = true;
	/* What QEMUs say comes first. */
	ev_io_stop(stream->loop, &stream->read_watch);
	ev_set_priority(&stream->read_watch, -1);
	ev_set_priority(&stream->write_watch, -1);
	ev_io_start(stream->loop, &stream->read_watch);
	stream->line_max = line_max;
	stream->unsent_max = unsent_max;
}

void qmp_stream_free(struct qmp_stream *stream)
{
	if (!stream)
		return;
	ev_io_stop(stream->loop, &stream->read_watch);
	ev_io_stop(stream->loop, &stream->write_watch);
	deadline_stop(stream->loop, &stream->rest);
	fd_close(&stream->fd);
	free(stream->in.data);
	free(stream->out.data);
	free(stream);
}

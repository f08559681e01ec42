// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: each stream is a connection that is suspended while it has nothing to say.
 * An event is put behind what waits for each of them, and resumes it. One that does not read is
 * closed when too much waits; its browser comes back, and asks for all anew. A stream that has said
 * nothing for a while says a comment, so that a peer notices when we are gone; that the peer is gone
 * tells its socket, which libmicrohttpd does not look at while the connection rests.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/limits.h"
#include "http/request.h"

/* Of a block that libmicrohttpd asks for. */
#define BLOCK_BYTES (16 * 1024)

struct stream {
	struct http_streams *streams;
	struct http_request *request;
	struct stream *next;
	char *waiting;
	size_t size, sent;
	bool over;
	ev_io watch; /* of its peer's end */
};

struct http_streams {
	struct ev_loop *loop;
	struct http *http;
	struct stream *first;
	size_t count;
	uint64_t last_id;
	struct deadline heartbeat;
};

static void end(struct stream *stream)
{
	stream->over = true;
	stream->size = stream->sent = 0;
	http_resume(stream->request);
}

static void append(struct stream *stream, const char *text, size_t size)
{
	size_t left = stream->size - stream->sent;

	if (stream->over)
		return;
	if (left + size > HTTP_STREAM_UNSENT_MAX) {
		log_info("a reader of events was given up: %zu bytes wait for it", left);
		end(stream);
		return;
	}
	if (left)
		memmove(stream->waiting, stream->waiting + stream->sent, left);
	stream->waiting = mem_realloc(stream->waiting, left + size, 1);
	memcpy(stream->waiting + left, text, size);
	stream->size = left + size;
	stream->sent = 0;
	http_resume(stream->request);
}

static void append_all(struct http_streams *streams, const char *text)
{
	for (struct stream *stream = streams->first; stream; stream = stream->next)
		append(stream, text, strlen(text));
	if (streams->first)
		deadline_start(streams->loop, &streams->heartbeat, HTTP_HEARTBEAT_NS);
}

static void event_in(void *ctx, const char *name, const char *text)
{
	struct http_streams *streams = ctx;
	auto_free char *event = NULL;

	(void)name;
	streams->last_id++;
	event = mem_printf("id: %" PRIu64 "\ndata: %s\n\n", streams->last_id, text);
	append_all(streams, event);
}

static void heartbeat_due(void *ctx)
{
	struct http_streams *streams = ctx;

	append_all(streams, ": still here\n\n");
}

static void stream_free(void *body)
{
	struct stream *stream = body, **p = &stream->streams->first;

	while (*p != stream)
		p = &(*p)->next;
	*p = stream->next;
	stream->streams->count--;
	ev_io_stop(stream->streams->loop, &stream->watch);
	free(stream->waiting);
	free(stream);
}

static ssize_t next_block(void *ctx, uint64_t offset, char *block, size_t max)
{
	struct stream *stream = ctx;
	size_t left = stream->size - stream->sent, size = left < max ? left : max;

	(void)offset;
	if (stream->over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!size) {
		http_suspend(stream->request);
		return 0;
	}
	memcpy(block, stream->waiting + stream->sent, size);
	stream->sent += size;
	return (ssize_t)size;
}

/* The peer has gone, or says something: no answer is owed to it. */
static void peer_in(struct ev_loop *loop, ev_io *watch, int revents)
{
	char byte;

	(void)revents;
	ev_io_stop(loop, watch);
	if (recv(watch->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
		end(watch->data);
}

static void watch_peer(struct stream *stream)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		stream->request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	ev_io_init(&stream->watch, peer_in, info->connect_fd, EV_READ);
	ev_set_priority(&stream->watch, -1);
	stream->watch.data = stream;
	ev_io_start(stream->streams->loop, &stream->watch);
}

static struct stream *stream_new(struct http_streams *streams, struct http_request *request)
{
	struct stream *stream = mem_new(struct stream);
	auto_free char *hello =
		mem_printf("retry: %d\nid: %" PRIu64 "\ndata: {\"event\":\"HELLO\"}\n\n",
			   HTTP_STREAM_RETRY_MS, streams->last_id);

	stream->streams = streams;
	stream->request = request;
	stream->next = streams->first;
	streams->first = stream;
	streams->count++;
	watch_peer(stream);
	append(stream, hello, strlen(hello));
	if (!ev_is_active(&streams->heartbeat.timer))
		deadline_start(streams->loop, &streams->heartbeat, HTTP_HEARTBEAT_NS);
	return stream;
}

enum MHD_Result http_answer_events(struct http_request *request, const char *rest)
{
	struct http_streams *streams = http_streams(request->http);
	struct err err = { 0 };

	(void)rest;
	if (streams->count == HTTP_STREAMS_MAX) {
		err_set(&err, -EBUSY, "%d streams of events are read already", HTTP_STREAMS_MAX);
		return http_send_error(request, &err);
	}
	request->body = stream_new(streams, request);
	request->body_free = stream_free;
	return http_queue(request, MHD_HTTP_OK, "text/event-stream",
			  MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
							    next_block, request->body, NULL));
}

struct http_streams *http_streams_new(struct ev_loop *loop, struct http *http)
{
	struct http_streams *streams = mem_new(struct http_streams);

	streams->loop = loop;
	streams->http = http;
	deadline_init(&streams->heartbeat, heartbeat_due, streams);
	control_subscribe(http_control(http), event_in, streams);
	return streams;
}

void http_streams_free(struct http_streams *streams)
{
	if (!streams)
		return;
	control_unsubscribe(http_control(streams->http), streams);
	deadline_stop(streams->loop, &streams->heartbeat);
	free(streams);
}

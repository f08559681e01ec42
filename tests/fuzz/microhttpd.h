/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of libmicrohttpd, for a fuzzer: the functions of it that the server calls, with one connection at a
 * time, whose request is in memory. An executable's own functions come before those of a library.
 *
 * It decodes as the library does (percent escapes, '+' in the query), and holds the server to what the library
 * wants of it.
 */
#ifndef QSOAK_TESTS_FUZZ_MICROHTTPD_H
#define QSOAK_TESTS_FUZZ_MICROHTTPD_H

#include <microhttpd.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "tests/fuzz/require.h"

#define PAIRS_MAX 32
#define HEADERS_SENT_MAX 16

struct pair {
	char *name, *value; /* value: NULL without a '=' */
};

struct pairs {
	struct pair pair[PAIRS_MAX];
	size_t count;
};

/* Names are the library's. */
struct MHD_Response {
	char *bytes; /* its own; or NULL: by the reader, */
	size_t size;
	bool must_free;
	MHD_ContentReaderCallback reader;
	void *reader_ctx;
	uint64_t total;
	struct pairs headers;
	unsigned references;
};

struct MHD_Connection {
	struct pairs headers, arguments;
	bool suspended;
	int peer; /* the other end of its socket, or -1 */
	union MHD_ConnectionInfo info;
	unsigned status; /* 0: no answer yet */
	struct MHD_Response *response;
};

/* There is one. */
static struct {
	MHD_AccessHandlerCallback handler;
	void *handler_ctx;
	void *(*begins)(void *ctx, const char *target, struct MHD_Connection *connection);
	void *begins_ctx;
	MHD_RequestCompletedCallback over;
	void *over_ctx;
	union MHD_DaemonInfo epoll, connections;
} mhd;

/* --- the daemon */

struct MHD_Daemon *MHD_start_daemon(unsigned int flags, uint16_t port,
				    MHD_AcceptPolicyCallback accept, void *accept_ctx,
				    MHD_AccessHandlerCallback handler, void *handler_ctx, ...)
{
	va_list args;
	int option;

	(void)port;
	(void)accept;
	(void)accept_ctx;
	require(flags & MHD_ALLOW_SUSPEND_RESUME);
	mhd.handler = handler;
	mhd.handler_ctx = handler_ctx;
	va_start(args, handler_ctx);
	while ((option = va_arg(args, int)) != MHD_OPTION_END) {
		switch (option) {
		case MHD_OPTION_EXTERNAL_LOGGER:
			(void)va_arg(args, void *);
			(void)va_arg(args, void *);
			break;
		case MHD_OPTION_URI_LOG_CALLBACK:
			*(void **)&mhd.begins = va_arg(args, void *);
			mhd.begins_ctx = va_arg(args, void *);
			break;
		case MHD_OPTION_NOTIFY_COMPLETED:
			*(void **)&mhd.over = va_arg(args, void *);
			mhd.over_ctx = va_arg(args, void *);
			break;
		case MHD_OPTION_CONNECTION_MEMORY_LIMIT:
			(void)va_arg(args, size_t);
			break;
		default:
			(void)va_arg(args, int);
		}
	}
	va_end(args);
	require(mhd.begins && mhd.over);
	mhd.epoll.epoll_fd = eventfd(0, EFD_CLOEXEC);
	return (struct MHD_Daemon *)&mhd;
}

const union MHD_DaemonInfo *MHD_get_daemon_info(struct MHD_Daemon *daemon,
						enum MHD_DaemonInfoType type, ...)
{
	(void)daemon;
	return type == MHD_DAEMON_INFO_EPOLL_FD ? &mhd.epoll : &mhd.connections;
}

enum MHD_Result MHD_run(struct MHD_Daemon *daemon)
{
	(void)daemon;
	return MHD_YES;
}

enum MHD_Result MHD_get_timeout(struct MHD_Daemon *daemon, MHD_UNSIGNED_LONG_LONG *timeout_ms)
{
	(void)daemon;
	(void)timeout_ms;
	return MHD_NO;
}

/* --- answers */

static struct MHD_Response *response_new(void)
{
	struct MHD_Response *response = mem_new(struct MHD_Response);

	response->references = 1;
	return response;
}

struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *bytes,
						     enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = response_new();

	response->bytes = bytes;
	response->size = size;
	response->must_free = mode == MHD_RESPMEM_MUST_FREE;
	require(bytes && mode != MHD_RESPMEM_MUST_COPY);
	return response;
}

struct MHD_Response *MHD_create_response_from_callback(uint64_t size, size_t block_size,
						       MHD_ContentReaderCallback reader, void *ctx,
						       MHD_ContentReaderFreeCallback free_ctx)
{
	struct MHD_Response *response = response_new();

	require(block_size && reader && !free_ctx);
	response->reader = reader;
	response->reader_ctx = ctx;
	response->total = size;
	return response;
}

static void pairs_add(struct pairs *pairs, char *name, char *value)
{
	require(pairs->count < PAIRS_MAX);
	pairs->pair[pairs->count++] = (struct pair){ name, value };
}

static void pairs_clear(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->pair[i].name);
		free(pairs->pair[i].value);
	}
	pairs->count = 0;
}

/* The first value of that name, or NULL. */
static const char *pairs_find(const struct pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (!strcasecmp(pairs->pair[i].name, name))
			return pairs->pair[i].value;
	return NULL;
}

enum MHD_Result MHD_add_response_header(struct MHD_Response *response, const char *name,
					const char *value)
{
	/* What came from the peer must not begin a header of its own; the library leaves that to us. */
	for (const char *c = value; *c; c++)
		require((unsigned char)*c >= 0x20 && *c != 0x7f);
	pairs_add(&response->headers, mem_strdup(name), mem_strdup(value));
	return MHD_YES;
}

void MHD_destroy_response(struct MHD_Response *response)
{
	if (--response->references)
		return;
	if (response->must_free)
		free(response->bytes);
	pairs_clear(&response->headers);
	free(response);
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status,
				   struct MHD_Response *response)
{
	require(!connection->response && !connection->suspended);
	require(status >= 200 && status < 600);
	connection->status = status;
	connection->response = response;
	response->references++;
	return MHD_YES;
}

/* --- connections */

void MHD_suspend_connection(struct MHD_Connection *connection)
{
	require(!connection->suspended);
	connection->suspended = true;
}

void MHD_resume_connection(struct MHD_Connection *connection)
{
	require(connection->suspended);
	connection->suspended = false;
}

const char *MHD_lookup_connection_value(struct MHD_Connection *connection, enum MHD_ValueKind kind,
					const char *name)
{
	require(kind == MHD_HEADER_KIND);
	return pairs_find(&connection->headers, name);
}

int MHD_get_connection_values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
			      MHD_KeyValueIterator fn, void *ctx)
{
	const struct pairs *pairs = &connection->arguments;

	require(kind == MHD_GET_ARGUMENT_KIND);
	for (size_t i = 0; i < pairs->count; i++)
		if (fn(ctx, kind, pairs->pair[i].name, pairs->pair[i].value) == MHD_NO)
			return (int)i + 1;
	return (int)pairs->count;
}

const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *connection,
							enum MHD_ConnectionInfoType type, ...)
{
	int fds[2];

	require(type == MHD_CONNECTION_INFO_CONNECTION_FD && connection->peer < 0);
	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	connection->info.connect_fd = fds[0];
	connection->peer = fds[1];
	return &connection->info;
}

/* --- a request */

static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* In place. A NUL ends the text, as it does for whoever reads it. */
static char *unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '%' && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
			*to++ = (char)(hex(from[1]) << 4 | hex(from[2]));
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return text;
}

static void parse_arguments(char *query, struct pairs *arguments)
{
	char *next;

	for (char *at = query; at && arguments->count < PAIRS_MAX; at = next) {
		char *value;

		next = strchr(at, '&');
		if (next)
			*next++ = '\0';
		for (char *c = at; *c; c++)
			*c = *c == '+' ? ' ' : *c;
		value = strchr(at, '=');
		if (value)
			*value++ = '\0';
		pairs_add(arguments, mem_strdup(unescape(at)),
			  value ? mem_strdup(unescape(value)) : NULL);
	}
}

/* Lines of "NAME: VALUE". */
static void parse_headers(char *text, struct pairs *headers)
{
	char *next;

	for (char *line = text; line && headers->count < PAIRS_MAX; line = next) {
		char *value;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		value = strchr(line, ':');
		if (!value)
			continue;
		*value++ = '\0';
		value += strspn(value, " \t");
		value[strcspn(value, "\r")] = '\0';
		pairs_add(headers, mem_strdup(line), mem_strdup(value));
	}
}

#endif

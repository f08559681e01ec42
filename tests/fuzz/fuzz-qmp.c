// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes from a QEMU, for libFuzzer: each command is answered at most once, the connection ends at
 * most once, and nothing comes after its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "qmp/qmp.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (64 * 1024)
#define COMMANDS 4

struct link {
	struct qmp *qmp;
	bool closed;
};

struct waiter {
	struct link *link;
	bool answered;
};

static void greeting_in(void *ctx)
{
	const struct link *link = ctx;

	require(!link->closed);
	require(qmp_greeted(link->qmp) && qmp_version(link->qmp)[0]);
}

static void event_in(void *ctx, const struct qmp_event *event)
{
	const struct link *link = ctx;

	require(!link->closed && qmp_greeted(link->qmp));
	require(event->name && json_is_object(event->data));
	require(event->peer_unix_ns >= -1);
}

static void closed(void *ctx, const struct err *err)
{
	struct link *link = ctx;

	require(!link->closed && err->code < 0 && err->text[0]);
	link->closed = true;
}

static void reply_in(void *ctx, const struct qmp_reply *reply)
{
	struct waiter *waiter = ctx;

	require(!waiter->answered && !waiter->link->closed);
	require(!reply->value != !reply->error);
	waiter->answered = true;
}

static const struct qmp_handler handler = {
	.greeting = greeting_in,
	.event = event_in,
	.closed = closed,
};

/* In as many pieces as the first byte says. */
static void feed(struct link *link, int fd, const uint8_t *data, size_t size, size_t piece)
{
	while (size) {
		size_t n = size < piece ? size : piece;

		if (send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		qmp_drain(link->qmp);
		data += n;
		size -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char greeting[] = "{\"QMP\":{\"version\":{\"qemu\":{\"major\":7,\"minor\":2,"
				       "\"micro\":1}},\"capabilities\":[\"oob\"]}}\r\n";
	struct link link = { 0 };
	struct waiter waiters[COMMANDS] = { 0 };
	struct ev_loop *loop;
	int fds[2];

	if (size < 1 || size > INPUT_MAX)
		return 0;
	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	loop = ev_loop_new(EVBACKEND_SELECT);
	link.qmp = qmp_new(loop, fds[1], &handler, &link);
	if (data[0] & 1)
		feed(&link, fds[0], (const uint8_t *)greeting, sizeof(greeting) - 1, 64);
	for (int i = 0; i < COMMANDS; i++) {
		waiters[i].link = &link;
		qmp_execute(link.qmp, "query-status", NULL, false, reply_in, &waiters[i]);
	}
	qmp_forget(link.qmp, &waiters[COMMANDS - 1]);
	feed(&link, fds[0], data + 1, size - 1, data[0] & 2 ? 7 : INPUT_MAX);
	require(!waiters[COMMANDS - 1].answered);
	close(fds[0]);
	qmp_drain(link.qmp);
	require(link.closed);
	qmp_free(link.qmp);
	ev_loop_destroy(loop);
	return 0;
}

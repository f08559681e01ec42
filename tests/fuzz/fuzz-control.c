// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes from a client of the control socket, for libFuzzer: every answer is an object of QMP's
 * shape, and the connection ends when the client does. There is no guest to run, so no campaign
 * begins and nothing is executed.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "control/control.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The socket takes it at once. */
#define INPUT_MAX (64 * 1024)

struct world {
	struct ev_loop *loop;
	struct control *control;
};

static void idle(void *ctx)
{
	(void)ctx;
	abort(); /* no client is the owner */
}

static struct world *world(void)
{
	static struct world world;
	struct control_spec spec = {
		.records = records_new(1),
		.state = "/nonexistent",
		.work = "/nonexistent",
		.guests = "/nonexistent",
		.idle = idle,
	};

	if (world.loop) {
		records_free(spec.records);
		return &world;
	}
	world.loop = ev_loop_new(0);
	world.control = control_new(world.loop, &spec);
	return &world;
}

/* A line that the service has sent. */
static void check_line(const char *line, size_t size)
{
	auto_json json_t *message = json_loadb(line, size, 0, NULL);
	json_t *error = json_object_get(message, "error");

	require(json_is_object(message));
	require(json_object_get(message, "QMP") || json_object_get(message, "return") || error);
	require(!error || (json_is_string(json_object_get(error, "class")) &&
			   json_is_string(json_object_get(error, "desc"))));
}

struct reader {
	char *data;
	size_t size;
};

/* Takes what is there; false at the end of the connection. */
static bool read_lines(int fd, struct reader *reader)
{
	char chunk[65536];
	ssize_t n;

	while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0) {
		char *end;

		reader->data = mem_realloc(reader->data, reader->size + (size_t)n, 1);
		memcpy(reader->data + reader->size, chunk, (size_t)n);
		reader->size += (size_t)n;
		while (reader->size && (end = memchr(reader->data, '\n', reader->size))) {
			size_t size = (size_t)(end - reader->data) + 1;

			check_line(reader->data, size);
			reader->size -= size;
			memmove(reader->data, end + 1, reader->size);
		}
	}
	return n < 0 && errno == EAGAIN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char capabilities[] = "{\"execute\":\"qmp_capabilities\"}";
	struct world *w = world();
	struct reader reader = { 0 };
	int fds[2];

	if (size < 1 || size > INPUT_MAX)
		return 0;
	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	/* The first byte says whether the client has negotiated, and whether it may change anything. */
	control_add_client(w->control, fds[1], data[0] & 2 ? CONTROL_READER : CONTROL_USER);
	if (data[0] & 1)
		require(send(fds[0], capabilities, sizeof(capabilities) - 1, 0) > 0);
	require(send(fds[0], data + 1, size - 1, 0) == (ssize_t)(size - 1));
	shutdown(fds[0], SHUT_WR);
	while (read_lines(fds[0], &reader))
		ev_run(w->loop, EVRUN_ONCE);
	/* Whole lines only, unless the end came in the middle of our reading. */
	require(reader.size == 0);
	close(fds[0]);
	free(reader.data);
	ev_run(w->loop, EVRUN_NOWAIT); /* the client is freed */
	ev_run(w->loop, EVRUN_NOWAIT);
	return 0;
}

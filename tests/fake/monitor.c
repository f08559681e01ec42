/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QMP connection: lines in and out, events, and the two ways that commands go.
 *
 * Theory of operation: as in QEMU, a thread of its own reads the socket. It executes out-of-band
 * commands at once and queues all others for the main loop, so it answers while the main loop is
 * stuck. It stops reading when QUEUE_MAX messages wait (one, without out-of-band): a client that
 * keeps sending to a stuck main loop loses out-of-band commands too, as with QEMU.
 */
#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dispatch.h"
#include "fake.h"

#define QUEUE_MAX 8
#define LINE_MAX_BYTES (1u << 20)
#define SEND_TIMEOUT_MS 10000

struct monitor {
	struct fake *fake;
	int fd;
	int wakeup;
	atomic_bool muted;
	atomic_bool negotiated;
	atomic_bool oob;

	pthread_mutex_t out; /* whole lines */

	pthread_mutex_t lock; /* what follows */
	pthread_cond_t room;
	struct message *first;
	struct message **last;
	unsigned queued; /* not yet done, so the one in work counts */
};

struct monitor *monitor_new(struct fake *fake, int fd)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	if (!monitor)
		return NULL;
	monitor->fake = fake;
	monitor->fd = fd;
	monitor->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	monitor->last = &monitor->first;
	pthread_mutex_init(&monitor->out, NULL);
	pthread_mutex_init(&monitor->lock, NULL);
	pthread_cond_init(&monitor->room, NULL);
	if (monitor->wakeup < 0) {
		free(monitor);
		return NULL;
	}
	return monitor;
}

bool monitor_negotiated(const struct monitor *monitor)
{
	return atomic_load(&monitor->negotiated);
}

bool monitor_oob(const struct monitor *monitor)
{
	return atomic_load(&monitor->oob);
}

void monitor_negotiate(struct monitor *monitor, bool oob)
{
	atomic_store(&monitor->oob, oob);
	atomic_store(&monitor->negotiated, true);
}

/* Sends all or, when the client has gone or does not read, closes. The out lock is held. */
static void send_all(struct monitor *monitor, const char *data, size_t size)
{
	while (size && !atomic_load(&monitor->muted)) {
		struct pollfd poll_out = { .fd = monitor->fd, .events = POLLOUT };
		ssize_t sent = send(monitor->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0) {
			data += sent;
			size -= (size_t)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN && poll(&poll_out, 1, SEND_TIMEOUT_MS) > 0)
			continue;
		monitor_close(monitor);
		return;
	}
}

static void send_text(struct monitor *monitor, const char *text)
{
	pthread_mutex_lock(&monitor->out);
	send_all(monitor, text, strlen(text));
	pthread_mutex_unlock(&monitor->out);
}

void monitor_send(struct monitor *monitor, json_t *object)
{
	char *text = json_dumps(object, JSON_ENSURE_ASCII);

	json_decref(object);
	if (!text)
		return;
	pthread_mutex_lock(&monitor->out);
	send_all(monitor, text, strlen(text));
	send_all(monitor, "\r\n", 2);
	pthread_mutex_unlock(&monitor->out);
	free(text);
}

void monitor_event(struct monitor *monitor, const char *name, json_t *data)
{
	struct timespec now;

	if (!monitor_negotiated(monitor)) {
		json_decref(data);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	monitor_send(monitor,
		     json_pack("{s:{s:I, s:I}, s:s, s:o*}", "timestamp", "seconds",
			       (json_int_t)now.tv_sec, "microseconds",
			       (json_int_t)(now.tv_nsec / 1000), "event", name, "data", data));
}

void monitor_mute(struct monitor *monitor)
{
	atomic_store(&monitor->muted, true);
}

/* The descriptor stays: the reading thread may be at it. */
void monitor_close(struct monitor *monitor)
{
	shutdown(monitor->fd, SHUT_RDWR);
}

void monitor_send_garbage(struct monitor *monitor)
{
	send_text(monitor, "\x01\x02 {\"return\": ]\xff\xfe this is no JSON }{\r\n");
}

void monitor_send_half_line(struct monitor *monitor)
{
	send_text(monitor, "{\"timestamp\": {\"seconds\": 1, \"micro");
}

void monitor_send_long_line(struct monitor *monitor, size_t bytes)
{
	static const char head[] = "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 0}, "
				   "\"event\": \"FAKE_LONG\", \"data\": {\"pad\": \"";
	static const char tail[] = "\"}}\r\n";
	char pad[65536];

	memset(pad, 'a', sizeof(pad));
	pthread_mutex_lock(&monitor->out);
	send_all(monitor, head, strlen(head));
	for (size_t left = bytes; left;) {
		size_t part = left < sizeof(pad) ? left : sizeof(pad);

		send_all(monitor, pad, part);
		left -= part;
	}
	send_all(monitor, tail, strlen(tail));
	pthread_mutex_unlock(&monitor->out);
}

int monitor_wakeup_fd(const struct monitor *monitor)
{
	return monitor->wakeup;
}

struct message *monitor_next(struct monitor *monitor)
{
	struct message *message;
	eventfd_t count;

	pthread_mutex_lock(&monitor->lock);
	eventfd_read(monitor->wakeup, &count);
	message = monitor->first;
	if (message) {
		monitor->first = message->next;
		if (!monitor->first)
			monitor->last = &monitor->first;
		else
			eventfd_write(monitor->wakeup, 1);
	}
	pthread_mutex_unlock(&monitor->lock);
	return message;
}

void monitor_done(struct monitor *monitor, struct message *message)
{
	json_decref(message->object);
	free(message);
	pthread_mutex_lock(&monitor->lock);
	monitor->queued--;
	pthread_cond_signal(&monitor->room);
	pthread_mutex_unlock(&monitor->lock);
}

static void enqueue(struct monitor *monitor, struct message *message)
{
	pthread_mutex_lock(&monitor->lock);
	message->next = NULL;
	*monitor->last = message;
	monitor->last = &message->next;
	monitor->queued++;
	eventfd_write(monitor->wakeup, 1);
	while (monitor->queued >= (monitor_oob(monitor) ? QUEUE_MAX : 1))
		pthread_cond_wait(&monitor->room, &monitor->lock);
	pthread_mutex_unlock(&monitor->lock);
}

static void take_line(struct monitor *monitor, const char *line, size_t length)
{
	struct message *message = calloc(1, sizeof(*message));
	json_error_t error;

	if (!message)
		abort();
	message->object =
		json_loadb(line, length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (!message->object)
		snprintf(message->error, sizeof(message->error), "JSON parse error, %.100s",
			 error.text);
	if (message->object && monitor_oob(monitor) && dispatch_is_oob(message->object)) {
		dispatch_oob(monitor->fake, message->object);
		json_decref(message->object);
		free(message);
		return;
	}
	enqueue(monitor, message);
}

static void *read_lines(void *arg)
{
	struct monitor *monitor = arg;
	char *buffer = malloc(LINE_MAX_BYTES);
	size_t fill = 0;

	if (!buffer)
		abort();
	while (fill < LINE_MAX_BYTES) {
		ssize_t got = recv(monitor->fd, buffer + fill, LINE_MAX_BYTES - fill, 0);
		size_t start = 0;
		char *end;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		fill += (size_t)got;
		while ((end = memchr(buffer + start, '\n', fill - start))) {
			size_t length = (size_t)(end - buffer) - start;

			if (atomic_load(&monitor->muted))
				break;
			if (strspn(buffer + start, " \t\r") < length)
				take_line(monitor, buffer + start, length);
			start += length + 1;
		}
		if (atomic_load(&monitor->muted))
			break;
		memmove(buffer, buffer + start, fill - start);
		fill -= start;
	}
	free(buffer);
	/* QEMU lives on without its client, and a muted monitor has its thread too. */
	for (;;)
		pause();
	return NULL;
}

void monitor_start(struct monitor *monitor, bool greeting)
{
	if (greeting)
		monitor_send(monitor, json_pack("{s:{s:o, s:[s]}}", "QMP", "version",
						dispatch_version(), "capabilities", "oob"));
	fake_thread("IO mon_iothread", read_lines, monitor);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP connection: lines in and out, events, and the two ways that commands go. */
#ifndef QSOAK_TESTS_FAKE_MONITOR_H
#define QSOAK_TESTS_FAKE_MONITOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct fake;
struct monitor;

/* One line that came in: an object or what is wrong with it. */
struct message {
	struct message *next;
	json_t *object; /* NULL: error says why */
	char error[160];
};

/* fd: the connected socket, owned from now on. */
struct monitor *monitor_new(struct fake *fake, int fd);

/* Greets and starts to read, in a thread of its own that executes out-of-band commands itself. */
void monitor_start(struct monitor *monitor, bool greeting);

/* Readable when monitor_next() may have something. */
int monitor_wakeup_fd(const struct monitor *monitor);

/* The next message for the main loop, or NULL; the caller gives it to monitor_done(). */
struct message *monitor_next(struct monitor *monitor);
void monitor_done(struct monitor *monitor, struct message *message);

/* Whether the client has negotiated, and whether it has enabled out-of-band commands. */
bool monitor_negotiated(const struct monitor *monitor);
bool monitor_oob(const struct monitor *monitor);
void monitor_negotiate(struct monitor *monitor, bool oob);

/* Sends a line; takes the object. From any thread. */
void monitor_send(struct monitor *monitor, json_t *object);

/* Sends an event with its time; takes data, which may be NULL. Dropped before negotiation. */
void monitor_event(struct monitor *monitor, const char *name, json_t *data);

/* What a broken monitor does. */
void monitor_mute(struct monitor *monitor);
void monitor_close(struct monitor *monitor);
void monitor_send_garbage(struct monitor *monitor);
void monitor_send_half_line(struct monitor *monitor);
void monitor_send_long_line(struct monitor *monitor, size_t bytes);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection to the control socket: greeting, negotiation, commands in the order in which they
 * came, and events if the peer asked for them. The peer is untrusted; see limits.h.
 */
#ifndef QSOAK_CONTROL_CLIENT_H
#define QSOAK_CONTROL_CLIENT_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>

#include "control/control.h"

struct client;
struct reader;

struct client_spec {
	struct control *control; /* whom commands are for */
	struct reader *reader;
	bool reads_only; /* may change nothing */
	/* Called once, from the loop, when the connection has ended, whoever ended it; the client is
	 * to be freed in it. */
	void (*gone)(void *ctx, struct client *client);
	void *ctx;
};

/* Takes the connected socket over. */
struct client *client_new(struct ev_loop *loop, int fd, const struct client_spec *spec);
void client_free(struct client *client);

/* Tells a peer why it will not be served, in QMP's words, and closes the socket. */
void client_refuse(int fd, const char *why);

/* Sends an event, JSON that is borrowed, if the client has subscribed. */
void client_send_event(struct client *client, const char *text);

bool client_reads_only(const struct client *client);

/* For commands. */
struct control *client_control(const struct client *client);
void client_set_negotiated(struct client *client);
void client_subscribe(struct client *client, bool enable);

#endif

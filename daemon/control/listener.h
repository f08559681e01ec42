/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The listening socket of the service: who may connect, and one qsoakd a path.
 *
 * The socket has mode 0660. A peer is served if it is root, has our user id, or is in the group that
 * was named; whoever else gets through the mode of the socket is told so and closed.
 */
#ifndef QSOAK_CONTROL_LISTENER_H
#define QSOAK_CONTROL_LISTENER_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define LISTENER_NO_GROUP ((gid_t)-1)

struct listener_spec {
	int fd;		  /* that listens already, taken over: path is for people; or -1 */
	const char *path; /* its folder is made if it is missing */
	gid_t group;	  /* the socket's, whose members may connect; or LISTENER_NO_GROUP */
	/* A peer that may connect; takes the socket over. */
	void (*accepted)(void *ctx, int fd);
	void *ctx;
};

struct listener;

/* A socket that nobody listens on is replaced. -EADDRINUSE: somebody does. */
int listener_open(struct ev_loop *loop, const struct listener_spec *spec,
		  struct listener **ret_listener, struct err *err);

/* Removes the socket; takes NULL. */
void listener_close(struct listener *listener);

/* Whether a peer with these ids may connect; groups are its supplementary ones. */
bool listener_admits(gid_t group, uid_t uid, gid_t gid, const gid_t *groups, size_t count);

#endif

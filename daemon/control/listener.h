/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The listening socket of the service: who may connect, and one qsoakd a path.
 *
 * Root, our own user and members of the group may do everything, readers only what changes nothing; whoever else
 * gets through the mode of the socket is told so and closed. The mode is 0660, or 0666 where there are readers.
 */
#ifndef QSOAK_CONTROL_LISTENER_H
#define QSOAK_CONTROL_LISTENER_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define LISTENER_NO_GROUP ((gid_t)-1)

struct listener_access {
	gid_t group;	/* the socket's, whose members may do everything; or LISTENER_NO_GROUP */
	gid_t *readers; /* groups whose members may read */
	size_t reader_count;
	bool everyone_reads;
};

enum listener_right {
	LISTENER_REFUSED,
	LISTENER_READS,
	LISTENER_ALL,
};

struct listener_spec {
	int fd;		  /* that listens already, taken over: path is for people; or -1 */
	const char *path; /* its folder is made if it is missing */
	struct listener_access access; /* readers are borrowed */
	/* A peer that may connect; takes the socket over. */
	void (*accepted)(void *ctx, int fd, bool reads_only);
	void *ctx;
};

struct listener;

/* A socket that nobody listens on is replaced. -EADDRINUSE: somebody does. */
int listener_open(struct ev_loop *loop, const struct listener_spec *spec,
		  struct listener **ret_listener, struct err *err);

/* Removes the socket; takes NULL. */
void listener_close(struct listener *listener);

/* Who may connect from now on; readers are borrowed. The group of a socket that was handed over is not ours to
 * change. An error leaves everything as it was. */
int listener_set_access(struct listener *listener, const struct listener_access *access,
			struct err *err);

/* What a peer with these ids may; groups are its supplementary ones. */
enum listener_right listener_admits(const struct listener_access *access, uid_t uid, gid_t gid,
				    const gid_t *groups, size_t count);

#endif

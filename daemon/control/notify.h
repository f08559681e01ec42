/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager: it is told that we are ready, what we do and that we end, and its watchdog is fed.
 *
 * The watchdog (sd_watchdog_enabled(3)) is fed by a timer of the loop, three times an interval, and only if
 * `alive` says so: a loop that hangs feeds it as little as a store that does not answer. Without a service
 * manager nothing happens.
 */
#ifndef QSOAK_CONTROL_NOTIFY_H
#define QSOAK_CONTROL_NOTIFY_H

#include <ev.h>
#include <stdbool.h>

#include "base/err.h"

struct notify_spec {
	/* Whether what is not on the loop is alive, too. */
	bool (*alive)(void *ctx);
	/* One line on what is going on; the caller frees. */
	char *(*status)(void *ctx);
	void *ctx;
};

struct notify;

struct notify *notify_new(struct ev_loop *loop, const struct notify_spec *spec);

/* NULL is fine. */
void notify_free(struct notify *notify);

/* From now on the status is told when it changes, and the watchdog fed. */
void notify_ready(struct notify *notify);

/* A reload begins; notify_ready() ends it. */
void notify_reloading(struct notify *notify);

void notify_stopping(struct notify *notify);

/* The listening socket that was handed over, or -1: there is none. -EINVAL: it is not one of a kind that qsoakd can
 * listen on. */
int notify_listen_fd(int *ret_fd, struct err *err);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Talking to the service manager by sd_notify(3). */
#include "control/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"

/* How often the status is looked at. */
#define NOTIFY_STATUS_NS (5 * CLOCK_NS_PER_S)

/* The watchdog is fed so often in each of its intervals. */
#define NOTIFY_FEEDS 3

struct notify {
	struct ev_loop *loop;
	struct notify_spec spec;
	int64_t feed_ns; /* 0: there is no watchdog */
	bool starves;	 /* it was not fed the last time */
	char *status;	 /* that was told last, or NULL */
	struct deadline feed, look;
};

static void feed_due(void *ctx)
{
	struct notify *notify = ctx;
	bool alive = notify->spec.alive(notify->spec.ctx);

	if (alive)
		sd_notify(0, "WATCHDOG=1");
	else if (!notify->starves)
		log_warning("the store does not answer: the watchdog is not fed");
	notify->starves = !alive;
	deadline_start(notify->loop, &notify->feed, notify->feed_ns);
}

static void look_due(void *ctx)
{
	struct notify *notify = ctx;
	char *status = notify->spec.status(notify->spec.ctx);

	if (!notify->status || strcmp(status, notify->status))
		sd_notifyf(0, "STATUS=%s", status);
	free(notify->status);
	notify->status = status;
	deadline_start(notify->loop, &notify->look, NOTIFY_STATUS_NS);
}

struct notify *notify_new(struct ev_loop *loop, const struct notify_spec *spec)
{
	struct notify *notify = mem_new(struct notify);
	uint64_t interval_us = 0;

	notify->loop = loop;
	notify->spec = *spec;
	if (sd_watchdog_enabled(0, &interval_us) > 0)
		notify->feed_ns = (int64_t)interval_us * 1000 / NOTIFY_FEEDS;
	deadline_init(&notify->feed, feed_due, notify);
	deadline_init(&notify->look, look_due, notify);
	return notify;
}

void notify_free(struct notify *notify)
{
	if (!notify)
		return;
	deadline_stop(notify->loop, &notify->feed);
	deadline_stop(notify->loop, &notify->look);
	free(notify->status);
	free(notify);
}

void notify_ready(struct notify *notify)
{
	sd_notify(0, "READY=1");
	if (!getenv("NOTIFY_SOCKET"))
		return;
	look_due(notify);
	if (notify->feed_ns)
		deadline_start(notify->loop, &notify->feed, notify->feed_ns);
}

void notify_reloading(struct notify *notify)
{
	(void)notify;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_now_ns() / 1000);
}

void notify_stopping(struct notify *notify)
{
	(void)notify;
	sd_notify(0, "STOPPING=1");
}

int notify_listen_fd(int *ret_fd, struct err *err)
{
	int count = sd_listen_fds(1);

	if (count < 0)
		return err_set_errno(err, -count, "sockets of the service manager");
	if (count > 1)
		return err_set(err, -EINVAL,
			       "the service manager hands over %d sockets, expected one: the "
			       "ListenStream= of qsoakd.socket",
			       count);
	if (count == 1 && sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return err_set(err, -EINVAL,
			       "the socket of the service manager is no listening Unix stream "
			       "socket: see ListenStream= of qsoakd.socket");
	*ret_fd = count ? SD_LISTEN_FDS_START : -1;
	return 0;
}

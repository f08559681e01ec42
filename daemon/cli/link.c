// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a call runs the loop until its answer, the connection's end or its deadline. A connection that
 * has ended stays as it is, and answers nothing, until another one takes its place.
 */
#include "cli/link.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"
#include "base/standstill.h"
#include "control/address.h"

struct link {
	struct ev_loop *loop;
	char *path; /* of the service; NULL: a socket of our own, which cannot be had again */
	struct qmp *qmp;
	struct err closed; /* code 0: it is open */
	bool late, broken_off, negotiated;
	struct deadline limit;
	struct standstill *standstill;
	void (*event)(void *ctx, const struct qmp_event *event);
	void *ctx;
};

/* Where a call's answer goes. */
struct answer {
	bool here;
	json_t *value;
	struct err *err;
};

static void greeting_in(void *ctx)
{
	(void)ctx; /* link_greet() asks whether it has come */
}

static void event_in(void *ctx, const struct qmp_event *event)
{
	struct link *link = ctx;

	if (link->event)
		link->event(link->ctx, event);
}

static void closed(void *ctx, const struct err *err)
{
	struct link *link = ctx;

	link->closed = *err;
	err_prefix(&link->closed, "qsoakd has gone");
}

static const struct qmp_handler handler = {
	.greeting = greeting_in,
	.event = event_in,
	.closed = closed,
};

static void limit_passed(void *ctx)
{
	struct link *link = ctx;

	link->late = true;
}

struct link *link_new(int fd)
{
	struct link *link = mem_new(struct link);

	link->loop = ev_loop_new(EVFLAG_AUTO);
	link->qmp = qmp_new(link->loop, fd, &handler, link);
	deadline_init(&link->limit, limit_passed, link);
	link->standstill = standstill_new(link->loop, NULL, NULL);
	return link;
}

static int connect_to(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_set_errno(err, errno, "socket");
	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, -EINVAL, "--socket %s: longer than %zu characters", path,
			       sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return err_set(err, -ECONNREFUSED, "no qsoakd listens on %s: start one",
				       path);
		if (errno == EACCES)
			return err_set(err, -EACCES, "you may not connect to %s: its group may",
				       path);
		return err_set_errno(err, errno, "cannot connect to %s", path);
	}
	*ret_fd = fd_steal(&fd);
	return 0;
}

int link_open(const char *socket_path, struct link **ret_link, struct err *err)
{
	auto_free char *path = socket_path ? mem_strdup(socket_path) : address_to_connect();
	struct link *link;
	int fd = -1, r = connect_to(path, &fd, err);

	if (r < 0)
		return r;
	link = link_new(fd);
	link->path = mem_steal(path);
	r = link_greet(link, err);
	if (r < 0) {
		link_close(link);
		return r;
	}
	*ret_link = link;
	return 0;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	deadline_stop(link->loop, &link->limit);
	qmp_free(link->qmp);
	standstill_free(link->standstill);
	ev_loop_destroy(link->loop);
	free(link->path);
	free(link);
}

void link_on_event(struct link *link, void (*fn)(void *ctx, const struct qmp_event *event),
		   void *ctx)
{
	link->event = fn;
	link->ctx = ctx;
}

/* Runs the loop while there is hope. */
static int wait_on(struct link *link, const char *what, int64_t limit_ns, bool (*done)(void *ctx),
		   void *ctx, struct err *err)
{
	link->late = link->broken_off = false;
	deadline_start(link->loop, &link->limit, limit_ns);
	while (!done(ctx) && !link->closed.code && !link->late && !link->broken_off)
		ev_run(link->loop, EVRUN_ONCE);
	deadline_stop(link->loop, &link->limit);
	if (done(ctx))
		return 0;
	if (link->closed.code) {
		*err = link->closed;
		return err->code;
	}
	if (link->broken_off)
		return err_set(err, -EINTR, "%s was interrupted", what);
	return err_set(err, -ETIMEDOUT, "qsoakd did not answer %s within %d s", what,
		       (int)(limit_ns / CLOCK_NS_PER_S));
}

static bool greeted(void *ctx)
{
	const struct link *link = ctx;

	return qmp_greeted(link->qmp);
}

static int greet(struct link *link, int64_t limit_ns, struct err *err)
{
	auto_json json_t *value = NULL;
	int r = wait_on(link, "with a greeting", limit_ns, greeted, link, err);

	if (r == 0)
		r = link_call(link, "qmp_capabilities", NULL, &value, err);
	link->negotiated = r == 0;
	return r;
}

int link_greet(struct link *link, struct err *err)
{
	return link->negotiated ? 0 : greet(link, LINK_REPLY_LIMIT_NS, err);
}

static void answer_in(void *ctx, const struct qmp_reply *reply)
{
	struct answer *answer = ctx;

	answer->here = true;
	if (reply->error)
		err_set(answer->err, reply->bad_input ? -EINVAL : -EREMOTEIO, "%s", reply->error);
	else
		answer->value = json_incref(reply->value);
}

static bool answered(void *ctx)
{
	const struct answer *answer = ctx;

	return answer->here;
}

int link_call(struct link *link, const char *command, json_t *arguments, json_t **ret_value,
	      struct err *err)
{
	struct err refusal = { 0 };
	struct answer answer = { .err = &refusal };
	int r;

	qmp_execute(link->qmp, command, arguments, false, answer_in, &answer);
	r = wait_on(link, command, LINK_REPLY_LIMIT_NS, answered, &answer, err);
	qmp_forget(link->qmp, &answer);
	if (r < 0)
		return r;
	if (refusal.code) {
		*err = refusal;
		return err->code;
	}
	*ret_value = answer.value;
	return 0;
}

bool link_lost(const struct link *link)
{
	return link->closed.code || link->late || link->broken_off;
}

bool link_closed(const struct link *link)
{
	return link->closed.code;
}

/* The service manager may listen already while qsoakd starts: its greeting may take all of limit_ns. */
static int connect_again(struct link *link, int64_t limit_ns, struct err *err)
{
	int fd = -1, r = connect_to(link->path, &fd, err);

	if (r < 0)
		return r;
	qmp_free(link->qmp);
	link->closed = (struct err){ 0 };
	link->negotiated = false;
	link->qmp = qmp_new(link->loop, fd, &handler, link);
	return greet(link, limit_ns, err);
}

int link_reopen(struct link *link, int64_t until_ns, struct err *err)
{
	int64_t pause_ns = LINK_RETRY_NS, left_ns;
	struct err last = { 0 };

	if (!link->path) {
		*err = link->closed;
		return err->code;
	}
	do {
		left_ns = until_ns - clock_now_ns();
		if (connect_again(link, left_ns > 0 ? left_ns : 0, &last) == 0)
			return 0;
		if (link->broken_off || !link_pause(link, pause_ns)) {
			*err = last;
			return err->code = -EINTR;
		}
		pause_ns = 2 * pause_ns < LINK_RETRY_MAX_NS ? 2 * pause_ns : LINK_RETRY_MAX_NS;
	} while (clock_now_ns() < until_ns);
	*err = last;
	return err->code;
}

bool link_pause(struct link *link, int64_t pause_ns)
{
	link->late = link->broken_off = false;
	deadline_start(link->loop, &link->limit, pause_ns);
	while (!link->late && !link->broken_off)
		ev_run(link->loop, EVRUN_ONCE);
	deadline_stop(link->loop, &link->limit);
	return !link->broken_off;
}

void link_send(struct link *link, const char *command, json_t *arguments, qmp_reply_fn fn,
	       void *ctx)
{
	qmp_execute(link->qmp, command, arguments, false, fn, ctx);
}

void link_forget(struct link *link, void *ctx)
{
	qmp_forget(link->qmp, ctx);
}

int link_run(struct link *link, struct err *err)
{
	link->broken_off = false;
	while (!link->closed.code && !link->broken_off)
		ev_run(link->loop, EVRUN_ONCE);
	if (link->broken_off)
		return 0;
	*err = link->closed;
	return err->code;
}

void link_break(struct link *link)
{
	link->broken_off = true;
}

struct ev_loop *link_loop(const struct link *link)
{
	return link->loop;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection to a qsoakd, with calls that wait for their answer. */
#ifndef QSOAK_CLI_LINK_H
#define QSOAK_CLI_LINK_H

#include <ev.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "qmp/qmp.h"

/* How long an answer may take; a report of millions of operations takes seconds. */
#define LINK_REPLY_LIMIT_NS (120 * CLOCK_NS_PER_S)

/* How long a service that has gone is waited for, unless the user says otherwise; and how long after one try to
 * reach it comes the next, at first and at last. */
#define LINK_RETURN_LIMIT_NS (5 * 60 * CLOCK_NS_PER_S)
#define LINK_RETRY_NS (100 * CLOCK_NS_PER_MS)
#define LINK_RETRY_MAX_NS (2 * CLOCK_NS_PER_S)

struct link;

/* Connects to the service; socket NULL: where it is by default. */
int link_open(const char *socket, struct link **ret_link, struct err *err);

/* Takes a connected socket over. */
struct link *link_new(int fd);
void link_close(struct link *link);

/* fn hears of all events from now on, also of those that come while a call waits. */
void link_on_event(struct link *link, void (*fn)(void *ctx, const struct qmp_event *event),
		   void *ctx);

/* Waits for the greeting and negotiates; once. */
int link_greet(struct link *link, struct err *err);

/* arguments is stolen and may be NULL. ret_value is the caller's. -EINVAL: the peer says that our
 * user's input is wrong. */
int link_call(struct link *link, const char *command, json_t *arguments, json_t **ret_value,
	      struct err *err);

/* Whether the last call failed because there will be no answer: the peer has gone, it was too late, or
 * link_break() came. */
bool link_lost(const struct link *link);

/* Connects again to where link_open() did, and greets: tries until a qsoakd is there or clock_now_ns() is until_ns, then
 * err has what the last try met. -EINTR: link_break() came. Events must be subscribed to anew. */
int link_reopen(struct link *link, int64_t until_ns, struct err *err);

/* Runs the loop for so long; false: link_break() came before. */
bool link_pause(struct link *link, int64_t pause_ns);

/* Whether the peer has gone. */
bool link_closed(const struct link *link);

/* Sends a command whose answer, if any, goes to fn. */
void link_send(struct link *link, const char *command, json_t *arguments, qmp_reply_fn fn,
	       void *ctx);

/* No answer goes to ctx any more. */
void link_forget(struct link *link, void *ctx);

/* Runs the loop until link_break(); an error if the connection ends before. */
int link_run(struct link *link, struct err *err);
void link_break(struct link *link);

struct ev_loop *link_loop(const struct link *link);

#endif

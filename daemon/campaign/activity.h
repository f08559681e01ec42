/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The activity of a campaign: how long it has been at work, the gaps in which it was not, and the deadline
 * that ends it.
 */
#ifndef QSOAK_CAMPAIGN_ACTIVITY_H
#define QSOAK_CAMPAIGN_ACTIVITY_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/record.h"

/* Owned by the campaign; all zero is one that has not begun. */
struct activity {
	struct ev_loop *loop;
	struct records *records;
	int64_t campaign_id;
	int64_t limit_ns;  /* 0: none */
	int64_t before_ns; /* active, up to the last gap */
	int64_t since_ns;  /* monotonic: it is active since then */
	char *why;	   /* it is paused, or NULL */
	bool begun, ended;
	struct deadline limit;
};

/* The campaign has its row. limit_ns: passed is called once it was active so long, 0: never. active_ns: that
 * it was before. */
void activity_begin(struct activity *activity, struct ev_loop *loop, struct records *records,
		    int64_t campaign_id, int64_t limit_ns, int64_t active_ns,
		    void (*passed)(void *ctx), void *ctx);

/* why: NULL ends the pause. Fine before it has begun; a pause that goes on keeps its first reason. Returns
 * whether that changes anything. */
bool activity_pause(struct activity *activity, const char *why);

/* The loop did so for lost_ns, and the host was suspended for suspended_ns more (see base/standstill.h): a gap
 * of its own, which moves the deadline. */
#define ACTIVITY_STOOD_STILL "the host, or qsoakd, stood still"
void activity_stood_still(struct activity *activity, int64_t lost_ns, int64_t suspended_ns);

/* The campaign ends, or (suspended: why) so does its qsoakd. No call of passed comes any more. */
void activity_end(struct activity *activity, const char *suspended);

int64_t activity_elapsed_ns(const struct activity *activity);

void activity_finish(struct activity *activity);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Active time, and the records of its gaps. */
#include "campaign/activity.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

/* ended_unix_ns: 0 of one that goes on. */
static void emit_gap(const struct activity *activity, int64_t began_unix_ns, int64_t ended_unix_ns,
		     const char *why)
{
	struct record_gap gap = { activity->campaign_id, began_unix_ns, ended_unix_ns, why };

	records_emit_synced(activity->records, &(struct record){ .type = RECORD_GAP, .gap = gap });
}

static void emit_gap_end(const struct activity *activity)
{
	struct record_gap_end end = { activity->campaign_id, clock_unix_ns() };

	records_emit_synced(activity->records,
			    &(struct record){ .type = RECORD_GAP_END, .gap_end = end });
}

static void go_on(struct activity *activity)
{
	activity->since_ns = clock_now_ns();
	if (!activity->limit_ns)
		return;
	deadline_start(activity->loop, &activity->limit,
		       activity->limit_ns > activity->before_ns
			       ? activity->limit_ns - activity->before_ns
			       : 0);
}

static void halt(struct activity *activity)
{
	activity->before_ns = activity_elapsed_ns(activity);
	deadline_stop(activity->loop, &activity->limit);
}

void activity_begin(struct activity *activity, struct ev_loop *loop, struct records *records,
		    int64_t campaign_id, int64_t limit_ns, int64_t active_ns,
		    void (*passed)(void *ctx), void *ctx)
{
	activity->loop = loop;
	activity->records = records;
	activity->campaign_id = campaign_id;
	activity->limit_ns = limit_ns;
	activity->before_ns = active_ns;
	activity->begun = true;
	deadline_init(&activity->limit, passed, ctx);
	if (activity->why)
		emit_gap(activity, clock_unix_ns(), 0, activity->why);
	else
		go_on(activity);
}

bool activity_pause(struct activity *activity, const char *why)
{
	if (!why == !activity->why || activity->ended)
		return false;
	if (activity->begun && why) {
		halt(activity);
		emit_gap(activity, clock_unix_ns(), 0, why);
	} else if (activity->begun) {
		emit_gap_end(activity);
		go_on(activity);
	}
	free(activity->why);
	activity->why = why ? mem_strdup(why) : NULL;
	return true;
}

void activity_stood_still(struct activity *activity, int64_t lost_ns, int64_t suspended_ns)
{
	int64_t now_ns = clock_unix_ns();

	/* What is in a gap already, or before the beginning, counts for nothing. */
	if (!activity->begun || activity->why || activity->ended ||
	    clock_now_ns() - activity->since_ns < lost_ns)
		return;
	activity->since_ns += lost_ns;
	emit_gap(activity, now_ns - lost_ns - suspended_ns, now_ns, ACTIVITY_STOOD_STILL);
}

void activity_end(struct activity *activity, const char *suspended)
{
	if (!activity->begun || activity->ended)
		return;
	if (!activity->why) {
		halt(activity);
		if (suspended)
			emit_gap(activity, clock_unix_ns(), 0, suspended);
	} else if (!suspended) {
		emit_gap_end(activity);
	}
	activity->ended = true;
}

int64_t activity_elapsed_ns(const struct activity *activity)
{
	if (!activity->begun || activity->why || activity->ended)
		return activity->before_ns;
	return activity->before_ns + clock_now_ns() - activity->since_ns;
}

void activity_finish(struct activity *activity)
{
	if (activity->begun)
		deadline_stop(activity->loop, &activity->limit);
	free(activity->why);
	activity->why = NULL;
}

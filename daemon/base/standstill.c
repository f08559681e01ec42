// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a check watcher, the first of each turn, compares the clock with that of the turn
 * before. A timer makes the loop turn often enough for that. Whoever asks in the middle of a turn gets what has
 * passed by then, too: a loop can be stopped in a callback as well as between two. The watch of a loop is its
 * userdata.
 */
#include "base/standstill.h"

#include <stdlib.h>

#include "base/mem.h"

struct standstill {
	struct ev_loop *loop;
	ev_timer turn;
	ev_check check;
	int64_t turned_ns, asleep_ns; /* asleep: CLOCK_BOOTTIME less CLOCK_MONOTONIC */
	int64_t lost_ns;	      /* in all */
	uint64_t count;
	int64_t untold_lost_ns, untold_suspended_ns;
	void (*stood)(void *ctx, int64_t lost_ns, int64_t suspended_ns);
	void *ctx;
};

/* The clocks cannot be read at once: of two readings around the other clock's, the one that errs towards
 * no suspend. */
static int64_t asleep_at_most_ns(void)
{
	int64_t now_ns = clock_now_ns();

	return clock_read_ns(CLOCK_BOOTTIME) - now_ns;
}

static int64_t asleep_at_least_ns(void)
{
	int64_t boot_ns = clock_read_ns(CLOCK_BOOTTIME);

	return boot_ns - clock_now_ns();
}

static void look(struct standstill *s)
{
	int64_t now_ns = clock_now_ns(), turn_ns = now_ns - s->turned_ns;
	int64_t suspended_ns = asleep_at_least_ns() - s->asleep_ns;

	s->turned_ns = now_ns;
	if (turn_ns <= STANDSTILL_NS)
		turn_ns = 0;
	if (suspended_ns < STANDSTILL_SUSPEND_NS)
		suspended_ns = 0;
	if (!turn_ns && !suspended_ns)
		return;
	if (suspended_ns)
		s->asleep_ns = asleep_at_most_ns();
	s->count++;
	s->lost_ns += turn_ns;
	s->untold_lost_ns += turn_ns;
	s->untold_suspended_ns += suspended_ns;
}

static void turned(struct ev_loop *loop, ev_check *check, int revents)
{
	struct standstill *s = check->data;
	int64_t lost_ns, suspended_ns;

	(void)loop;
	(void)revents;
	look(s);
	lost_ns = s->untold_lost_ns;
	suspended_ns = s->untold_suspended_ns;
	s->untold_lost_ns = s->untold_suspended_ns = 0;
	if ((lost_ns || suspended_ns) && s->stood)
		s->stood(s->ctx, lost_ns, suspended_ns);
}

static void turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
}

struct standstill *standstill_new(struct ev_loop *loop,
				  void (*stood)(void *ctx, int64_t lost_ns, int64_t suspended_ns),
				  void *ctx)
{
	const double period = (double)STANDSTILL_TURN_NS / CLOCK_NS_PER_S;
	struct standstill *s = mem_new(struct standstill);

	s->loop = loop;
	s->turned_ns = clock_now_ns();
	s->asleep_ns = asleep_at_most_ns();
	s->stood = stood;
	s->ctx = ctx;
	ev_check_init(&s->check, turned);
	ev_set_priority(&s->check, EV_MAXPRI);
	ev_timer_init(&s->turn, turn, period, period);
	s->check.data = s;
	ev_check_start(loop, &s->check);
	ev_timer_start(loop, &s->turn);
	ev_unref(loop);
	ev_unref(loop);
	ev_set_userdata(loop, s);
	return s;
}

void standstill_free(struct standstill *s)
{
	if (!s)
		return;
	ev_set_userdata(s->loop, NULL);
	ev_ref(s->loop);
	ev_ref(s->loop);
	ev_check_stop(s->loop, &s->check);
	ev_timer_stop(s->loop, &s->turn);
	free(s);
}

int64_t standstill_lost_ns(struct ev_loop *loop)
{
	struct standstill *s = ev_userdata(loop);

	if (!s)
		return 0;
	/* What is short of a standstill so far may become one: the turn has not ended. */
	if (clock_now_ns() - s->turned_ns > STANDSTILL_NS)
		look(s);
	return s->lost_ns;
}

uint64_t standstill_count(struct ev_loop *loop)
{
	struct standstill *s = ev_userdata(loop);

	if (!s)
		return 0;
	standstill_lost_ns(loop);
	return s->count;
}

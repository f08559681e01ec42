// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a turn begins with the check watcher, the first of all that the loop calls
 * when it wakes, and ends with the prepare watcher, the last before it waits. Each second of the
 * window has a place for its longest turn, which is emptied when the second comes round again.
 */
#include "base/lag.h"

#include "base/clock.h"
#include "base/mem.h"

struct second {
	int64_t number; /* of CLOCK_MONOTONIC */
	int64_t longest_ns;
};

struct lag {
	struct ev_loop *loop;
	ev_prepare end;
	ev_check begin;
	int64_t began_ns; /* 0: the loop has not turned yet */
	struct second seconds[LAG_WINDOW_S];
};

static void turn_begins(struct ev_loop *loop, ev_check *watch, int revents)
{
	struct lag *lag = watch->data;

	(void)loop;
	(void)revents;
	lag->began_ns = clock_now_ns();
}

static void turn_ends(struct ev_loop *loop, ev_prepare *watch, int revents)
{
	struct lag *lag = watch->data;
	int64_t now = clock_now_ns(), number = now / CLOCK_NS_PER_S, turn_ns;
	struct second *second = &lag->seconds[number % LAG_WINDOW_S];

	(void)loop;
	(void)revents;
	if (!lag->began_ns)
		return;
	turn_ns = now - lag->began_ns;
	if (second->number != number)
		*second = (struct second){ .number = number };
	if (turn_ns > second->longest_ns)
		second->longest_ns = turn_ns;
}

/* Neither keeps the loop alive. */
struct lag *lag_new(struct ev_loop *loop)
{
	struct lag *lag = mem_new(struct lag);

	lag->loop = loop;
	ev_check_init(&lag->begin, turn_begins);
	ev_prepare_init(&lag->end, turn_ends);
	ev_set_priority(&lag->begin, EV_MAXPRI);
	ev_set_priority(&lag->end, EV_MINPRI);
	lag->begin.data = lag->end.data = lag;
	ev_check_start(loop, &lag->begin);
	ev_unref(loop);
	ev_prepare_start(loop, &lag->end);
	ev_unref(loop);
	return lag;
}

void lag_free(struct lag *lag)
{
	if (!lag)
		return;
	ev_ref(lag->loop);
	ev_check_stop(lag->loop, &lag->begin);
	ev_ref(lag->loop);
	ev_prepare_stop(lag->loop, &lag->end);
	free(lag);
}

int64_t lag_longest_ns(const struct lag *lag)
{
	int64_t now = clock_now_ns() / CLOCK_NS_PER_S, longest_ns = 0;

	for (int i = 0; i < LAG_WINDOW_S; i++)
		if (now - lag->seconds[i].number < LAG_WINDOW_S &&
		    lag->seconds[i].longest_ns > longest_ns)
			longest_ns = lag->seconds[i].longest_ns;
	return longest_ns;
}

int64_t lag_turn_ns(const struct lag *lag)
{
	return lag->began_ns ? clock_now_ns() - lag->began_ns : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* One-shot timers at libev's lowest priority. */
#include "base/deadline.h"

#include "base/clock.h"

static void expired(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct deadline *deadline = timer->data;

	(void)loop;
	(void)revents;
	deadline->fn(deadline->ctx);
}

void deadline_init(struct deadline *deadline, void (*fn)(void *ctx), void *ctx)
{
	ev_init(&deadline->timer, expired);
	ev_set_priority(&deadline->timer, EV_MINPRI);
	deadline->timer.data = deadline;
	deadline->fn = fn;
	deadline->ctx = ctx;
}

void deadline_start(struct ev_loop *loop, struct deadline *deadline, int64_t after_ns)
{
	ev_timer_stop(loop, &deadline->timer);
	/* libev counts from the start of the current turn, which may lie well back. */
	ev_now_update(loop);
	ev_timer_set(&deadline->timer, (double)after_ns / CLOCK_NS_PER_S, 0.);
	ev_timer_start(loop, &deadline->timer);
}

void deadline_stop(struct ev_loop *loop, struct deadline *deadline)
{
	ev_timer_stop(loop, &deadline->timer);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* One-shot timers at libev's lowest priority, which do not count what their loop has lost. */
#include "base/deadline.h"

#include "base/clock.h"
#include "base/standstill.h"

static void arm(struct ev_loop *loop, struct deadline *deadline, int64_t after_ns)
{
	/* libev counts from the start of the current turn, which may lie well back. */
	ev_now_update(loop);
	ev_timer_set(&deadline->timer, (double)after_ns / CLOCK_NS_PER_S, 0.);
	ev_timer_start(loop, &deadline->timer);
}

static void expired(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct deadline *deadline = timer->data;
	int64_t lost_ns = standstill_lost_ns(loop) - deadline->lost_ns;

	(void)revents;
	if (lost_ns) {
		int64_t left_ns;

		deadline->lost_ns += lost_ns;
		deadline->due_ns += lost_ns;
		left_ns = deadline->due_ns - clock_now_ns();
		if (left_ns > 0) {
			arm(loop, deadline, left_ns);
			return;
		}
	}
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
	deadline->lost_ns = standstill_lost_ns(loop);
	deadline->due_ns = clock_now_ns() + after_ns;
	arm(loop, deadline, after_ns);
}

void deadline_stop(struct ev_loop *loop, struct deadline *deadline)
{
	ev_timer_stop(loop, &deadline->timer);
}

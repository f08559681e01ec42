// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: while armed, a timer reads the ticks of both sides and hands them to the
 * join, which remembers when they last moved. The ticks decide; QEMU's STOP and RESET only tell which
 * standstill is meant, since a guest also stands for other reasons. STOP is read a little after
 * the guest stopped, so sampling begins with the command, and one sample is taken at STOP itself:
 * what has moved until then moved before. Between STOP and RESUME hardly a sample is needed, and each
 * wakes the daemon; RESUME is stamped by QEMU before the guest goes on, so nothing is lost by that.
 */
#include "op/blackout.h"

#include "base/clock.h"

static void end(struct blackout_join *join, int64_t now_ns)
{
	join->over = true;
	join->length_ns = now_ns - join->moved_ns;
}

/* The guest does at least one tick between two samples, so one change more or less than there was
 * shifts the end by one sample and no further. */
static bool has_gone_on(struct blackout_join *join, uint64_t src, uint64_t dst)
{
	bool changed = src != join->ticks;

	switch (join->kind) {
	case BLACKOUT_STOP:
		return join->stopped && changed;
	case BLACKOUT_LOAD:
		if (join->stopped && changed && !join->replaced) {
			join->replaced = true;
			return false;
		}
		return join->stopped && changed;
	case BLACKOUT_RESET:
		join->replaced = join->replaced || src < join->ticks;
		return join->stopped && join->replaced && src > 0;
	case BLACKOUT_MOVE:
		/* What the destination holds while the source runs is what the source did before:
		 * it was read first, so it is above the source's ticks only if they are final. */
		return dst > src;
	default:
		return false;
	}
}

static bool stands(const struct blackout_join *join)
{
	return join->kind == BLACKOUT_STOP || join->kind == BLACKOUT_LOAD ? join->stopped
									  : join->replaced;
}

/* A gap between samples is no standstill: only what was seen counts. */
static void watch(struct blackout_join *join, int64_t now_ns, uint64_t ticks)
{
	if (!join->sampled || ticks != join->ticks)
		join->moved_ns = now_ns;
	else if (now_ns - join->moved_ns > join->length_ns)
		join->length_ns = now_ns - join->moved_ns;
	join->sampled = true;
	join->ticks = ticks;
}

void blackout_join_sample(struct blackout_join *join, int64_t now_ns, uint64_t src, uint64_t dst)
{
	int64_t gap_ns = join->sampled ? now_ns - join->last_ns : 0;
	bool gone_on;

	if (join->over)
		return;
	if (join->kind == BLACKOUT_WATCH) {
		watch(join, now_ns, src);
		return;
	}
	if (!join->sampled)
		join->ticks = src;
	gone_on = has_gone_on(join, src, dst);
	if (!join->sampled || (src != join->ticks && !stands(join))) {
		/* It did its last tick somewhere in this gap. */
		join->moved_ns = now_ns;
		join->gap_ns = gap_ns;
	}
	join->sampled = true;
	join->ticks = src;
	join->last_ns = now_ns;
	if (!gone_on)
		return;
	if (gap_ns > join->gap_ns)
		join->gap_ns = gap_ns;
	end(join, now_ns);
}

void blackout_join_stood(struct blackout_join *join, int64_t at_ns, int64_t now_ns)
{
	if (join->stopped && at_ns > join->last_ns && at_ns <= now_ns)
		join->last_ns = at_ns;
}

void blackout_join_stopped(struct blackout_join *join)
{
	join->stopped = true;
}

static void sample(struct blackout *blackout)
{
	uint64_t dst = blackout->dst ? ram_ticks(blackout->dst) : 0;
	uint64_t src = ram_ticks(blackout->src);

	blackout_join_sample(&blackout->join, clock_now_ns(), src, dst);
}

/* A destination says RESUME as well; a reset says neither. */
static bool waits_for_resume(const struct blackout *blackout)
{
	return blackout->join.kind != BLACKOUT_RESET && blackout->join.stopped &&
	       !blackout->resumed;
}

/* Takes a sample, and sees to the next one or tells that it is over. */
static void look(struct blackout *blackout)
{
	int64_t next_ns = waits_for_resume(blackout)
				  ? clock_to_grid(clock_now_ns(), BLACKOUT_STANDS_NS)
				  : BLACKOUT_SAMPLE_NS;

	sample(blackout);
	if (blackout->join.over) {
		blackout_disarm(blackout);
		blackout->over(blackout->ctx);
		return;
	}
	blackout->timer.repeat = (double)next_ns / CLOCK_NS_PER_S;
	ev_timer_again(blackout->loop, &blackout->timer);
}

static void sample_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	look(timer->data);
}

void blackout_arm(struct blackout *blackout, struct ev_loop *loop, enum blackout_kind kind,
		  const struct ram *src, const struct ram *dst, void (*over)(void *ctx), void *ctx)
{
	const double period = (double)BLACKOUT_SAMPLE_NS / CLOCK_NS_PER_S;

	blackout_disarm(blackout);
	*blackout = (struct blackout){
		.loop = loop,
		.join = { .kind = kind },
		.src = src,
		.dst = dst,
		.over = over,
		.ctx = ctx,
	};
	if (ram_ticks(src) == 0)
		return;
	sample(blackout);
	ev_timer_init(&blackout->timer, sample_due, period, period);
	blackout->timer.data = blackout;
	ev_now_update(loop);
	ev_timer_start(loop, &blackout->timer);
}

void blackout_disarm(struct blackout *blackout)
{
	if (blackout->loop)
		ev_timer_stop(blackout->loop, &blackout->timer);
}

void blackout_stopped(struct blackout *blackout)
{
	if (!ev_is_active(&blackout->timer))
		return;
	sample(blackout);
	blackout_join_stopped(&blackout->join);
}

void blackout_resumed(struct blackout *blackout, int64_t at_ns)
{
	if (!ev_is_active(&blackout->timer) || !waits_for_resume(blackout))
		return;
	blackout->resumed = true;
	blackout_join_stood(&blackout->join, at_ns, clock_now_ns());
	look(blackout);
}

bool blackout_settled(const struct blackout *blackout)
{
	return !ev_is_active(&blackout->timer) ||
	       (blackout->join.kind != BLACKOUT_MOVE && !blackout->join.stopped);
}

bool blackout_longest(const struct blackout *blackout, int64_t *ret_length_ns)
{
	if (blackout->join.kind != BLACKOUT_WATCH || !blackout->join.sampled)
		return false;
	*ret_length_ns = blackout->join.length_ns;
	return true;
}

bool blackout_result(const struct blackout *blackout, int64_t *ret_length_ns, int64_t *ret_gap_ns)
{
	if (!blackout->join.over)
		return false;
	*ret_length_ns = blackout->join.length_ns;
	*ret_gap_ns = blackout->join.gap_ns;
	return true;
}

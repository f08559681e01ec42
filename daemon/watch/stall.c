// SPDX-License-Identifier: GPL-2.0-or-later
/* Windows of silence and standstill. */
#include "watch/stall.h"

static void begin_anew(struct stall *stall, int64_t at_ns)
{
	stall->in_band_ns = stall->out_of_band_ns = at_ns;
	stall->ticks_ns = stall->guest_ns = stall->halted_ns = at_ns;
	stall->stopped_looks = 0;
}

/* The main thread has waited for a CPU most of the time: it is starved, not stuck. */
static bool starved(const struct stall_look *last, const struct stall_look *look)
{
	return look->run_delay_ns - last->run_delay_ns > (look->at_ns - last->at_ns) / 2;
}

/* A stopped process is looked at a few times; D state is what every disk access looks like for a
 * moment, so it must last like all else. */
static bool halted(struct stall *stall, const struct stall_look *look, int64_t limit_ns)
{
	bool stopped = look->state == 'T' || look->state == 't';
	bool still = look->cpu_ticks == stall->last.cpu_ticks;

	if (!still || (!stopped && look->state != 'D'))
		stall->halted_ns = look->at_ns;
	stall->stopped_looks = stopped ? stall->stopped_looks + 1 : 0;
	return stall->stopped_looks >= STALL_HALTED_LOOKS ||
	       look->at_ns - stall->halted_ns >= limit_ns;
}

/* It was found halted, but not often enough yet to say so: until then its silence is not judged, which
 * would have that one cause. */
static bool seems_halted(const struct stall *stall, const struct stall_look *look)
{
	return stall->stopped_looks || stall->halted_ns != look->at_ns;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Whether one heartbeat has waited for the limit; ret_settled: whether that can be said. */
static enum hang_answer answer(bool asked, int64_t sent_ns, int64_t window_ns, int64_t at_ns,
			       int64_t limit_ns, bool *settled)
{
	if (!asked)
		return HANG_NOT_OFFERED;
	if (!sent_ns)
		return HANG_ANSWERS;
	if (at_ns - later(sent_ns, window_ns) < limit_ns)
		*settled = false;
	return HANG_SILENT;
}

enum failure_place stall_look(struct stall *stall, const struct stall_look *look, int64_t limit_ns)
{
	struct hang_signals *signals = &stall->signals;
	bool settled = true, ignored;
	int64_t stood_ns;

	if (!stall->last.at_ns || look->at_ns - stall->last.at_ns > STALL_GAP_NS ||
	    starved(&stall->last, look))
		begin_anew(stall, look->at_ns);
	/* What was silent in a busy step gets the whole limit after it. */
	if (look->busy)
		stall->in_band_ns = look->at_ns;
	if (look->ticks != stall->last.ticks)
		stall->ticks_ns = look->at_ns;
	if (look->ticks != stall->last.ticks || !look->status_running || look->in_band_sent_ns)
		stall->guest_ns = look->at_ns;

	*signals = (struct hang_signals){
		.halted = halted(stall, look, limit_ns),
		.main_in_futex = look->in_futex,
		.status_running = look->status_running,
	};
	signals->out_of_band = answer(look->out_of_band_asked, look->out_of_band_sent_ns,
				      stall->out_of_band_ns, look->at_ns, limit_ns, &settled);
	signals->in_band = answer(look->in_band_asked, look->in_band_sent_ns, stall->in_band_ns,
				  look->at_ns, limit_ns, look->busy ? &ignored : &settled);
	/* That the guest should have run all the time is known up to the last answer. Where nobody can
	 * say so, it counts that it does not run. */
	stood_ns = signals->in_band == HANG_ANSWERS ? look->in_band_answered_ns - stall->guest_ns
						    : look->at_ns - stall->ticks_ns;
	signals->guest = !look->telemetry	? HANG_GUEST_UNKNOWN
			 : stood_ns >= limit_ns ? HANG_GUEST_STANDS
						: HANG_GUEST_MOVES;
	stall->last = *look;
	if (!signals->halted && (!settled || seems_halted(stall, look)))
		return PLACE_NONE;
	return hang_place_within(signals, look->busy);
}

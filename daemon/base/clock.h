/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clocks: durations and deadlines are monotonic, only dates are wall time.
 *
 * The wall clock may be set at any moment, by years. Dates do not follow: they begin with the wall clock, and go on
 * with CLOCK_BOOTTIME, which also counts in a suspend. So dates of one campaign are in order, and their
 * distances are true.
 */
#ifndef QSOAK_BASE_CLOCK_H
#define QSOAK_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S INT64_C(1000000000)
#define CLOCK_NS_PER_MS INT64_C(1000000)

static inline int64_t clock_read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * CLOCK_NS_PER_S + ts.tv_nsec;
}

/* CLOCK_MONOTONIC: it stands still while the host is suspended, so a suspend is no hang. */
static inline int64_t clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* What the wall clock says, since the epoch, UTC: to compare with the stamps of others. */
static inline int64_t clock_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

/* Dates are right from here on: at the start of the process, and when nothing is in progress. Returns by how
 * much the wall clock was set since the last time. Not for threads. */
int64_t clock_begin_dates(void);

/* Since the epoch, UTC: a date for the store. The wall clock itself where dates never began. */
int64_t clock_unix_ns(void);

/* The same, but not later than since the first clock_begin_dates(): for what is removed when it is old. */
int64_t clock_unix_cautious_ns(void);

/* How long it is to the next multiple of period_ns: timers on one grid wake the loop together. Never
 * less than an eighth of a period, so that a timer that runs a little early does not run twice. */
static inline int64_t clock_to_grid(int64_t now_ns, int64_t period_ns)
{
	int64_t left_ns = period_ns - now_ns % period_ns;

	return left_ns < period_ns / 8 ? left_ns + period_ns : left_ns;
}

#endif

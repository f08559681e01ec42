// SPDX-License-Identifier: GPL-2.0-or-later
/* Dates that go on when the wall clock is set. Like the log, a process has one. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Wall clock less CLOCK_BOOTTIME; workers read it. */
static _Atomic int64_t ahead_ns, first_ahead_ns;
static atomic_bool begun;

static int64_t wall_ahead_ns(void)
{
	return clock_wall_ns() - clock_read_ns(CLOCK_BOOTTIME);
}

int64_t clock_begin_dates(void)
{
	int64_t now_ahead_ns = wall_ahead_ns(), set_ns = 0;

	if (begun)
		set_ns = now_ahead_ns - ahead_ns;
	else
		first_ahead_ns = now_ahead_ns;
	ahead_ns = now_ahead_ns;
	begun = true;
	return set_ns;
}

int64_t clock_unix_ns(void)
{
	return begun ? clock_read_ns(CLOCK_BOOTTIME) + ahead_ns : clock_wall_ns();
}

int64_t clock_unix_cautious_ns(void)
{
	return begun && first_ahead_ns < ahead_ns ? clock_read_ns(CLOCK_BOOTTIME) + first_ahead_ns
						  : clock_unix_ns();
}

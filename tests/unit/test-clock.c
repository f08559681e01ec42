// SPDX-License-Identifier: GPL-2.0-or-later
/* Dates do not follow a wall clock that is set. Here it is ours, by a clock_gettime() of our own. */
#include "tests/unit/helper.h"

#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"

#define YEAR_NS (365 * 24 * 3600 * CLOCK_NS_PER_S)

/* What is between two readings on a slow machine. */
#define CLOSE_NS (10 * CLOCK_NS_PER_S)

static time_t set_s, suspended_s;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	if (id == CLOCK_REALTIME)
		ts->tv_sec += set_s + suspended_s;
	if (id == CLOCK_BOOTTIME)
		ts->tv_sec += suspended_s;
	return r;
}

static bool is_close(int64_t a_ns, int64_t b_ns)
{
	return a_ns - b_ns > -CLOSE_NS && a_ns - b_ns < CLOSE_NS;
}

static void before_dates_begin_it_is_the_wall_clock(void **state)
{
	(void)state;
	assert_true(is_close(clock_unix_ns(), clock_wall_ns()));
	set_s = 100 * 24 * 3600;
	assert_true(is_close(clock_unix_ns(), clock_wall_ns()));
	set_s = 0;
}

static void dates_do_not_jump(void **state)
{
	int64_t before_ns;

	(void)state;
	assert_int_equal(clock_begin_dates(), 0);
	before_ns = clock_unix_ns();
	for (int years = -30; years <= 30; years += 10) {
		set_s = years * (YEAR_NS / CLOCK_NS_PER_S);
		assert_true(clock_unix_ns() >= before_ns);
		assert_true(is_close(clock_unix_ns(), before_ns));
	}
	set_s = 0;
}

static void they_follow_once_they_begin_anew(void **state)
{
	(void)state;
	set_s = YEAR_NS / CLOCK_NS_PER_S;
	assert_true(is_close(clock_begin_dates(), YEAR_NS));
	assert_true(is_close(clock_unix_ns(), clock_wall_ns()));
	/* But nothing is old for that. */
	assert_true(is_close(clock_unix_cautious_ns(), clock_wall_ns() - YEAR_NS));
	set_s = -YEAR_NS / CLOCK_NS_PER_S;
	assert_true(is_close(clock_begin_dates(), -2 * YEAR_NS));
	assert_true(is_close(clock_unix_ns(), clock_wall_ns()));
	assert_true(is_close(clock_unix_cautious_ns(), clock_wall_ns()));
	set_s = 0;
	clock_begin_dates();
}

static void they_go_on_in_a_suspend(void **state)
{
	int64_t before_ns = clock_unix_ns();

	(void)state;
	suspended_s = 3 * 3600;
	assert_true(is_close(clock_unix_ns(), before_ns + 3 * 3600 * CLOCK_NS_PER_S));
	suspended_s = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_dates_begin_it_is_the_wall_clock),
		cmocka_unit_test(dates_do_not_jump),
		cmocka_unit_test(they_follow_once_they_begin_anew),
		cmocka_unit_test(they_go_on_in_a_suspend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

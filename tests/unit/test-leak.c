// SPDX-License-Identifier: GPL-2.0-or-later
/* What climbs for ever, and what only looks so. */
#include "tests/unit/helper.h"

#include <inttypes.h>

#include "base/random.h"
#include "watch/leak.h"

#define BOUND 64
#define LOOPS 100000

typedef int64_t (*curve_fn)(uint64_t loop);

/* The loop after which it is a leak; 0: never. */
static uint64_t found_after(curve_fn curve)
{
	struct leak leak = { 0 };
	int64_t grown;
	uint64_t loops;

	for (uint64_t loop = 1; loop <= LOOPS; loop++) {
		if (!leak_add(&leak, curve(loop), BOUND, &grown, &loops))
			continue;
		assert_int_equal(loops, loop);
		assert_true(grown >= BOUND);
		return loop;
	}
	return 0;
}

static int64_t noise(uint64_t loop, int64_t amplitude)
{
	return (int64_t)random_below(random_mix(loop), 2 * (uint64_t)amplitude + 1) - amplitude;
}

static int64_t flat(uint64_t loop)
{
	return 100 + noise(loop, 30);
}

static int64_t one_jump(uint64_t loop)
{
	return loop < 300 ? 20 : 2000;
}

/* As the allocator of a sanitizer does: it grows ever more slowly, and never reaches the bound. */
static int64_t slows_down(uint64_t loop)
{
	return (int64_t)(BOUND - BOUND * 200 / (loop + 200));
}

static int64_t jump_on_slow_growth(uint64_t loop)
{
	return slows_down(loop) + one_jump(loop);
}

static int64_t early_jump_on_slow_growth(uint64_t loop)
{
	return slows_down(loop) + (loop < 20 ? 0 : 2000);
}

static int64_t two_jumps_on_slow_growth(uint64_t loop)
{
	return jump_on_slow_growth(loop) + (loop < 5000 ? 0 : 1000);
}

/* As much as a leak of the bound, in time for being one at first sight. */
static int64_t ends(uint64_t loop)
{
	return (int64_t)(loop < 500 ? loop : 500) * BOUND * 3 / 2 / 500;
}

static int64_t saw(uint64_t loop)
{
	return (int64_t)(loop % 5) * 20;
}

static int64_t falls(uint64_t loop)
{
	return -(int64_t)loop;
}

static int64_t under_the_bound(uint64_t loop)
{
	return (int64_t)(loop * 50 / LOOPS);
}

static int64_t one_a_loop(uint64_t loop)
{
	return (int64_t)loop;
}

static int64_t one_in_a_hundred(uint64_t loop)
{
	return (int64_t)loop / 100;
}

static int64_t ten_with_noise(uint64_t loop)
{
	return (int64_t)loop * 10 + noise(loop, 40);
}

static int64_t late(uint64_t loop)
{
	return loop < 1000 ? 0 : (int64_t)loop - 1000;
}

/* The jump counts as growth until the rest has grown as much. */
static int64_t after_a_jump(uint64_t loop)
{
	return (int64_t)loop / 10 + one_jump(loop);
}

static void what_stays_or_ends_is_no_leak(void **state)
{
	static const curve_fn curves[] = { flat,
					   one_jump,
					   slows_down,
					   jump_on_slow_growth,
					   early_jump_on_slow_growth,
					   two_jumps_on_slow_growth,
					   ends,
					   saw,
					   falls,
					   under_the_bound };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
		if (found_after(curves[i]))
			fail_msg("curve %zu leaks after %" PRIu64 " loops", i,
				 found_after(curves[i]));
}

static void what_only_climbs_is_a_leak_soon_after_the_bound(void **state)
{
	(void)state;
	/* Between the first and the last quarter lies half of the life. */
	assert_in_range(found_after(one_a_loop), BOUND, 3 * BOUND);
	assert_in_range(found_after(one_in_a_hundred), 100 * BOUND, 300 * BOUND);
	assert_in_range(found_after(ten_with_noise), LEAK_SAMPLES_MIN, 128);
}

/* Of a life of seven times the quiet before, what grows in the first quarter is an eighth of it all; what
 * does not fit into four parts makes it a little less. */
static void what_begins_late_is_found_when_it_has_gone_on_long_enough(void **state)
{
	(void)state;
	assert_in_range(found_after(late), 4500, 7500);
	assert_in_range(found_after(after_a_jump), 10 * BOUND, 30000);
}

static void few_loops_say_nothing(void **state)
{
	struct leak leak = { 0 };
	int64_t grown;
	uint64_t loops;

	(void)state;
	for (int i = 1; i < LEAK_SAMPLES_MIN; i++)
		assert_false(leak_add(&leak, i * 1000, BOUND, &grown, &loops));
	assert_true(leak_add(&leak, LEAK_SAMPLES_MIN * 1000, BOUND, &grown, &loops));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stays_or_ends_is_no_leak),
		cmocka_unit_test(what_only_climbs_is_a_leak_soon_after_the_bound),
		cmocka_unit_test(what_begins_late_is_found_when_it_has_gone_on_long_enough),
		cmocka_unit_test(few_loops_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

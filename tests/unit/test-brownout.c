// SPDX-License-Identifier: GPL-2.0-or-later
/* Brownout: which rates are compared, and when there is nothing to compare. */
#include "tests/unit/helper.h"

#include "op/brownout.h"

#define S 1000000000ll

#define NONE (-1.)

/* Moments as { at_ns, ticks }. */
static void expect(const struct brownout_moment *moments, double expected)
{
	double ratio = NONE;

	assert_int_equal(brownout_ratio(&moments[0], &moments[1], &moments[2], &ratio),
			 expected != NONE);
	assert_true(ratio == expected);
}

#define EXPECT(expected, ...) expect((const struct brownout_moment[]){ __VA_ARGS__ }, expected)

static void the_rates_are_compared_and_not_the_times(void **state)
{
	(void)state;
	EXPECT(1., { 0, 100 }, { S, 1100 }, { S + S / 2, 1600 });
	EXPECT(.25, { 0, 100 }, { S, 1100 }, { S + S / 2, 1225 });
	EXPECT(.25, { 5 * S, 7 }, { 6 * S, 1007 }, { 16 * S, 3507 });
	EXPECT(2., { 0, 100 }, { S, 1100 }, { 2 * S, 3100 });
}

static void a_guest_that_stood_has_0_however_long(void **state)
{
	(void)state;
	EXPECT(0., { 0, 100 }, { S, 1100 }, { 2 * S, 1100 });
	EXPECT(0., { 0, 100 }, { S, 1100 }, { 3600 * S, 1100 });
}

static void times_of_too_few_turns_say_nothing(void **state)
{
	(void)state;
	EXPECT(1., { 0, 1 }, { S, 11 }, { 2 * S, 21 });
	EXPECT(NONE, { 0, 1 }, { S, 10 }, { 2 * S, 20 });
	/* The second one: by what it would have held, not by what it did. */
	EXPECT(NONE, { 0, 1 }, { 2 * S, 21 }, { 2 * S + S / 2, 1000 });
	EXPECT(0., { 0, 1 }, { 2 * S, 21 }, { 3 * S, 21 });
}

static void what_cannot_be_is_no_ratio(void **state)
{
	(void)state;
	/* No telemetry, or not all the time. */
	EXPECT(NONE, { 0, 0 }, { S, 0 }, { 2 * S, 0 });
	EXPECT(NONE, { 0, 0 }, { S, 1000 }, { 2 * S, 2000 });
	EXPECT(NONE, { 0, 100 }, { S, 1100 }, { 2 * S, 0 });
	/* Ticks or a clock that go back, and no time at all. */
	EXPECT(NONE, { 0, 1100 }, { S, 100 }, { 2 * S, 2000 });
	EXPECT(NONE, { S, 100 }, { 0, 1100 }, { 2 * S, 2000 });
	EXPECT(NONE, { 0, 100 }, { 2 * S, 1100 }, { S, 2000 });
	EXPECT(NONE, { 0, 100 }, { 0, 1100 }, { S, 2000 });
	EXPECT(NONE, { 0, 100 }, { S, 1100 }, { S, 2000 });
}

static void counters_of_any_size_do_no_harm(void **state)
{
	(void)state;
	EXPECT(1., { 0, 1 }, { INT64_MAX / 2, 1ull << 62 }, { INT64_MAX - 1, (1ull << 63) - 1 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rates_are_compared_and_not_the_times),
		cmocka_unit_test(a_guest_that_stood_has_0_however_long),
		cmocka_unit_test(times_of_too_few_turns_say_nothing),
		cmocka_unit_test(what_cannot_be_is_no_ratio),
		cmocka_unit_test(counters_of_any_size_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

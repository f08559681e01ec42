// SPDX-License-Identifier: GPL-2.0-or-later
/* The search among builds: its bounds against values computed otherwise, its steps, and ten thousand
 * searches, of which as many are right as it promises. */
#include "tests/unit/helper.h"

#include <math.h>

#include "base/random.h"
#include "report/bisect.h"

/* The binomial tails added up term by term, and the bound found by halving (Python). */
static void the_lower_bound_is_the_exact_one(void **state)
{
	static const struct {
		int64_t failures, loops;
		double alpha, lower;
	} values[] = {
		{ 5, 100, 0.01, 0.012968921327023241 },
		{ 5, 5, 0.01, 0.3981071705534972 }, /* 0.01^(1/5) */
		{ 1, 37, 0.05 / 6, 0.0002261433357541044 },
		{ 5, 1000, 0.05 / 6, 0.0012237090158749666 },
		{ 3, 250, 0.02, 0.0022753716799550367 },
		{ 0, 250, 0.02, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		double found =
			bisect_rate_lower(values[i].failures, values[i].loops, values[i].alpha);

		if (fabs(found - values[i].lower) > 1e-11 * values[i].lower)
			fail_msg("%zu: %.17g, not %.17g", i, found, values[i].lower);
	}
}

/* By multiplying 1 - rate until alpha is reached. */
static void so_many_loops_are_the_fewest_that_are_enough(void **state)
{
	static const struct {
		double rate, alpha;
		int64_t loops;
	} values[] = {
		{ 0.012968, 0.01, 353 },   { 0.5, 0.05 / 6, 7 },
		{ 0.1, 0.05, 29 },	   { 1e-3, 0.05 / 6, 4786 },
		{ 0.9999, 0.01, 1 },	   { 1, 0.01, 1 },
		{ 0, 0.01, BISECT_NEVER }, { 1e-300, 0.01, BISECT_NEVER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(bisect_loops(values[i].rate, values[i].alpha), values[i].loops);
}

static void its_decisions_are_the_rate_the_good_end_and_each_halving(void **state)
{
	static const struct {
		size_t low, high;
		unsigned decisions;
	} values[] = { { 0, 1, 2 }, { 3, 4, 2 },  { 0, 2, 3 },	{ 0, 3, 4 },
		       { 0, 4, 4 }, { 5, 10, 5 }, { 0, 64, 8 }, { 0, 65, 9 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(bisect_decisions(&(struct bisect){ .low = values[i].low,
								    .high = values[i].high }),
				 values[i].decisions);
}

/* Where what each build says is sure: every list of up to 33 builds, every place, both directions. */
static void it_finds_every_place_in_both_directions_within_its_decisions(void **state)
{
	(void)state;
	for (size_t high = 1; high <= 32; high++)
		for (size_t place = 1; place <= high; place++)
			for (int bad_at_high = 0; bad_at_high < 2; bad_at_high++) {
				struct bisect bisect = { 0, high, bad_at_high };
				unsigned left = bisect_decisions(&bisect) - 2;
				size_t at;

				while (bisect_next(&bisect, &at)) {
					assert_true(left-- > 0);
					assert_true(at > bisect.low && at < bisect.high);
					bisect_learn(&bisect, at, (at >= place) == bad_at_high);
				}
				assert_int_equal(bisect.high, place);
			}
}

/* A fixed stream of dice for each search. */
struct dice {
	uint64_t search, rolled;
};

static uint64_t roll(struct dice *dice)
{
	return random_at(5, RANDOM_UNIT, dice->search, dice->rolled++);
}

/* In (0, 1). */
static double uniform(struct dice *dice)
{
	return ((double)(roll(dice) >> 11) + 0.5) / 9007199254740992.;
}

/* Loops that end well before one that does not. */
static int64_t loops_before_failure(struct dice *dice, double rate)
{
	return (int64_t)floor(log(uniform(dice)) / log1p(-rate));
}

#define SEARCHES 10000
#define MEASURED 5

/* As `qsoak bisect` does it, with builds of which the bad ones fail at a rate that nobody tells it. Returns
 * whether it names the right one; adds its wrong conclusions. shorten: by which its loops are divided. */
static bool search(struct dice *dice, double confidence, double shorten, unsigned *wrong)
{
	size_t high = 1 + random_below(roll(dice), 40), at;
	size_t place = 1 + random_below(roll(dice), high);
	struct bisect bisect = { 0, high, roll(dice) & 1 };
	double alpha = (1 - confidence) / bisect_decisions(&bisect);
	double rate = exp(log(0.001) + uniform(dice) * log(300)); /* 0.001 to 0.3 */
	int64_t measured = 0, loops;

	for (int i = 0; i < MEASURED; i++)
		measured += 1 + loops_before_failure(dice, rate);
	loops = bisect_loops(bisect_rate_lower(MEASURED, measured, alpha), alpha);
	loops = (int64_t)((double)loops / shorten);
	while (bisect_next(&bisect, &at)) {
		bool bad = (at >= place) == bisect.bad_at_high;
		bool failed = bad && loops_before_failure(dice, rate) < loops;

		*wrong += bad && !failed;
		bisect_learn(&bisect, at, failed);
	}
	return bisect.high == place;
}

static unsigned count_right(double confidence, double shorten, unsigned *wrong)
{
	unsigned right = 0;

	for (uint64_t i = 0; i < SEARCHES; i++) {
		struct dice dice = { i, 0 };

		right += search(&dice, confidence, shorten, wrong);
	}
	return right;
}

static void as_many_searches_are_right_as_it_promises(void **state)
{
	static const double promised[] = { 0.8, 0.95, 0.99 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(promised); i++) {
		unsigned right = count_right(promised[i], 1, &wrong);

		if (right < promised[i] * SEARCHES)
			fail_msg("%u of %d at %g", right, SEARCHES, promised[i]);
	}
	/* It is not for want of what could go wrong: conclusions do, and with a fifth of the loops
	 * the promise is not kept. */
	assert_true(wrong > 0);
	assert_true(count_right(0.95, 5, &wrong) < 0.95 * SEARCHES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lower_bound_is_the_exact_one),
		cmocka_unit_test(so_many_loops_are_the_fewest_that_are_enough),
		cmocka_unit_test(its_decisions_are_the_rate_the_good_end_and_each_halving),
		cmocka_unit_test(it_finds_every_place_in_both_directions_within_its_decisions),
		cmocka_unit_test(as_many_searches_are_right_as_it_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

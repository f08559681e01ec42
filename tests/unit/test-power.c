// SPDX-License-Identifier: GPL-2.0-or-later
/* Detectable effects, missing blocks and alpha spending, against R and worked by hand. */
#include "tests/unit/oracle.h"

#include "report/power.h"
#include "report/spend.h"

static int load_oracle(void **state)
{
	return oracle_load(state, "tests/data/statistics/power.json");
}

static int64_t blocks_in_r(const json_t *value, size_t index)
{
	return json_is_null(json_array_get(value, index)) ? POWER_NEVER
							  : oracle_integer(value, index);
}

static void power_is_that_of_r(void **state)
{
	json_t *powers = json_object_get(*state, "powers"), *value;
	size_t i, never = 0;

	assert_true(json_array_size(powers) >= 200);
	json_array_foreach(powers, i, value) {
		double estimate = oracle_number(value, 0), half = oracle_number(value, 1);
		double confidence = oracle_number(value, 3), alpha = oracle_number(value, 4);
		struct rank_interval interval = { estimate, estimate - half, estimate + half };
		int64_t more = power_more_blocks(&interval, (size_t)oracle_integer(value, 2),
						 confidence, alpha, oracle_number(value, 5));

		oracle_check("detectable", i, power_detectable(&interval, confidence, alpha),
			     oracle_number(value, 6), 1e-9);
		/* A block of rounding. */
		if (more != blocks_in_r(value, 7))
			assert_in_range(more, blocks_in_r(value, 7) - 1, blocks_in_r(value, 7) + 1);
		never += more == POWER_NEVER;
	}
	assert_in_range(never, 1, i / 2);
}

static void spending_is_that_of_r(void **state)
{
	json_t *spends = json_object_get(*state, "spends"), *value;
	size_t i;

	assert_true(json_array_size(spends) >= 200);
	json_array_foreach(spends, i, value) {
		json_t *levels = json_array_get(value, 0), *numbers = json_array_get(value, 1);
		size_t looks[8], count = json_array_size(numbers);
		double alpha = oracle_number(levels, 0), sum = 0;

		for (size_t k = 0; k < count; k++)
			looks[k] = (size_t)oracle_integer(numbers, k);
		for (size_t k = 0; k < count; k++) {
			double level = spend_level(alpha, looks, count, k);
			double expected = oracle_number(levels, k + 1);

			/* R's is a difference of two, as is this. */
			if (fabs(level - expected) > 1e-15)
				oracle_check("level", i, level, expected, 1e-9);
			sum += level;
		}
		oracle_check("sum", i, sum, alpha, 1e-12);
	}
}

/* Five equal looks at 0.025 of one side: Jennison and Turnbull, Group Sequential Methods, section
 * 7.2, double both: 0.00001, 0.0008, 0.0076, 0.0244, 0.05 spent. */
static void textbooks_agree(void **state)
{
	static const double spent[] = { 0.0000, 0.0008, 0.0076, 0.0244, 0.05 };
	static const size_t looks[] = { 20, 40 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spent); i++)
		assert_true(fabs(2 * spend_until(0.025, (double)(i + 1) / 5) - spent[i]) < 6e-5);
	/* 2 * (1 - Phi(1.95996 * 1.41421)) = 2 * (1 - Phi(2.77180)) */
	oracle_check("first", 0, spend_level(0.05, looks, 2, 0), 0.0055746, 1e-4);
	oracle_check("second", 0, spend_level(0.05, looks, 2, 1), 0.0444254, 1e-4);
	assert_true(spend_level(0.05, looks, 1, 0) == 0.05);
}

/* 95 %: s = 0.05 / 1.96 = 0.02551; found with 80 % is 2.8016 of it. */
static void a_wide_interval_finds_large_effects_only(void **state)
{
	struct rank_interval interval = { 0.01, -0.04, 0.06 };

	(void)state;
	oracle_check("detectable", 0, power_detectable(&interval, 0.95, 0.05), 0.07147, 1e-3);
	interval.lower = -INFINITY;
	assert_true(isinf(power_detectable(&interval, 0.95, 0.05)));
}

static void more_blocks_decide_what_comes_first(void **state)
{
	struct rank_interval interval = { 0.01, -0.04, 0.06 };

	(void)state;
	/* Same needs a half-width of 0.02, 2.5 times less, so 6.25 times the blocks, 250. Slower
	 * needs 0.01. Here and below rounding may add a block. */
	assert_in_range(power_more_blocks(&interval, 40, 0.95, 0.05, 0.03), 210, 211);
	/* Slower: a fifth of the half-width, 25 times the blocks, 1000. At the margin it cannot be
	 * same. */
	assert_in_range(power_more_blocks(&interval, 40, 0.95, 0.05, 0.01), 960, 961);
	assert_in_range(power_more_blocks(&interval, 40, 0.95, 0.05, 0), 960, 961);
	/* The other way round. */
	interval = (struct rank_interval){ -0.01, -0.06, 0.04 };
	assert_in_range(power_more_blocks(&interval, 40, 0.95, 0.05, 0.03), 210, 211);
	/* A stricter level needs more. */
	assert_true(power_more_blocks(&interval, 40, 0.95, 0.01, 0) > 1600);
}

static void never_is_said_where_nothing_decides(void **state)
{
	struct rank_interval interval = { 0, -0.05, 0.05 };

	(void)state;
	assert_true(power_more_blocks(&interval, 40, 0.95, 0.05, 0) == POWER_NEVER);
	assert_int_equal(power_more_blocks(&interval, 40, 0.95, 0.05, 0.05), 1);
	interval.upper = INFINITY;
	assert_true(power_more_blocks(&interval, 40, 0.95, 0.05, 0.05) == POWER_NEVER);
	interval = (struct rank_interval){ NAN, -INFINITY, INFINITY };
	assert_true(power_more_blocks(&interval, 0, 0.95, 0.05, 0.05) == POWER_NEVER);
	interval = (struct rank_interval){ 1e-12, -0.05, 0.05 };
	assert_true(power_more_blocks(&interval, 40, 0.95, 0.05, 0) == POWER_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_is_that_of_r),
		cmocka_unit_test(spending_is_that_of_r),
		cmocka_unit_test(textbooks_agree),
		cmocka_unit_test(a_wide_interval_finds_large_effects_only),
		cmocka_unit_test(more_blocks_decide_what_comes_first),
		cmocka_unit_test(never_is_said_where_nothing_decides),
	};

	return cmocka_run_group_tests(tests, load_oracle, oracle_forget);
}

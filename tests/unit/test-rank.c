// SPDX-License-Identifier: GPL-2.0-or-later
/* The signed-rank test and the Hodges-Lehmann interval, against R and textbooks. */
#include "tests/unit/oracle.h"

#include "base/random.h"
#include "report/rank.h"

static int load_oracle(void **state)
{
	return oracle_load(state, "tests/data/statistics/rank.json");
}

static double *load(const json_t *pair, size_t *ret_count)
{
	json_t *numbers = json_array_get(pair, 1);
	size_t count = json_array_size(numbers);
	double *values = mem_zalloc((count + 1) * sizeof(*values));

	for (size_t i = 0; i < count; i++)
		values[i] = oracle_number(numbers, i);
	*ret_count = count;
	return values;
}

static void the_test_is_that_of_r(void **state)
{
	json_t *tests = json_object_get(*state, "tests"), *value;
	size_t i, exact = 0;

	json_array_foreach(tests, i, value) {
		json_t *expected = json_array_get(value, 0);
		size_t count;
		auto_free double *differences = load(value, &count);
		struct rank_test found = rank_signed(differences, count);

		assert_true(found.statistic == oracle_number(expected, 0));
		assert_int_equal(found.count, oracle_integer(expected, 1));
		assert_int_equal(found.exact, oracle_integer(expected, 2));
		oracle_check("p", i, found.p, oracle_number(expected, 3), ORACLE_TOLERANCE);
		exact += found.exact;
	}
	assert_in_range(exact, 250, i - 20);
}

/* R says NA where there is no interval. */
static double as_in_r(double limit)
{
	return isinf(limit) ? NAN : limit;
}

static void the_interval_is_that_of_r(void **state)
{
	json_t *intervals = json_object_get(*state, "intervals"), *value;
	size_t i;

	assert_true(json_array_size(intervals) > 280);
	json_array_foreach(intervals, i, value) {
		json_t *expected = json_array_get(value, 0);
		size_t count;
		auto_free double *differences = load(value, &count);
		struct rank_interval found =
			rank_hodges_lehmann(differences, count, oracle_number(expected, 3));

		oracle_check("estimate", i, found.estimate, oracle_number(expected, 0), 1e-14);
		oracle_check("lower", i, as_in_r(found.lower), oracle_number(expected, 1), 1e-14);
		oracle_check("upper", i, as_in_r(found.upper), oracle_number(expected, 2), 1e-14);
	}
}

/* Among the Walsh averages, of which no two are alike. */
static double rank_of(double limit, const double *values, size_t count)
{
	size_t rank = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = i; j < count; j++)
			rank += (values[i] + values[j]) / 2 <= limit;
	return (double)rank;
}

static void beyond_the_exact_distribution_ranks_are_next_to_those_of_r(void **state)
{
	json_t *ranks = json_object_get(*state, "ranks"), *value;
	size_t i;

	json_array_foreach(ranks, i, value) {
		size_t count = (size_t)oracle_integer(value, 0);
		auto_free double *values = mem_zalloc(count * sizeof(*values));
		double expected = oracle_number(value, 1);
		struct rank_interval found;

		for (uint64_t k = 0; k < count; k++)
			values[k] = ldexp((double)(random_at(1, RANDOM_PHASE, i, k) >> 12), -52);
		found = rank_hodges_lehmann(values, count, 0.95);
		oracle_check("rank", i, rank_of(found.lower, values, count), expected, 2e-4);
	}
	assert_int_equal(i, 4);
}

/* Darwin's maize, crossed against self-fertilised, in eighths of an inch: Fisher, The Design of
 * Experiments (1935). Sum of positive ranks 96 of 120, p 0.0413 given the ties. */
static const double maize[] = { 49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48 };

/* Depression scores before and after, of nine patients: Hollander and Wolfe, table 3.1. V is 5 of
 * after - before, p 0.0391, estimate -0.46, interval -0.786 to -0.010. */
static const double depression[] = { 0.878 - 1.83, 0.647 - 0.50, 0.598 - 1.62,
				     2.05 - 2.48,  1.06 - 1.68,	 1.29 - 1.88,
				     1.06 - 1.55,  3.14 - 3.06,	 1.29 - 1.30 };

static void textbooks_agree(void **state)
{
	struct rank_test test = rank_signed(maize, ARRAY_SIZE(maize));
	struct rank_interval interval =
		rank_hodges_lehmann(depression, ARRAY_SIZE(depression), 0.95);

	(void)state;
	assert_true(test.statistic == 96 && test.count == 15 && test.exact);
	oracle_check("p", 0, test.p, 0.0413, 2e-3);
	test = rank_signed(depression, ARRAY_SIZE(depression));
	assert_true(test.statistic == 5 && test.count == 9);
	oracle_check("p", 1, test.p, 20.0 / 512, 1e-14);
	oracle_check("estimate", 0, interval.estimate, -0.46, 1e-12);
	oracle_check("lower", 0, interval.lower, -0.786, 1e-12);
	oracle_check("upper", 0, interval.upper, -0.010, 1e-12);
}

/* -1, 2, 2: the ranks are 1, 2.5, 2.5. Of eight signs those with a sum of 0 and 1 are as far below
 * the mean of 3 as 5 and 6 are above: p is 4 / 8. */
static void ties_have_their_own_distribution(void **state)
{
	static const double differences[] = { 2, -1, 0, 2 };
	struct rank_test test = rank_signed(differences, ARRAY_SIZE(differences));

	(void)state;
	assert_true(test.statistic == 5 && test.count == 3 && test.exact && test.p == 0.5);
}

static void nothing_is_no_difference(void **state)
{
	static const double zeros[] = { 0, -0.0, 0 };
	struct rank_test test = rank_signed(zeros, ARRAY_SIZE(zeros));
	struct rank_interval interval = rank_hodges_lehmann(NULL, 0, 0.95);

	(void)state;
	assert_true(test.statistic == 0 && test.count == 0 && test.p == 1);
	test = rank_signed(NULL, 0);
	assert_true(test.count == 0 && test.p == 1);
	assert_true(isnan(interval.estimate));
	assert_true(interval.lower == -INFINITY && interval.upper == INFINITY);
}

static void too_few_differences_have_no_interval(void **state)
{
	static const double six[] = { 6, 5, 4, 3, 2, 1 };
	struct rank_interval interval = rank_hodges_lehmann(six, 6, 0.95);

	(void)state;
	assert_true(interval.estimate == 3.5 && interval.lower == 1 && interval.upper == 6);
	interval = rank_hodges_lehmann(six, 5, 0.95);
	assert_true(interval.estimate == 4);
	assert_true(interval.lower == -INFINITY && interval.upper == INFINITY);
	/* Exactly reached: 1 - 2 / 2^5. */
	interval = rank_hodges_lehmann(six, 5, 0.9375);
	assert_true(interval.lower == 2 && interval.upper == 6);
}

/* Where bisection has the farthest to go: the largest and the smallest doubles, and both signs of
 * 0. */
static void any_double_is_found(void **state)
{
	static const double odd[] = { -1e300, -5e-324, -0.0, 0.0, 5e-324, 1e300, 7 };
	static const double equal[] = { -0.0, 0.0, 0.0, -0.0, -0.0, 0.0, 0.0 };
	struct rank_interval interval = rank_hodges_lehmann(odd, ARRAY_SIZE(odd), 0.95);

	(void)state;
	assert_true(interval.estimate == 0);
	assert_true(interval.lower == -5e299 && interval.upper == 5e299);
	interval = rank_hodges_lehmann(equal, ARRAY_SIZE(equal), 0.95);
	assert_true(interval.estimate == 0 && interval.lower == 0 && interval.upper == 0);
	assert_false(signbit(interval.lower) || signbit(interval.estimate));
}

/* Of the whole numbers 0 to n the median of averages is n / 2, and limits lie evenly about it. */
static void a_long_series_takes_no_list_of_averages(void **state)
{
	const size_t count = 20001;
	auto_free double *values = mem_zalloc(count * sizeof(*values));
	struct rank_interval interval;
	struct rank_test test;

	(void)state;
	for (size_t i = 0; i < count; i++)
		values[i] = (double)((i * 7919) % count);
	interval = rank_hodges_lehmann(values, count, 0.95);
	assert_true(interval.estimate == 10000);
	assert_true(interval.lower + interval.upper == 20000);
	assert_true(interval.upper > 10050 && interval.upper < 10100);
	test = rank_signed(values, count);
	assert_true(test.count == 20000 && !test.exact && test.p < 1e-300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_test_is_that_of_r),
		cmocka_unit_test(the_interval_is_that_of_r),
		cmocka_unit_test(beyond_the_exact_distribution_ranks_are_next_to_those_of_r),
		cmocka_unit_test(textbooks_agree),
		cmocka_unit_test(ties_have_their_own_distribution),
		cmocka_unit_test(nothing_is_no_difference),
		cmocka_unit_test(too_few_differences_have_no_interval),
		cmocka_unit_test(any_double_is_found),
		cmocka_unit_test(a_long_series_takes_no_list_of_averages),
	};

	return cmocka_run_group_tests(tests, load_oracle, oracle_forget);
}

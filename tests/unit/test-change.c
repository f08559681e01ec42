// SPDX-License-Identifier: GPL-2.0-or-later
/* Change points of a series, against the definition in R and worked by hand. */
#include "tests/unit/oracle.h"

#include "base/random.h"
#include "report/change.h"

static int load_oracle(void **state)
{
	return oracle_load(state, "tests/data/statistics/change.json");
}

static double mean_distance(const double *x, size_t count_x, const double *y, size_t count_y,
			    double pairs)
{
	double sum = 0;

	for (size_t i = 0; i < count_x; i++)
		for (size_t j = 0; j < count_y; j++)
			sum += fabs(x[i] - y[j]);
	return sum / pairs;
}

/* As change.h defines it. */
static double definition(const double *values, size_t at, size_t to)
{
	double m = (double)at, n = (double)(to - at);
	const double *y = values + at;

	return m * n / (m + n) *
	       (2 * mean_distance(values, at, y, to - at, m * n) -
		mean_distance(values, at, values, at, m * (m - 1)) -
		mean_distance(y, to - at, y, to - at, n * (n - 1)));
}

static double largest(const double *values, size_t count)
{
	double most = 0;

	for (size_t i = 0; i < count; i++)
		most = fmax(most, fabs(values[i]));
	return most;
}

/* Compared with what can be left of 0: statistics of values all alike. */
static void check_near(size_t i, double found, double expected, double scale)
{
	if (fabs(found - expected) > 1e-12 * scale)
		oracle_check("statistic", i, found, expected, 1e-9);
}

static void the_best_split_is_that_of_the_definition(void **state)
{
	json_t *splits = json_object_get(*state, "splits"), *value;
	size_t i;

	assert_true(json_array_size(splits) > 200);
	json_array_foreach(splits, i, value) {
		json_t *expected = json_array_get(value, 0), *numbers = json_array_get(value, 1);
		size_t count = json_array_size(numbers);
		size_t least = (size_t)oracle_integer(expected, 0);
		auto_free double *values = mem_zalloc(count * sizeof(*values));
		struct change_split found;
		double scale;

		for (size_t k = 0; k < count; k++)
			values[k] = oracle_number(numbers, k);
		scale = largest(values, count);
		found = change_best_split(values, count, least);
		assert_in_range(found.at, least, count - least);
		assert_in_range(found.to, found.at + least, count);
		check_near(i, found.statistic, oracle_number(expected, 1), scale);
		check_near(i, definition(values, found.at, found.to), found.statistic, scale);
	}
}

/* 0 0 | 3 3: 2 * 2 / 4 * (2 * 3 - 0 - 0) = 6. */
static void by_hand(void **state)
{
	static const double step[] = { 0, 0, 3, 3 };
	/* 1 2 | 5 6: E|x - y| = (4 + 5 + 3 + 4) / 4 = 4, within each 1: 1 * (8 - 1 - 1) = 6. */
	static const double slope[] = { 1, 2, 5, 6 };
	/* The bump ends before the series: 0 0 0 | 9 9 9 is 3 * 3 / 6 * 18 = 27. */
	static const double bump[] = { 0, 0, 0, 9, 9, 9, 0, 0 };
	static const double stairs[] = { 0, 0, 3, 3, 6, 6 };
	struct change_split split = change_best_split(step, 4, 2);

	(void)state;
	assert_true(split.at == 2 && split.to == 4 && split.statistic == 6);
	split = change_best_split(slope, 4, 2);
	assert_true(split.at == 2 && split.to == 4 && split.statistic == 6);
	split = change_best_split(bump, 8, 2);
	assert_true(split.at == 3 && split.to == 6 && split.statistic == 27);
	/* 0 0 | 3 3 6 6 is as good as 0 0 3 3 | 6 6, and first. */
	split = change_best_split(stairs, 6, 2);
	assert_true(split.at == 2 && split.to == 6);
	oracle_check("statistic", 0, split.statistic, 28.0 / 3, 1e-12);
	split = change_best_split(step, 3, 2);
	assert_true(split.at == 0 && split.statistic == 0);
	split = change_best_split(NULL, 0, 2);
	assert_true(split.at == 0);
}

/* Five values up and down by one. */
static double noise(size_t i)
{
	return (double)(random_at(3, RANDOM_PHASE, 0, i) % 5);
}

static void changes_are_found_where_they_are(void **state)
{
	auto_free struct change *changes = NULL;
	double values[60];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = 100 + noise(i) + (i >= 20 && i < 35 ? 30 : 0) + (i >= 50 ? 60 : 0);
	assert_int_equal(change_points(values, ARRAY_SIZE(values), 2, 1, &changes), 3);
	assert_int_equal(changes[0].at, 20);
	assert_int_equal(changes[1].at, 35);
	assert_int_equal(changes[2].at, 50);
	for (size_t i = 0; i < 3; i++)
		assert_true(changes[i].p >= 0.005 && changes[i].p <= 0.05);
}

static void a_level_series_has_none(void **state)
{
	static const double constant[50] = { 0 };
	struct change *changes = (struct change *)constant;

	(void)state;
	assert_int_equal(change_points(constant, ARRAY_SIZE(constant), 2, 1, &changes), 0);
	assert_null(changes);
	assert_int_equal(change_points(constant, 3, 2, 1, &changes), 0);
	assert_int_equal(change_points(NULL, 0, 2, 1, &changes), 0);
	assert_null(changes);
}

/* Four low and four high ones: of 70 ways to mix them one other splits as well, in any order of the
 * low and of the high. p is about 2 / 70, if rounding does not tell these orders apart. */
static void p_is_the_share_of_permutations_as_strong(void **state)
{
	static const double values[] = { 0.1, 0.1, 0.2, 0.7, 5.1, 5.3, 5.3, 5.9 };
	double sum = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		auto_free struct change *changes = NULL;
		size_t count = change_points(values, ARRAY_SIZE(values), 2, seed, &changes);

		if (!count)
			sum += 0.05;
		else
			sum += changes[0].p;
		if (count)
			assert_int_equal(changes[0].at, 4);
	}
	assert_true(sum / 20 > 0.02 && sum / 20 < 0.045);
}

/* Series of chance: 5 % of 400 are 20, and 4.4 their standard deviation. */
static void alarms_are_as_rare_as_they_should_be(void **state)
{
	size_t alarms = 0;

	(void)state;
	for (uint64_t series = 0; series < 400; series++) {
		auto_free struct change *changes = NULL;
		double values[25];

		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			values[i] = (double)(random_at(series, RANDOM_UNIT, 7, i) >> 20);
		alarms += change_points(values, ARRAY_SIZE(values), 2, series, &changes) > 0;
	}
	assert_in_range(alarms, 5, 35);
}

static void a_long_series_keeps_its_changes(void **state)
{
	auto_free struct change *changes = NULL;
	double values[700];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = noise(i) + (i >= 401 ? 4 : 0);
	assert_true(change_points(values, ARRAY_SIZE(values), 2, 1, &changes) >= 1);
	assert_in_range(changes[0].at, 398, 404);
	assert_true(changes[0].p == 0.005);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_split_is_that_of_the_definition),
		cmocka_unit_test(by_hand),
		cmocka_unit_test(changes_are_found_where_they_are),
		cmocka_unit_test(a_level_series_has_none),
		cmocka_unit_test(p_is_the_share_of_permutations_as_strong),
		cmocka_unit_test(alarms_are_as_rare_as_they_should_be),
		cmocka_unit_test(a_long_series_keeps_its_changes),
	};

	return cmocka_run_group_tests(tests, load_oracle, oracle_forget);
}

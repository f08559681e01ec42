// SPDX-License-Identifier: GPL-2.0-or-later
/* Loops to failure: the estimate, its median and the log-rank test, against R and textbooks. */
#include "tests/unit/oracle.h"

#include "base/random.h"
#include "report/survival.h"

#define F(n)            \
	{               \
		n, true \
	}
#define C(n)             \
	{                \
		n, false \
	}

/* Weeks of remission, Freireich et al., Blood 21 (1963), in all textbooks since. */
static const struct survival_sample treated[] = { F(6),	 F(6),	F(6),  C(6),  F(7),  C(9),  F(10),
						  C(10), C(11), F(13), F(16), C(17), C(19), C(20),
						  F(22), F(23), C(25), C(32), C(32), C(34), C(35) };
static const struct survival_sample placebo[] = { F(1),	 F(1),	F(2),  F(2),  F(3),  F(4),  F(4),
						  F(5),	 F(5),	F(8),  F(8),  F(8),  F(8),  F(11),
						  F(11), F(12), F(12), F(15), F(17), F(22), F(23) };

struct group {
	struct survival_sample *samples;
	size_t count;
};

static void group_free(struct group *group)
{
	free(group->samples);
}

#define auto_group __attribute__((cleanup(group_free)))

static void append(struct group *group, int64_t loops, bool failed, int64_t times)
{
	if (!times)
		return;
	group->samples =
		mem_realloc(group->samples, group->count + (size_t)times, sizeof(*group->samples));
	while (times--)
		group->samples[group->count++] = (struct survival_sample){ loops, failed };
}

static void shuffle(struct group *group)
{
	for (size_t i = group->count; i > 1; i--) {
		size_t other = random_below(random_at(1, RANDOM_PHASE, 0, i), i);
		struct survival_sample sample = group->samples[i - 1];

		group->samples[i - 1] = group->samples[other];
		group->samples[other] = sample;
	}
}

/* Shuffled first, so that sorting has something to do. */
static struct group load(const json_t *object, const char *key)
{
	json_t *triples = json_object_get(object, key);
	struct group group = { 0 };

	for (size_t i = 0; i < json_array_size(triples); i += 3) {
		append(&group, oracle_integer(triples, i), true, oracle_integer(triples, i + 1));
		append(&group, oracle_integer(triples, i), false, oracle_integer(triples, i + 2));
	}
	assert_true(group.count > 0);
	shuffle(&group);
	survival_sort(group.samples, group.count);
	return group;
}

static int load_oracle(void **state)
{
	return oracle_load(state, "tests/data/statistics/survival.json");
}

static void check_point(const json_t *expected, size_t index, const struct survival_point *point)
{
	static const char *const names[] = { "survival", "variance", "lower", "upper" };
	const double found[] = { point->survival, point->variance, point->lower, point->upper };

	assert_int_equal(point->loops, oracle_integer(expected, 1));
	assert_int_equal(point->at_risk, oracle_integer(expected, 2));
	assert_int_equal(point->failures, oracle_integer(expected, 3));
	for (size_t i = 0; i < ARRAY_SIZE(found); i++)
		oracle_check(names[i], index, found[i], oracle_number(expected, 4 + i),
			     ORACLE_TOLERANCE);
}

/* R gives steps at these positions, and their number. */
static void check_curve(const json_t *value, size_t index, const struct group *group,
			double confidence)
{
	json_t *points = json_object_get(value, "points");
	struct survival_point point;
	struct survival_curve curve;
	size_t steps = 0, checked = 0;

	survival_begin(&curve, group->samples, group->count, confidence);
	for (; survival_next(&curve, &point); steps++) {
		json_t *expected = json_array_get(points, checked);

		if (!expected || (size_t)oracle_integer(expected, 0) != steps)
			continue;
		check_point(expected, index, &point);
		checked++;
	}
	assert_int_equal(checked, json_array_size(points));
	assert_int_equal(steps, json_integer_value(json_object_get(value, "steps")));
}

/* R says NA for what is not known, too. */
static double as_in_r(double loops)
{
	return isinf(loops) ? NAN : loops;
}

static void check_median(const json_t *value, size_t index, const struct group *group,
			 double confidence)
{
	json_t *expected = json_object_get(value, "median");
	struct survival_median median = survival_median(group->samples, group->count, confidence);
	const double found[] = { median.median, median.lower, median.upper };

	for (size_t i = 0; i < ARRAY_SIZE(found); i++)
		oracle_check(i ? "limit" : "median", index, as_in_r(found[i]),
			     oracle_number(expected, i), 0);
}

typedef void (*check_fn)(const json_t *value, size_t index, const struct group *group,
			 double confidence);

static void check_all(void **state, check_fn check)
{
	json_t *curves = json_object_get(*state, "curves"), *value;
	size_t i;

	assert_true(json_array_size(curves) > 300);
	json_array_foreach(curves, i, value) {
		auto_group struct group group = load(value, "samples");

		check(value, i, &group, json_number_value(json_object_get(value, "confidence")));
	}
}

static void the_estimate_is_that_of_r(void **state)
{
	check_all(state, check_curve);
}

static void the_median_is_that_of_r(void **state)
{
	check_all(state, check_median);
}

static void check_difference(size_t i, const json_t *expected,
			     const struct survival_difference *found)
{
	if (json_is_null(expected)) {
		assert_false(found->comparable);
		assert_true(found->chi_square == 0 && found->p == 1);
		return;
	}
	assert_true(found->comparable);
	assert_true(found->observed_a == oracle_number(expected, 0));
	oracle_check("expected", i, found->expected_a, oracle_number(expected, 1),
		     ORACLE_TOLERANCE);
	oracle_check("variance", i, found->variance, oracle_number(expected, 2), ORACLE_TOLERANCE);
	/* A difference of sums, squared; and an exponential of it. */
	if (found->chi_square > ORACLE_NEAR_ZERO)
		oracle_check("chi square", i, found->chi_square, oracle_number(expected, 3), 1e-9);
	oracle_check("p", i, found->p, oracle_number(expected, 4), 1e-10);
}

static void the_difference_is_that_of_r(void **state)
{
	json_t *pairs = json_object_get(*state, "pairs"), *value;
	size_t i, compared = 0;

	json_array_foreach(pairs, i, value) {
		auto_group struct group a = load(value, "a"), b = load(value, "b");
		json_t *expected = json_object_get(value, "answer");
		struct survival_difference found =
			survival_logrank(a.samples, a.count, b.samples, b.count);

		check_difference(i, expected, &found);
		compared += found.comparable;
	}
	assert_in_range(compared, 150, json_array_size(pairs) - 20);
}

static void textbooks_agree(void **state)
{
	struct survival_median median = survival_median(treated, ARRAY_SIZE(treated), 0.95);
	struct survival_difference swapped,
		difference = survival_logrank(treated, ARRAY_SIZE(treated), placebo,
					      ARRAY_SIZE(placebo));

	(void)state;
	assert_true(median.median == 23 && median.lower == 13 && isinf(median.upper));
	median = survival_median(placebo, ARRAY_SIZE(placebo), 0.95);
	assert_true(median.median == 8 && median.lower == 4 && median.upper == 11);
	assert_true(difference.observed_a == 9);
	oracle_check("expected", 0, difference.expected_a, 19.25, 1e-3);
	oracle_check("variance", 0, difference.variance, 6.2570, 1e-4);
	oracle_check("chi square", 0, difference.chi_square, 16.793, 1e-4);
	/* Which group is called a changes the sign of the excess only. */
	swapped = survival_logrank(placebo, ARRAY_SIZE(placebo), treated, ARRAY_SIZE(treated));
	oracle_check("chi square", 1, swapped.chi_square, difference.chi_square, 1e-12);
	oracle_check("excess", 1, swapped.observed_a - swapped.expected_a,
		     difference.expected_a - difference.observed_a, 1e-12);
}

/* A first loop that fails counts as 0 loops: of four VMs all were at risk of it. */
static void a_failure_in_the_first_loop_counts(void **state)
{
	static const struct survival_sample samples[] = { F(0), C(0), F(3), F(5) };
	struct survival_curve curve;
	struct survival_point point;

	(void)state;
	survival_begin(&curve, samples, ARRAY_SIZE(samples), 0.95);
	assert_true(survival_next(&curve, &point));
	assert_true(point.loops == 0 && point.at_risk == 4 && point.survival == 0.75);
	assert_true(survival_next(&curve, &point));
	assert_true(point.loops == 3 && point.at_risk == 2 && point.survival == 0.375);
	assert_true(survival_next(&curve, &point));
	assert_true(point.survival == 0 && point.variance == 0);
	assert_true(isnan(point.lower) && isnan(point.upper));
	assert_false(survival_next(&curve, &point));
	assert_int_equal(point.loops, 5);
}

static void what_is_not_reached_is_infinite_and_what_is_not_known_no_number(void **state)
{
	static const struct survival_sample failed[] = { F(7), F(7), F(7) };
	static const struct survival_sample censored[] = { C(7), C(8) };
	static const struct survival_sample largest[] = { F(INT64_MAX), F(INT64_MAX) };
	struct survival_median median = survival_median(failed, 3, 0.95);

	(void)state;
	assert_true(median.median == 7 && isnan(median.lower) && isinf(median.upper));
	median = survival_median(censored, 2, 0.95);
	assert_true(isinf(median.median) && isinf(median.lower) && isinf(median.upper));
	median = survival_median(NULL, 0, 0.95);
	assert_true(isinf(median.median) && isinf(median.lower) && isinf(median.upper));
	median = survival_median(largest, 2, 0.95);
	assert_true(median.median == (double)INT64_MAX);
	survival_sort(NULL, 0);
}

static void check_not_comparable(const struct survival_sample *a, size_t count_a,
				 const struct survival_sample *b, size_t count_b, double failures)
{
	struct survival_difference found = survival_logrank(a, count_a, b, count_b);

	assert_false(found.comparable);
	assert_true(found.chi_square == 0 && found.p == 1);
	assert_true(found.observed_a == failures && found.expected_a == failures);
}

static void groups_that_say_nothing_are_not_comparable(void **state)
{
	static const struct survival_sample censored[] = { C(1), C(2), C(3) };
	static const struct survival_sample at_once[] = { F(0), F(0), F(0) };
	static const struct survival_sample early[] = { C(0), C(1) };
	static const struct survival_sample late[] = { F(5), F(6) };

	(void)state;
	check_not_comparable(NULL, 0, NULL, 0, 0);
	check_not_comparable(censored, 3, censored, 3, 0);
	check_not_comparable(late, 2, NULL, 0, 2);
	check_not_comparable(NULL, 0, late, 2, 0);
	check_not_comparable(at_once, 3, at_once, 2, 3);
	check_not_comparable(early, 2, late, 2, 0);
	check_not_comparable(late, 2, early, 2, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_estimate_is_that_of_r),
		cmocka_unit_test(the_median_is_that_of_r),
		cmocka_unit_test(the_difference_is_that_of_r),
		cmocka_unit_test(textbooks_agree),
		cmocka_unit_test(a_failure_in_the_first_loop_counts),
		cmocka_unit_test(what_is_not_reached_is_infinite_and_what_is_not_known_no_number),
		cmocka_unit_test(groups_that_say_nothing_are_not_comparable),
	};

	return cmocka_run_group_tests(tests, load_oracle, oracle_forget);
}

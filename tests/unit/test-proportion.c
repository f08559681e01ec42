// SPDX-License-Identifier: GPL-2.0-or-later
/* Shares: intervals, Fisher's test and Holm's adjustment, against R and textbooks. */
#include "tests/unit/oracle.h"

#include "report/mass.h"
#include "report/normal.h"
#include "report/proportion.h"

static int load_oracle(void **state)
{
	return oracle_load(state, "tests/data/statistics/proportion.json");
}

static json_t *cases(void **state, const char *key, size_t least)
{
	json_t *list = json_object_get(*state, key);

	assert_true(json_array_size(list) >= least);
	return list;
}

typedef struct proportion_interval (*interval_fn)(int64_t hits, int64_t count, double confidence);

static void check_intervals(const json_t *list, interval_fn interval)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value) {
		struct proportion_interval found =
			interval(oracle_integer(value, 0), oracle_integer(value, 1),
				 oracle_number(value, 2));

		oracle_check("lower limit", i, found.lower, oracle_number(value, 3),
			     ORACLE_TOLERANCE);
		oracle_check("upper limit", i, found.upper, oracle_number(value, 4),
			     ORACLE_TOLERANCE);
	}
}

static void the_exact_interval_is_that_of_r(void **state)
{
	check_intervals(cases(state, "clopper_pearson", 300), proportion_clopper_pearson);
}

static void the_score_interval_is_that_of_r(void **state)
{
	check_intervals(cases(state, "wilson", 200), proportion_wilson);
}

static void the_bound_of_none_is_that_of_r(void **state)
{
	json_t *list = cases(state, "none", 10), *value;
	size_t i;

	json_array_foreach(list, i, value) {
		double found = proportion_upper_bound_of_none(oracle_integer(value, 0),
							      oracle_number(value, 1));

		oracle_check("bound", i, found, oracle_number(value, 2), ORACLE_TOLERANCE);
	}
}

static void check_p(size_t i, double found, double expected)
{
	/* Below this, doubles lose digits. */
	if (expected < 1e-300)
		assert_true(found < 1e-299);
	else
		oracle_check("p", i, found, expected, ORACLE_TOLERANCE);
}

static void fishers_p_is_that_of_r(void **state)
{
	json_t *list = cases(state, "fisher", 400), *value;
	size_t i;

	json_array_foreach(list, i, value) {
		double found =
			proportion_fisher(oracle_integer(value, 0), oracle_integer(value, 1),
					  oracle_integer(value, 2), oracle_integer(value, 3));

		check_p(i, found, oracle_number(value, 4));
	}
}

/* Groups and outcomes can change places. */
static void fishers_p_knows_no_sides(void **state)
{
	json_t *list = cases(state, "fisher", 400), *value;
	size_t i;

	json_array_foreach(list, i, value) {
		int64_t x = oracle_integer(value, 0), m = oracle_integer(value, 1);
		int64_t y = oracle_integer(value, 2), n = oracle_integer(value, 3);
		double p = proportion_fisher(x, m, y, n);

		check_p(i, proportion_fisher(y, n, x, m), p);
		check_p(i, proportion_fisher(m - x, m, n - y, n), p);
		check_p(i, proportion_fisher(x, x + y, m - x, m + n - x - y), p);
	}
}

static void holms_adjustment_is_that_of_r(void **state)
{
	json_t *list = cases(state, "holm", 80), *value;
	size_t i;

	json_array_foreach(list, i, value) {
		json_t *given = json_array_get(value, 0), *expected = json_array_get(value, 1);
		size_t count = json_array_size(given);
		auto_free double *p = mem_zalloc(count * sizeof(*p));
		auto_free double *adjusted = mem_zalloc(count * sizeof(*p));

		for (size_t j = 0; j < count; j++)
			p[j] = oracle_number(given, j);
		proportion_holm(p, count, adjusted);
		for (size_t j = 0; j < count; j++)
			oracle_check("adjusted p", i, adjusted[j], oracle_number(expected, j),
				     ORACLE_TOLERANCE);
	}
}

static void textbooks_agree(void **state)
{
	static const double p[] = { 0.01, 0.04, 0.03, 0.005 };
	static const double expected[] = { 0.03, 0.06, 0.06, 0.02 };
	double adjusted[4];
	struct proportion_interval interval;

	(void)state;
	/* Fisher's lady who tastes tea, and his twins of convicts. */
	oracle_check("tea", 0, proportion_fisher(3, 4, 1, 4), 34.0 / 70, 1e-12);
	oracle_check("tea", 1, proportion_fisher(4, 4, 0, 4), 2.0 / 70, 1e-12);
	oracle_check("twins", 0, proportion_fisher(2, 17, 10, 13), 0.0005367241, 1e-6);
	/* Mendel's peas: 682 of 925 were tall (Conover, 1971). */
	interval = proportion_clopper_pearson(682, 925, 0.95);
	oracle_check("peas", 0, interval.lower, 0.7076683, 1e-6);
	oracle_check("peas", 1, interval.upper, 0.7654066, 1e-6);
	/* Newcombe, Statistics in Medicine 17 (1998), table I. */
	interval = proportion_wilson(81, 263, 0.95);
	oracle_check("Newcombe", 0, interval.lower, 0.2553, 1e-3);
	oracle_check("Newcombe", 1, interval.upper, 0.3662, 1e-3);
	interval = proportion_wilson(0, 20, 0.95);
	assert_true(interval.lower == 0);
	assert_true(proportion_wilson(20, 20, 0.95).upper == 1);
	oracle_check("Newcombe", 2, interval.upper, 0.1611, 1e-3);
	/* The rule of three: 59 good ones show with 95 % that below 5 % are bad. */
	assert_true(proportion_upper_bound_of_none(59, 0.95) < 0.05);
	assert_true(proportion_upper_bound_of_none(58, 0.95) > 0.05);
	proportion_holm(p, 4, adjusted);
	for (size_t i = 0; i < 4; i++)
		oracle_check("Holm", i, adjusted[i], expected[i], 1e-14);
}

static void nothing_tried_says_nothing(void **state)
{
	struct proportion_interval exact = proportion_clopper_pearson(0, 0, 0.95);
	struct proportion_interval score = proportion_wilson(0, 0, 0.95);

	(void)state;
	assert_true(exact.lower == 0 && exact.upper == 1);
	assert_true(score.lower == 0 && score.upper == 1);
	assert_true(proportion_upper_bound_of_none(0, 0.95) == 1);
	assert_true(proportion_fisher(0, 0, 0, 0) == 1);
	assert_true(proportion_fisher(0, 0, 3, 5) == 1);
	assert_true(proportion_fisher(0, 9, 0, 5) == 1);
	assert_true(proportion_fisher(9, 9, 5, 5) == 1);
	proportion_holm(NULL, 0, NULL);
}

/* Beyond R's reach; an endless or full walk over these supports would be noticed. */
static void large_counts_take_no_long(void **state)
{
	const int64_t many = 1ll << 40;
	struct proportion_interval interval = proportion_clopper_pearson(many / 2, many, 0.95);

	(void)state;
	assert_true(proportion_fisher(many / 2, many, many / 4, many) == 0);
	assert_true(proportion_fisher(many / 2, many, many / 2, many) == 1);
	oracle_check("none", 0, proportion_fisher(0, many, 3, many), 0.25, 1e-9);
	/* There the normal distribution is as good as exact. */
	oracle_check("lower", 0, 0.5 - interval.lower, 0.98 / (double)(1 << 20), 1e-3);
	oracle_check("upper", 0, interval.upper - 0.5, 0.98 / (double)(1 << 20), 1e-3);
}

/* Binomial coefficients are exact in a double up to here. */
static void the_masses_are_exact(void **state)
{
	static const struct {
		double count, hits, ways;
	} rows[] = { { 1, 0, 1 },	    { 2, 1, 2 },
		     { 15, 7, 6435 },	    { 16, 1, 16 },
		     { 32, 16, 601080390 }, { 40, 16, 62852101650 },
		     { 50, 49, 50 },	    { 50, 25, 126410606437752 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double found = mass_log_binomial(rows[i].hits, rows[i].count, 0.5, 0.5);

		assert_true(fabs(found - log(ldexp(rows[i].ways, -(int)rows[i].count))) < 1e-14);
	}
	/* A miss among very many, and 20 of 50 of which 20 are white. */
	oracle_check("miss", 0, mass_log_binomial(1e7 - 1, 1e7, 1 - 1e-7, 1e-7),
		     9999999 * log1p(-1e-7), 1e-14);
	oracle_check("urn", 0, mass_log_hypergeometric(10, 20, 30, 20),
		     log(184756.0 * 30045015 / 47129212243960), 1e-14);
}

/* Abramowitz and Stegun, tables 26.5 and 26.6, and R for the last. */
static void the_normal_quantile_is_exact(void **state)
{
	(void)state;
	oracle_check("z", 0, normal_upper_quantile(0.025), 1.959963984540054, 1e-14);
	oracle_check("z", 1, normal_upper_quantile(0.005), 2.575829303548901, 1e-14);
	oracle_check("z", 2, normal_upper_quantile(0.25), 0.6744897501960817, 1e-14);
	oracle_check("z", 3, normal_upper_quantile(1e-300), 37.0470962993612, 1e-13);
	assert_true(fabs(normal_upper_quantile(0.5)) < 1e-15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exact_interval_is_that_of_r),
		cmocka_unit_test(the_score_interval_is_that_of_r),
		cmocka_unit_test(the_bound_of_none_is_that_of_r),
		cmocka_unit_test(fishers_p_is_that_of_r),
		cmocka_unit_test(fishers_p_knows_no_sides),
		cmocka_unit_test(holms_adjustment_is_that_of_r),
		cmocka_unit_test(textbooks_agree),
		cmocka_unit_test(nothing_tried_says_nothing),
		cmocka_unit_test(large_counts_take_no_long),
		cmocka_unit_test(the_masses_are_exact),
		cmocka_unit_test(the_normal_quantile_is_exact),
	};

	return cmocka_run_group_tests(tests, load_oracle, oracle_forget);
}

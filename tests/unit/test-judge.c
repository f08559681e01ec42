// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verdicts on metrics, worked by hand.
 *
 * n differences of one sign have the signed-rank p value 2 / 2^n; the interval of six at 95 % is from
 * the smallest to the largest.
 */
#include "tests/unit/helper.h"

#include <math.h>

#include "report/judge.h"
#include "report/power.h"

#define ALPHA 0.05

static struct judged metric(const double *differences, size_t count, double margin)
{
	return (struct judged){ .differences = differences, .count = count, .margin = margin };
}

static void assert_near(double found, double expected)
{
	if (!(fabs(found - expected) < 1e-12))
		fail_msg("found %.15g, expected %.15g", found, expected);
}

static void verdicts_have_names(void **state)
{
	(void)state;
	assert_string_equal(judge_verdict_name(JUDGE_UNCLEAR), "unclear");
	assert_string_equal(judge_verdict_name(JUDGE_SAME), "same");
	assert_string_equal(judge_verdict_name(JUDGE_FASTER), "faster");
	assert_string_equal(judge_verdict_name(JUDGE_SLOWER), "slower");
}

static void all_blocks_above_the_margin_are_slower(void **state)
{
	static const double up[] = { 0.10, 0.11, 0.12, 0.13, 0.14, 0.15 };
	struct judged m = metric(up, 6, 0.05);

	(void)state;
	judge(&m, 1, ALPHA);
	assert_int_equal(m.verdict, JUDGE_SLOWER);
	assert_near(m.p, 2. / 64);
	assert_near(m.adjusted_p, m.p);
	/* 21 averages, symmetric about 0.125. */
	assert_near(m.log_ratio.estimate, 0.125);
	assert_near(m.log_ratio.lower, 0.10);
	assert_near(m.log_ratio.upper, 0.15);
	assert_int_equal(m.more_blocks, 0);
	/* (1.959964 + 0.841621) * 0.025 / 1.959964 */
	assert_true(fabs(m.detectable - 0.0357352) < 1e-6);
}

static void all_blocks_below_are_faster(void **state)
{
	static const double down[] = { -0.10, -0.11, -0.12, -0.13, -0.14, -0.15 };
	struct judged m = metric(down, 6, 0.05);

	(void)state;
	judge(&m, 1, ALPHA);
	assert_int_equal(m.verdict, JUDGE_FASTER);
	assert_near(m.p, 2. / 64);
	assert_near(m.log_ratio.estimate, -0.125);
}

/* As throughput is. */
static void higher_may_be_better(void **state)
{
	static const double up[] = { 0.10, 0.11, 0.12, 0.13, 0.14, 0.15 };
	static const double down[] = { -0.10, -0.11, -0.12, -0.13, -0.14, -0.15 };
	struct judged m[] = { metric(up, 6, 0.05), metric(down, 6, 0.05) };

	(void)state;
	m[0].higher_is_better = m[1].higher_is_better = true;
	judge(&m[0], 1, ALPHA);
	judge(&m[1], 1, ALPHA);
	assert_int_equal(m[0].verdict, JUDGE_FASTER);
	assert_int_equal(m[1].verdict, JUDGE_SLOWER);
}

static void what_lies_inside_the_margin_is_the_same_however_significant(void **state)
{
	static const double up[] = { 0.010, 0.011, 0.012, 0.013, 0.014, 0.015 };
	struct judged m = metric(up, 6, 0.05);

	(void)state;
	judge(&m, 1, ALPHA);
	assert_int_equal(m.verdict, JUDGE_SAME);
	assert_true(m.adjusted_p < ALPHA);
	assert_int_equal(m.more_blocks, 0);
}

/* The margin is a share of A: log(1.05) either way. */
static void the_margin_ends_at_its_logarithm(void **state)
{
	static const struct {
		double largest;
		enum judge_verdict verdict;
	} cases[] = {
		{ 0.0487, JUDGE_SAME },
		{ 0.0489, JUDGE_SLOWER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int sign = -1; sign <= 1; sign += 2) {
			double d[6] = { 0.01, 0.011, 0.012, 0.013, 0.014, cases[i].largest };
			struct judged m = metric(d, 6, 0.05);

			for (size_t j = 0; j < ARRAY_SIZE(d); j++)
				d[j] *= sign;
			judge(&m, 1, ALPHA);
			assert_int_equal(m.verdict, cases[i].verdict == JUDGE_SAME ? JUDGE_SAME
						    : sign > 0			   ? JUDGE_SLOWER
										   : JUDGE_FASTER);
		}
}

/* However little it is that was seen: it may be more. */
static void same_is_never_said_for_want_of_significance(void **state)
{
	static const double about_zero[] = { -0.30, -0.20, -0.10, 0.11, 0.21, 0.31 };
	static const double zeros[] = { 0, 0, 0, 0, 0 };
	struct judged m = metric(about_zero, 6, 0.05);

	(void)state;
	judge(&m, 1, ALPHA);
	assert_int_equal(m.verdict, JUDGE_UNCLEAR);
	/* Ranks 2 + 4 + 6 of 21: no p value is larger. */
	assert_true(m.p > 0.8);
	assert_true(m.more_blocks > 0);
	/* Five blocks have no interval of 95 %, not even equal ones. */
	m = metric(zeros, 5, 1.0);
	judge(&m, 1, ALPHA);
	assert_int_equal(m.verdict, JUDGE_UNCLEAR);
	assert_int_equal(m.more_blocks, POWER_NEVER);
	assert_true(isinf(m.detectable));
}

static void equal_blocks_are_the_same(void **state)
{
	static const double zeros[] = { 0, 0, 0, 0, 0, 0 };
	struct judged m = metric(zeros, 6, 0.001);

	(void)state;
	judge(&m, 1, ALPHA);
	assert_int_equal(m.verdict, JUDGE_SAME);
	assert_near(m.p, 1);
}

static void no_blocks_are_unclear(void **state)
{
	struct judged m = metric(NULL, 0, 0.05);

	(void)state;
	judge(&m, 1, ALPHA);
	assert_int_equal(m.verdict, JUDGE_UNCLEAR);
	assert_near(m.p, 1);
	assert_true(isnan(m.log_ratio.estimate));
	assert_int_equal(m.more_blocks, POWER_NEVER);
	judge(NULL, 0, ALPHA);
}

/* Those that are the same have a p value that Holm counts as well. */
static void metrics_that_are_the_same_make_others_need_more(void **state)
{
	static const double zeros[] = { 0, 0, 0, 0, 0, 0, 0, 0 };
	static const double up[] = { 0.02, 0.04, 0.06, 0.08, 0.10, 0.12, 0.14, -0.09 };
	struct judged alone = metric(up, 8, 0.05);
	struct judged m[] = { metric(up, 8, 0.05), metric(zeros, 8, 0.05), metric(zeros, 8, 0.05),
			      metric(zeros, 8, 0.05) };

	(void)state;
	judge(&alone, 1, ALPHA);
	judge(m, 4, ALPHA);
	assert_int_equal(m[0].verdict, JUDGE_UNCLEAR);
	assert_int_equal(m[1].verdict, JUDGE_SAME);
	assert_true(m[0].more_blocks > alone.more_blocks);
}

/* Each alone has 1/32; of two, Holm asks for twice that of the first, and of the second no less. */
static void metrics_that_are_judged_together_have_to_show_more(void **state)
{
	static const double six[] = { 0.10, 0.11, 0.12, 0.13, 0.14, 0.15 };
	static const double eight[] = { 0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17 };
	struct judged m[] = { metric(six, 6, 0.05), metric(six, 6, 0.05) };
	struct judged n[] = { metric(six, 6, 0.05), metric(eight, 8, 0.05) };

	(void)state;
	judge(m, 2, ALPHA);
	for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
		assert_near(m[i].p, 1. / 32);
		assert_near(m[i].adjusted_p, 1. / 16);
		assert_int_equal(m[i].verdict, JUDGE_UNCLEAR);
	}
	judge(n, 2, ALPHA);
	assert_near(n[1].p, 1. / 128);
	assert_near(n[1].adjusted_p, 1. / 64);
	assert_int_equal(n[1].verdict, JUDGE_SLOWER);
	/* The smaller one has gone ahead: this one is asked for once its own. */
	assert_near(n[0].adjusted_p, 1. / 32);
	assert_int_equal(n[0].verdict, JUDGE_SLOWER);
}

/* A look that may spend little. */
static void alpha_is_what_it_is_told(void **state)
{
	static const double seven[] = { 0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16 };
	struct judged m = metric(seven, 7, 0.05);

	(void)state;
	judge(&m, 1, 0.0157);
	assert_near(m.p, 1. / 64);
	assert_int_equal(m.verdict, JUDGE_SLOWER);
	judge(&m, 1, 0.0156);
	assert_int_equal(m.verdict, JUDGE_UNCLEAR);
	/* Seven have no interval of that confidence: lower than their smallest p value. */
	assert_true(isinf(m.log_ratio.upper));
}

static enum judge_verdict whole(enum judge_verdict a, enum judge_verdict b)
{
	const struct judged m[] = { { .verdict = a }, { .verdict = b } };

	return judge_whole(m, 2);
}

static void the_worst_metric_is_that_of_the_whole(void **state)
{
	(void)state;
	assert_int_equal(whole(JUDGE_SAME, JUDGE_SAME), JUDGE_SAME);
	assert_int_equal(whole(JUDGE_SAME, JUDGE_FASTER), JUDGE_FASTER);
	assert_int_equal(whole(JUDGE_FASTER, JUDGE_FASTER), JUDGE_FASTER);
	assert_int_equal(whole(JUDGE_UNCLEAR, JUDGE_FASTER), JUDGE_UNCLEAR);
	assert_int_equal(whole(JUDGE_SAME, JUDGE_UNCLEAR), JUDGE_UNCLEAR);
	assert_int_equal(whole(JUDGE_UNCLEAR, JUDGE_SLOWER), JUDGE_SLOWER);
	assert_int_equal(whole(JUDGE_SLOWER, JUDGE_FASTER), JUDGE_SLOWER);
	assert_int_equal(judge_whole(NULL, 0), JUDGE_UNCLEAR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_have_names),
		cmocka_unit_test(all_blocks_above_the_margin_are_slower),
		cmocka_unit_test(all_blocks_below_are_faster),
		cmocka_unit_test(higher_may_be_better),
		cmocka_unit_test(what_lies_inside_the_margin_is_the_same_however_significant),
		cmocka_unit_test(the_margin_ends_at_its_logarithm),
		cmocka_unit_test(same_is_never_said_for_want_of_significance),
		cmocka_unit_test(equal_blocks_are_the_same),
		cmocka_unit_test(no_blocks_are_unclear),
		cmocka_unit_test(metrics_that_are_the_same_make_others_need_more),
		cmocka_unit_test(metrics_that_are_judged_together_have_to_show_more),
		cmocka_unit_test(alpha_is_what_it_is_told),
		cmocka_unit_test(the_worst_metric_is_that_of_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

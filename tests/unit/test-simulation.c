// SPDX-License-Identifier: GPL-2.0-or-later
/* How often a comparison is wrong on hosts that are not quiet; tests/bench/simulate.c counts
 * more. */
#include "tests/unit/helper.h"

#include "report/rank.h"
#include "tests/bench/simulation.h"

#define EXPERIMENTS 1000
#define BLOCKS 20

/* What the exact test can reach of 5 % with 20 blocks: 2 * psignrank(52, 20) in R. */
#define LEVEL 0.0484409

static double spread(double experiments)
{
	return sqrt(experiments * LEVEL * (1 - LEVEL));
}

/* Three standard deviations of a binomial count each. */
static void check_count(double count, double experiments)
{
	if (fabs(count - experiments * LEVEL) > 3 * spread(experiments))
		fail_msg("%g of %g, expected %g", count, experiments, experiments * LEVEL);
}

static void alarms_without_an_effect_are_as_rare_as_said(void **state)
{
	double all = 0;

	(void)state;
	for (int kind = 0; kind < SIMULATION_KINDS; kind++) {
		double alarms = 0, differences[BLOCKS];

		for (uint64_t i = 0; i < EXPERIMENTS; i++) {
			simulation_blocks((enum simulation_kind)kind, i, 1, differences, BLOCKS);
			alarms += rank_signed(differences, BLOCKS).p < 0.05;
		}
		check_count(alarms, EXPERIMENTS);
		all += alarms;
	}
	check_count(all, SIMULATION_KINDS * EXPERIMENTS);
}

static void the_interval_misses_the_truth_as_rarely_as_said(void **state)
{
	double all = 0;

	(void)state;
	for (int kind = 0; kind < SIMULATION_KINDS; kind++) {
		double missed = 0, differences[BLOCKS];

		for (uint64_t i = 0; i < EXPERIMENTS; i++) {
			struct rank_interval interval;

			simulation_blocks((enum simulation_kind)kind, i, 1.1, differences, BLOCKS);
			interval = rank_hodges_lehmann(differences, BLOCKS, 0.95);
			missed += interval.lower > log(1.1) || interval.upper < log(1.1);
		}
		check_count(missed, EXPERIMENTS);
		all += missed;
	}
	check_count(all, SIMULATION_KINDS * EXPERIMENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alarms_without_an_effect_are_as_rare_as_said),
		cmocka_unit_test(the_interval_misses_the_truth_as_rarely_as_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

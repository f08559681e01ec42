// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * simulate [EXPERIMENTS]: how often the comparison of two builds is wrong on simulated hosts.
 *
 * Ends with 1 where false alarms at 5 % are not within 4 to 6 %, or above 6 % with two looks, or
 * where intervals of 95 % do not cover the truth in 94 to 96 %. Beside it, what running A and then
 * B would have come to.
 */
#include <stdio.h>

#include "report/normal.h"
#include "report/rank.h"
#include "report/spend.h"
#include "tests/bench/simulation.h"

#define BLOCKS_MAX 40
#define EFFECT 1.1

/* Mann and Whitney's test of two groups of VMs, by the normal approximation. */
static double rank_sum_p(const double *a, const double *b, size_t count)
{
	double n = (double)count, above = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			above += a[i] < b[j];
	return 2 * normal_upper_tail(fmax(fabs(above - n * n / 2) - 0.5, 0) /
				     sqrt(n * n * (2 * n + 1) / 12));
}

/* In percent of the experiments. */
struct figures {
	double alarms;	/* without an effect */
	double covered; /* with EFFECT: the interval holds it */
	double found;	/* with EFFECT: p is below 5 % */
	double width;	/* with EFFECT: mean of the interval's, in percent of the ratio */
	double looked;	/* without an effect: alarms of two looks, at half the blocks and at all */
	double in_turn; /* without an effect, A then B */
};

static bool alarm_at_a_look(const double *differences, size_t blocks)
{
	const size_t looks[] = { blocks / 2, blocks };

	for (size_t i = 0; i < 2; i++)
		if (rank_signed(differences, looks[i]).p < spend_level(0.05, looks, 2, i))
			return true;
	return false;
}

static void add_blocks(struct figures *figures, enum simulation_kind kind, uint64_t seed,
		       size_t blocks)
{
	double differences[BLOCKS_MAX];
	struct rank_interval interval;

	simulation_blocks(kind, 3 * seed, 1, differences, blocks);
	figures->alarms += rank_signed(differences, blocks).p < 0.05;
	figures->looked += alarm_at_a_look(differences, blocks);
	simulation_blocks(kind, 3 * seed + 1, EFFECT, differences, blocks);
	figures->found += rank_signed(differences, blocks).p < 0.05;
	interval = rank_hodges_lehmann(differences, blocks, 0.95);
	figures->covered += interval.lower <= log(EFFECT) && log(EFFECT) <= interval.upper;
	figures->width += exp(interval.upper) - exp(interval.lower);
}

static void add_in_turn(struct figures *figures, enum simulation_kind kind, uint64_t seed,
			size_t vms)
{
	double a[BLOCKS_MAX], b[BLOCKS_MAX];

	simulation_in_turn(kind, 3 * seed + 2, a, b, vms);
	figures->in_turn += rank_sum_p(a, b, vms) < 0.05;
}

static bool print_figures(enum simulation_kind kind, size_t blocks, size_t experiments)
{
	struct figures figures = { 0 };
	double percent = 100 / (double)experiments;
	bool good;

	for (size_t i = 0; i < experiments; i++) {
		add_blocks(&figures, kind, i, blocks);
		add_in_turn(&figures, kind, i, blocks);
	}
	figures.alarms *= percent;
	figures.covered *= percent;
	figures.looked *= percent;
	good = figures.looked <= 6 && figures.alarms >= 4 && figures.alarms <= 6 &&
	       figures.covered >= 94 && figures.covered <= 96;
	printf("%-16s %6zu %11.2f %9.2f %9.2f %9.2f %7.1f %9.1f%s\n", simulation_names[kind],
	       blocks, figures.alarms, figures.looked, figures.covered, figures.found * percent,
	       figures.width * percent, figures.in_turn * percent, good ? "" : "  WRONG");
	fflush(stdout);
	return good;
}

int main(int argc, char **argv)
{
	size_t experiments = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	bool good = experiments > 0;

	if (!good)
		return 2;
	printf("%zu simulated experiments each; in percent\n", experiments);
	printf("%-16s %6s %11s %9s %9s %9s %7s %9s\n", "host", "blocks", "alarms at 5", "two looks",
	       "covered", "found", "width", "A, then B");
	for (int kind = 0; kind < SIMULATION_KINDS; kind++)
		for (size_t blocks = 20; blocks <= BLOCKS_MAX; blocks += 20)
			good &= print_figures((enum simulation_kind)kind, blocks, experiments);
	return good ? 0 : 1;
}

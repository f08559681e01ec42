// SPDX-License-Identifier: GPL-2.0-or-later
/* E-Divisive: the strongest split of all segments, as long as permutations have none like it. */
#include "report/change.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

/* Of statistics that should be equal rounding leaves no more than this, in shares. */
#define SAME_STATISTIC 1e-9

/* Sums of distances |x - y|, each pair once. */
struct distances {
	double *within; /* by a number of first values: within these */
	double *to;	/* by value: to those before the split at hand */
};

/* Of distances to value. Four sums, since one addition has to wait for that before it. */
static double sum_to(const double *values, size_t count, double value)
{
	double sums[4] = { 0 };
	size_t i = 0;

	for (; i + 4 <= count; i += 4)
		for (size_t lane = 0; lane < 4; lane++)
			sums[lane] += fabs(values[i + lane] - value);
	for (; i < count; i++)
		sums[0] += fabs(values[i] - value);
	return sums[0] + sums[1] + (sums[2] + sums[3]);
}

static void sum_within(const double *values, size_t count, double *within)
{
	within[0] = 0;
	for (size_t i = 0; i < count; i++)
		within[i + 1] = within[i] + sum_to(values, i, values[i]);
}

/* From the sums of distances between X and Y, and within each. */
static double scaled_difference(double between, double within_x, double within_y, double x,
				double y)
{
	return 2 * (between - within_x * y / (x - 1) - within_y * x / (y - 1)) / (x + y);
}

/* All ends of Y for one end of X: each, or for long series each step-th counted from the last. */
static void try_ends(const struct distances *distances, size_t at, size_t count, size_t min_segment,
		     struct change_split *best)
{
	size_t step = (count + CHANGE_ENDS - 1) / CHANGE_ENDS;
	size_t first = count - (count - at - 1) / step * step, seen = at;
	double between = 0;

	for (size_t to = first; to <= count; to += step) {
		double within_y, statistic;

		/* Distances are not below 0: the sum of those to 0 is theirs. */
		between += sum_to(distances->to + seen, to - seen, 0);
		seen = to;
		if (to - at < min_segment)
			continue;
		within_y = distances->within[to] - distances->within[at] - between;
		statistic = scaled_difference(between, distances->within[at], within_y, (double)at,
					      (double)(to - at));
		if (!best->at || statistic > best->statistic)
			*best = (struct change_split){ at, to, statistic };
	}
}

struct change_split change_best_split(const double *values, size_t count, size_t min_segment)
{
	auto_free double *sums = mem_zalloc((2 * count + 1) * sizeof(*sums));
	struct distances distances = { .within = sums, .to = sums + count + 1 };
	struct change_split best = { 0 };

	if (count < 2 * min_segment)
		return best;
	sum_within(values, count, distances.within);
	for (size_t at = 1; at <= count - min_segment; at++) {
		for (size_t i = at; i < count; i++)
			distances.to[i] += fabs(values[at - 1] - values[i]);
		if (at >= min_segment)
			try_ends(&distances, at, count, min_segment, &best);
	}
	return best;
}

/* Of segments: ends are the first indices behind each, the last is that behind all. */
struct segments {
	const size_t *ends;
	size_t count;
};

/* Positions in the whole series. */
static struct change_split strongest_split(const double *values, const struct segments *segments,
					   size_t min_segment)
{
	struct change_split best = { 0 };
	size_t begin = 0;

	for (size_t i = 0; i < segments->count; begin = segments->ends[i++]) {
		struct change_split split =
			change_best_split(values + begin, segments->ends[i] - begin, min_segment);

		if (split.at && (!best.at || split.statistic > best.statistic))
			best = (struct change_split){ begin + split.at, begin + split.to,
						      split.statistic };
	}
	return best;
}

/* Fisher and Yates, in each segment. */
static void permute(double *values, const struct segments *segments, uint64_t seed,
		    uint64_t permutation)
{
	size_t begin = 0;

	for (size_t i = 0; i < segments->count; begin = segments->ends[i++]) {
		for (size_t left = segments->ends[i]; left > begin + 1; left--) {
			uint64_t random = random_at(seed, RANDOM_PERMUTE, permutation, left);
			size_t other = begin + random_below(random, left - begin);
			double value = values[left - 1];

			values[left - 1] = values[other];
			values[other] = value;
		}
	}
}

/* The share of permutations at least as strong, the series itself among them. Ends early, with less
 * than the whole, once it cannot be significant any more. */
static double permutation_p(const double *values, const struct segments *segments,
			    size_t min_segment, uint64_t seed, double statistic)
{
	size_t count = segments->ends[segments->count - 1];
	auto_free double *permuted = mem_zalloc((count + 1) * sizeof(*permuted));
	const double all = CHANGE_PERMUTATIONS + 1;
	double as_strong = 1;

	memcpy(permuted, values, count * sizeof(*permuted));
	for (uint64_t i = 0; i < CHANGE_PERMUTATIONS; i++) {
		permute(permuted, segments, seed, segments->count * all + i);
		if (strongest_split(permuted, segments, min_segment).statistic >=
		    statistic - SAME_STATISTIC * fabs(statistic))
			as_strong++;
		if (as_strong > CHANGE_SIGNIFICANCE * all)
			break;
	}
	return as_strong / all;
}

/* Keeps both ascending. */
static void insert_change(struct change *changes, size_t *ends, size_t count, struct change change)
{
	size_t i = count;

	for (; i && changes[i - 1].at > change.at; i--) {
		changes[i] = changes[i - 1];
		ends[i] = ends[i - 1];
	}
	changes[i] = change;
	ends[i] = change.at;
}

size_t change_points(const double *values, size_t count, size_t min_segment, uint64_t seed,
		     struct change **ret_changes)
{
	size_t most = count / min_segment + 1, found = 0;
	auto_free struct change *changes = mem_zalloc(most * sizeof(*changes));
	auto_free size_t *ends = mem_zalloc((most + 1) * sizeof(*ends));

	for (ends[0] = count;; found++, ends[found] = count) {
		struct segments segments = { ends, found + 1 };
		struct change_split split = strongest_split(values, &segments, min_segment);
		struct change change = { .at = split.at, .p = 1 };

		if (split.at)
			change.p = permutation_p(values, &segments, min_segment, seed,
						 split.statistic);
		if (change.p > CHANGE_SIGNIFICANCE)
			break;
		insert_change(changes, ends, found, change);
	}
	*ret_changes = found ? mem_steal(changes) : NULL;
	return found;
}

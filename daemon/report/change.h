/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a series, such as a metric's medians over campaigns, changes.
 *
 * E-Divisive: Matteson and James, JASA 109 (2014), with alpha = 1, for one dimension. Nothing is
 * presumed of how values are distributed, but that they are independent between two changes.
 */
#ifndef QSOAK_REPORT_CHANGE_H
#define QSOAK_REPORT_CHANGE_H

#include <stddef.h>
#include <stdint.h>

/* A longer series has as many ends of Y tried only, evenly spaced. */
#define CHANGE_ENDS 256

#define CHANGE_PERMUTATIONS 199
#define CHANGE_SIGNIFICANCE 0.05
#define CHANGE_MIN_SEGMENT 2

struct change {
	size_t at; /* the index of the first value after the change */
	double p;  /* of the permutation test that found it: a multiple of 1 / 200 */
};

/* The best split of values: after X, the first at of them, the next to - at are Y, and the scaled
 * difference of both, |X||Y| / (|X| + |Y|) * (2 E|x - y| - E|x - x'| - E|y - y'|) with x, x' of X
 * and y, y' of Y, is largest. Expectations within X and Y are over pairs of two different
 * values. */
struct change_split {
	size_t at, to;
	double statistic;
};

/* At least min_segment (2 or more) values in X and in Y; at is 0 where there are too few. Of equal
 * ones the first. Time is of the order of count squared, memory of count. */
struct change_split change_best_split(const double *values, size_t count, size_t min_segment);

/* All changes, ascending by at; returns how many, the caller frees *ret_changes (NULL: none).
 * Values are finite, min_segment is 2 or more. The strongest split of all segments is a change if
 * its p, the share of CHANGE_PERMUTATIONS permutations within the segments (seed picks them) that
 * have one as strong, the series itself among them, is at most CHANGE_SIGNIFICANCE; then its
 * segment becomes two, and the next is looked for. Each change takes 40 ms for 300 values, 0.3 s
 * for 1000, 3 s for 5000. */
size_t change_points(const double *values, size_t count, size_t min_segment, uint64_t seed,
		     struct change **ret_changes);

#endif

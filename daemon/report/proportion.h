/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How sure a share is: intervals for one, tests between two, and many tests at once.
 *
 * hits of count tries, 0 <= hits <= count; counts up to 2^51, nothing is allocated, nothing can fail.
 * The time of the exact methods grows with the square root of the counts: below 1 ms at 10^7,
 * seconds at 2^51. confidence lies between 0 and 1, such as 0.95. Results are exact to about 1e-12 of
 * their size.
 */
#ifndef QSOAK_REPORT_PROPORTION_H
#define QSOAK_REPORT_PROPORTION_H

#include <stddef.h>
#include <stdint.h>

/* Of the true share of hits: 0 <= lower <= upper <= 1. */
struct proportion_interval {
	double lower, upper;
};

/* The exact interval: covers at least with this confidence, each side misses with half of the rest
 * at most. (0, 1) for no tries. Clopper and Pearson, Biometrika 26 (1934); as R's binom.test(). */
struct proportion_interval proportion_clopper_pearson(int64_t hits, int64_t count,
						      double confidence);

/* The one-sided upper bound of the share when count tries had no hit: 1 - (1 - confidence)^(1/count).
 * 1 for no tries. Clopper and Pearson's, one-sided; Hanley and Lippman-Hand, JAMA 249 (1983). */
double proportion_upper_bound_of_none(int64_t count, double confidence);

/* The first of these, or without a hit 0 and the second: all that is known is below one bound. */
struct proportion_interval proportion_bounds(int64_t hits, int64_t count, double confidence);

/* The score interval: covers with about this confidence, shorter than the exact one. (0, 1) for no
 * tries. Wilson, JASA 22 (1927); as R's prop.test(correct = FALSE). */
struct proportion_interval proportion_wilson(int64_t hits, int64_t count, double confidence);

/* The p value, two-sided, of two shares being the same: the sum over all tables with these margins
 * that are not more probable than this one (by more than 1e-7 of it: equals do not compare equal in
 * floating point). 1 where the margins leave one table only: no tries in one group, no hits in
 * both, no misses in both. 0 below 1e-308. Fisher, Statistical Methods for Research Workers, 1934;
 * as R's fisher.test(). */
double proportion_fisher(int64_t hits_a, int64_t count_a, int64_t hits_b, int64_t count_b);

/* Adjusts count p values so that the chance of any false one among them stays below the level that
 * they are compared with: ret_adjusted[i] (the caller's, another array than p) belongs to p[i], and
 * is at most 1. None is NaN. Holm, Scandinavian Journal of Statistics 6 (1979); as R's p.adjust("holm"). */
void proportion_holm(const double *p, size_t count, double *ret_adjusted);

#endif

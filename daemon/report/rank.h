/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paired differences: whether they lie about 0 (Wilcoxon's signed ranks), and where they lie.
 *
 * Differences are finite, borrowed and in any order. Nothing can fail; memory is of the order of
 * count, but for the exact distribution, which is of the order of RANK_EXACT_MAX squared at most.
 */
#ifndef QSOAK_REPORT_RANK_H
#define QSOAK_REPORT_RANK_H

#include <stdbool.h>
#include <stddef.h>

/* As many differences have the exact distribution, more the normal approximation. */
#define RANK_EXACT_MAX 200

struct rank_test {
	double statistic; /* the sum of the ranks of positive differences */
	double p;	  /* two-sided, 0 to 1; 0 below 1e-308, 1 where count is 0 */
	size_t count;	  /* of differences without those that are 0 */
	bool exact;
};

/* Wilcoxon's signed-rank test: those that are 0 are dropped, equal sizes share the middle of their
 * ranks. Up to RANK_EXACT_MAX differences, p is twice the smaller tail, at most 1, of the
 * permutation distribution given these ranks, ties and all; as it is symmetric, this is also the
 * chance of a statistic as far from its mean. As R's exactRankTests::wilcox.exact(). Beyond: the
 * normal approximation, corrected for ties and continuity, as R's wilcox.test(exact = FALSE).
 * Either is within 1e-11 of its size. Wilcoxon, Biometrics Bulletin 1 (1945); Pratt and Gibbons,
 * Concepts of Nonparametric Theory (1981). */
struct rank_test rank_signed(const double *differences, size_t count);

struct rank_interval {
	double estimate, lower, upper;
};

/* The Hodges-Lehmann estimate, the median of all Walsh averages (of two differences, or of one with
 * itself), those of 0 included; the interval is from one Walsh average to another, by rank. Ranks
 * come from the signed-rank distribution without ties, up to RANK_EXACT_MAX as R's
 * wilcox.test(conf.int = TRUE, exact = TRUE), beyond from its normal approximation with continuity
 * correction. With ties the interval covers at least as often. Too few differences for that
 * confidence (5 or fewer at 0.95): lower is -INFINITY, upper INFINITY; none at all: estimate is
 * NaN, too. confidence lies between 0 and 1. Averages are exact: no tolerance. Hodges and Lehmann,
 * Annals of Mathematical Statistics 34 (1963); Hollander, Wolfe and Chicken, Nonparametric
 * Statistical Methods, section 3.3. */
struct rank_interval rank_hodges_lehmann(const double *differences, size_t count,
					 double confidence);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ratio of a percentile of build B's samples to that of A's, with an interval by resampling blocks.
 *
 * Samples of one VM are not independent, blocks are: a replicate draws as many blocks as there are,
 * each with both builds, and takes the percentiles (nearest rank) of what they hold. The interval
 * is from one of the replicates' ratios to another (percentile method; Efron and Tibshirani, An
 * Introduction to the Bootstrap, chapter 13). The same input and seed give the same numbers
 * anywhere.
 */
#ifndef QSOAK_REPORT_BOOTSTRAP_H
#define QSOAK_REPORT_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#define BOOTSTRAP_REPLICATES 1999

/* The exact method's limits: so many blocks, so many different values of a build. */
#define BOOTSTRAP_GROUPS 512
#define BOOTSTRAP_BINS 2048

/* The samples of a block's two VMs, borrowed, in any order; finite, above 0. Either may have
 * none. */
struct bootstrap_block {
	const double *a, *b;
	size_t count_a, count_b;
};

/* All are NaN where a build has no samples at all; limits are where a replicate cannot be made. */
struct bootstrap_ratio {
	double a, b; /* the percentiles themselves, of all samples: always measured values */
	double ratio, lower, upper;
};

/*
 * percentile in (0, 100], confidence between 0 and 1 (0.95). Percentiles and ratio are exact
 * always, limits up to the above limits. Beyond them
 * - neighbouring blocks are drawn together, in BOOTSTRAP_GROUPS groups: as valid, and safe where
 *   neighbours are alike; half the interval's width then varies by 1 / sqrt(2 * BOOTSTRAP_GROUPS),
 *   3 %;
 * - values fall in bins, the narrower the nearer they are to the percentile, and a replicate's
 *   value is interpolated in its bin, whose width is some 2 % of its distance, in ranks, from the
 *   percentile. Time is linear in the samples: 5 million take some 0.1 s. Memory: 10 MiB at most.
 */
struct bootstrap_ratio bootstrap_ratio(const struct bootstrap_block *blocks, size_t count,
				       double percentile, double confidence, uint64_t seed);

#endif

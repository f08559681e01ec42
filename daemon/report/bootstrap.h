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

/* Limits are exact up to so many blocks, and so many samples of a build. */
#define BOOTSTRAP_GROUPS 512
#define BOOTSTRAP_BINS 2048

/* The samples of a block's two VMs, borrowed, in any order; finite, above 0. Either may have
 * none. */
struct bootstrap_block {
	const double *a, *b;
	size_t count_a, count_b;
};

/* All are NaN where a build has no samples at all. Replicates where it has none are left out. */
struct bootstrap_ratio {
	double a, b; /* the percentiles themselves, of all samples: always measured values */
	double ratio, lower, upper;
};

/*
 * percentile in (0, 100], confidence between 0 and 1 (0.95). Percentiles and ratio are exact
 * always, as are limits of few samples and blocks. Beyond BOOTSTRAP_GROUPS blocks, neighbours are
 * drawn together, as that many groups: as valid, and safe where neighbours are alike; half the
 * interval's width then varies by 1 / sqrt(2 * BOOTSTRAP_GROUPS), 3 %. Beyond BOOTSTRAP_BINS
 * samples, values fall in bins, and a replicate's value is interpolated in its bin; a bin is 1 % as
 * wide as its distance from the percentile, in ranks.
 *
 * From fewer than some 20 blocks such intervals are too narrow; with one block there is none. Time
 * is linear in the samples: 5 million take 0.1 s. Memory: 10 MiB at most.
 */
struct bootstrap_ratio bootstrap_ratio(const struct bootstrap_block *blocks, size_t count,
				       double percentile, double confidence, uint64_t seed);

#endif

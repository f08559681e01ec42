/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From differences of blocks to a verdict on each metric.
 *
 * A difference is log(b / a) of the medians of a block's two VMs. qsoak-statistics(7) says in words what is
 * done here, and why.
 */
#ifndef QSOAK_REPORT_JUDGE_H
#define QSOAK_REPORT_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/rank.h"

enum judge_verdict {
	JUDGE_UNCLEAR,
	JUDGE_SAME,
	JUDGE_FASTER,
	JUDGE_SLOWER,
	JUDGE_VERDICT_COUNT,
};

const char *judge_verdict_name(enum judge_verdict verdict);

/* A metric, and what is known of it. */
struct judged {
	/* given */
	const double *differences; /* finite, borrowed */
	size_t count;
	double margin;	       /* a share, above 0: so much does not matter */
	bool higher_is_better; /* slower is where b / a is below 1 */
	/* found */
	struct rank_interval log_ratio;
	double p, adjusted_p;
	double detectable;   /* log ratio, INFINITY: none */
	int64_t more_blocks; /* that would decide it; 0: it is decided, POWER_NEVER: none would */
	enum judge_verdict verdict;
};

/* Judges metrics together, at level alpha (0.05): their p values are adjusted by Holm's method. `same`: the
 * interval, of confidence 1 - alpha, lies inside the margin; else slower or faster: adjusted_p is below
 * alpha; else unclear. */
void judge(struct judged *metrics, size_t count, double alpha);

/* Of the whole: slower if one is, else unclear if one is, or there is none, else faster if one is. */
enum judge_verdict judge_whole(const struct judged *metrics, size_t count);

#endif

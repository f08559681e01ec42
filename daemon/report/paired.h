/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The samples of one metric, block by block, and the difference of each block. */
#ifndef QSOAK_REPORT_PAIRED_H
#define QSOAK_REPORT_PAIRED_H

#include "op/metric.h"
#include "report/bootstrap.h"
#include "store/query-samples.h"

/* In any unit (30 years of ns): what a file says beyond counts as that, so that all ratios are finite. */
#define PAIRED_VALUE_MAX 1e18

/* A block has both VMs' samples here, or it is not in the list. Samples are in the metric's unit; what
 * lies below half of its resolution counts as that half: there is no ratio to 0. */
struct paired {
	const struct metric *metric;
	struct query_samples samples; /* what the blocks point into */
	struct bootstrap_block *blocks;
	double *differences; /* log(b / a) of the medians */
	size_t *numbers;     /* of each block, in query_blocks: ascending */
	size_t count;
};

int paired_read(struct query *query, const struct query_comparison *comparison,
		const struct query_blocks *blocks, const struct metric *metric,
		struct paired *ret_paired, struct err *err);
void paired_finish(struct paired *paired);

/* How many of them are among the first so many blocks of all. */
size_t paired_within(const struct paired *paired, size_t blocks);

#endif

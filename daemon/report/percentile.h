/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Order statistics of sorted samples. */
#ifndef QSOAK_REPORT_PERCENTILE_H
#define QSOAK_REPORT_PERCENTILE_H

#include <stddef.h>
#include <stdint.h>

/* Among count samples, sorted ascending, the index of the smallest with at least p percent of all
 * samples at or below it (nearest rank: ceil(p/100 * count)). count above 0, p in (0, 100]. */
size_t percentile_rank(size_t count, double p);

/* That sample: always a measured value. */
int64_t percentile_nearest_rank(const int64_t *sorted, size_t count, double p);

/* That of samples in any order, which are reordered. Time is of the order of count. */
double percentile_select(double *samples, size_t count, double p);

/* Reorders samples so that each of the ranks (ascending, of percentile_rank()) is where it would be if all
 * were sorted. */
void percentile_select_ranks(double *samples, size_t count, const size_t *ranks, size_t rank_count);

/* The median as people know it: of an even number of samples the mean of both in the middle. Likewise. */
double percentile_median(double *samples, size_t count);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Percentiles by nearest rank. */
#include "report/percentile.h"

size_t percentile_rank(size_t count, double p)
{
	/* Multiplied first: 7 % of 100 samples is then 7 exactly, and not a little more. */
	double exact = p * (double)count / 100;
	size_t rank = (size_t)exact;

	if ((double)rank < exact)
		rank++;
	if (rank < 1)
		rank = 1;
	if (rank > count)
		rank = count;
	return rank - 1;
}

int64_t percentile_nearest_rank(const int64_t *sorted, size_t count, double p)
{
	return sorted[percentile_rank(count, p)];
}

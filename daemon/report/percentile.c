// SPDX-License-Identifier: GPL-2.0-or-later
/* Percentiles by nearest rank. */
#include "report/percentile.h"

#include "base/mem.h"
#include "base/random.h"

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

static void swap(double *a, double *b)
{
	double kept = *a;

	*a = *b;
	*b = kept;
}

/* Until the one at rank is where it would be if all were sorted: Hoare's selection. */
static double select_rank(double *samples, size_t count, size_t wanted)
{
	ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, rank = (ptrdiff_t)wanted;

	while (low < high) {
		uint64_t size = (uint64_t)(high - low) + 1;
		double pivot = samples[low + (ptrdiff_t)random_below(random_mix(size), size)];
		ptrdiff_t i = low, j = high;

		while (i <= j) {
			while (samples[i] < pivot)
				i++;
			while (samples[j] > pivot)
				j--;
			if (i <= j)
				swap(&samples[i++], &samples[j--]);
		}
		if (rank <= j)
			high = j;
		else if (rank >= i)
			low = i;
		else
			break;
	}
	return samples[rank];
}

double percentile_select(double *samples, size_t count, double p)
{
	return select_rank(samples, count, percentile_rank(count, p));
}

/* Each selection parts what is left and right of it: seven rounds do for a hundred ranks. offset: of
 * samples, in what the ranks count. */
static void select_ranks(double *samples, size_t count, size_t offset, const size_t *ranks,
			 size_t rank_count)
{
	size_t middle = rank_count / 2, at;

	if (!rank_count)
		return;
	at = ranks[middle] - offset;
	select_rank(samples, count, at);
	select_ranks(samples, at, offset, ranks, middle);
	select_ranks(samples + at + 1, count - at - 1, offset + at + 1, ranks + middle + 1,
		     rank_count - middle - 1);
}

void percentile_select_ranks(double *samples, size_t count, const size_t *ranks, size_t rank_count)
{
	auto_free size_t *different = mem_zalloc((rank_count + 1) * sizeof(*different));
	size_t kept = 0;

	for (size_t i = 0; i < rank_count; i++)
		if (!kept || ranks[i] != different[kept - 1])
			different[kept++] = ranks[i];
	select_ranks(samples, count, 0, different, kept);
}

double percentile_median(double *samples, size_t count)
{
	double upper = select_rank(samples, count, count / 2), lower = upper;

	if (count % 2)
		return upper;
	/* All that is left of it is not above it. */
	lower = samples[0];
	for (size_t i = 1; i < count / 2; i++)
		if (samples[i] > lower)
			lower = samples[i];
	return (lower + upper) / 2;
}

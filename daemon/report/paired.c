// SPDX-License-Identifier: GPL-2.0-or-later
/* From the samples of VMs to the differences of blocks. */
#include "report/paired.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/percentile.h"

static int compare_series(const void *a, const void *b)
{
	const struct query_series *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->vm > y->vm) - (x->vm < y->vm);
}

/* Of the VM, if it was one of that build. */
static const struct query_series *find(const struct query_samples *samples, int64_t slot,
				       int64_t vm)
{
	struct query_series key = { .slot = slot, .vm = vm };

	if (!samples->count)
		return NULL;
	return bsearch(&key, samples->series, samples->count, sizeof(key), compare_series);
}

static void to_unit(struct query_samples *samples, const struct metric *metric)
{
	for (size_t i = 0; i < samples->count; i++)
		for (size_t j = 0; j < samples->series[i].count; j++) {
			double *value = &samples->series[i].values[j];

			*value = fmax(*value * metric->scale, metric->resolution / 2);
			*value = fmin(*value, PAIRED_VALUE_MAX);
		}
}

static double median_of(const struct query_series *series)
{
	auto_free double *copy = mem_zalloc(series->count * sizeof(*copy));

	memcpy(copy, series->values, series->count * sizeof(*copy));
	return percentile_median(copy, series->count);
}

static void add_block(struct paired *paired, size_t number, const struct query_series *a,
		      const struct query_series *b)
{
	paired->blocks[paired->count] =
		(struct bootstrap_block){ a->values, b->values, a->count, b->count };
	paired->differences[paired->count] = log(median_of(b) / median_of(a));
	paired->numbers[paired->count++] = number;
}

int paired_read(struct query *query, const struct query_comparison *comparison,
		const struct query_blocks *blocks, const struct metric *metric,
		struct paired *ret_paired, struct err *err)
{
	struct paired paired = { .metric = metric };
	int r = query_samples(query, comparison->campaign, op_kind_name(metric->kind),
			      metric->measure, &paired.samples, err);

	if (r < 0)
		return r;
	to_unit(&paired.samples, metric);
	paired.blocks = mem_zalloc((blocks->count + 1) * sizeof(*paired.blocks));
	paired.differences = mem_zalloc((blocks->count + 1) * sizeof(*paired.differences));
	paired.numbers = mem_zalloc((blocks->count + 1) * sizeof(*paired.numbers));
	for (size_t i = 0; i < blocks->count; i++) {
		const struct query_block *block = &blocks->blocks[i];
		const struct query_series *a = find(&paired.samples, block->slot, block->first_vm);
		const struct query_series *b =
			find(&paired.samples, block->slot, block->first_vm + 1);

		if (a && b && a->build_id == comparison->b_id) {
			const struct query_series *first = a;

			a = b;
			b = first;
		}
		if (a && b && a->count && b->count && a->build_id == comparison->a_id &&
		    b->build_id == comparison->b_id)
			add_block(&paired, i, a, b);
	}
	*ret_paired = paired;
	return 0;
}

void paired_finish(struct paired *paired)
{
	query_samples_finish(&paired->samples);
	free(paired->blocks);
	free(paired->differences);
	free(paired->numbers);
	*paired = (struct paired){ 0 };
}

size_t paired_within(const struct paired *paired, size_t blocks)
{
	size_t count = 0;

	while (count < paired->count && paired->numbers[count] < blocks)
		count++;
	return count;
}

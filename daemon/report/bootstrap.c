// SPDX-License-Identifier: GPL-2.0-or-later
/* The bootstrap on a table of counts by group of blocks and bin of values. */
#include "report/bootstrap.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/order.h"
#include "base/random.h"
#include "report/percentile.h"

/* What bins are laid by: all values, or as many evenly taken. */
#define SAMPLE_MAX 65536

/* Of its distance from the percentile, in ranks, the width of a bin is one in so many.
 * BOOTSTRAP_BINS suffice: on both sides together fewer than 2 * (96 + 96 * ln(SAMPLE_MAX / 96)). */
#define BIN_STEPS 96

/* 16 bits each: they stay in the fastest cache. */
#define FINDER_PIECES 8192

/* One build. Bins follow each other without a gap: low is their first value, and that of the next
 * is above high. below[bin * groups + group] counts a group's values in this bin and those
 * before. */
struct side {
	const struct bootstrap_block *blocks;
	size_t block_count, groups, bins, samples;
	bool second; /* b of each block */
	double *low, *high;
	uint32_t *below;
};

struct values {
	const double *values;
	size_t count;
};

static struct values block_values(const struct side *side, size_t block)
{
	const struct bootstrap_block *both = &side->blocks[block];

	return side->second ? (struct values){ both->b, both->count_b }
			    : (struct values){ both->a, both->count_a };
}

/* Sorted; all of them up to SAMPLE_MAX. */
static double *take_sample(const struct side *side, size_t *ret_count)
{
	size_t step = (side->samples + SAMPLE_MAX - 1) / SAMPLE_MAX, skip = 0, used = 0;
	double *sample = mem_zalloc((side->samples / step + 1) * sizeof(*sample));

	for (size_t i = 0; i < side->block_count; i++) {
		struct values values = block_values(side, i);

		for (; skip < values.count; skip += step)
			sample[used++] = values.values[skip];
		skip -= values.count;
	}
	qsort(sample, used, sizeof(*sample), order_doubles);
	*ret_count = used;
	return sample;
}

static bool few_different(const double *sample, size_t count)
{
	size_t different = 0;

	for (size_t i = 0; i < count && different <= BOOTSTRAP_BINS; i++)
		different += !i || sample[i] != sample[i - 1];
	return different <= BOOTSTRAP_BINS;
}

/* A value that comes again has a bin to itself. */
static void add_edge(struct side *side, double value)
{
	double last = side->bins ? side->low[side->bins - 1] : -INFINITY;

	if (value == last)
		value = nextafter(value, INFINITY);
	if (value > last && side->bins < BOOTSTRAP_BINS)
		side->low[side->bins++] = value;
}

/* Steps from the percentile's rank outwards, one rank wide at first. */
static size_t next_step(size_t distance)
{
	return distance + 1 + distance / BIN_STEPS;
}

static size_t step_before(size_t distance)
{
	/* The inverse: from d the step goes to d + 1 + d / BIN_STEPS. */
	size_t before = (distance - 1) - (distance - 1) / (BIN_STEPS + 1);

	while (next_step(before) > distance)
		before--;
	return before;
}

static void lay_by_rank(struct side *side, const double *sample, size_t count, double percentile)
{
	size_t rank = percentile_rank(count, percentile), distance = 0;

	add_edge(side, sample[0]);
	while (next_step(distance) <= rank)
		distance = next_step(distance);
	for (; distance; distance = step_before(distance))
		add_edge(side, sample[rank - distance]);
	for (; rank + distance < count; distance = next_step(distance))
		add_edge(side, sample[rank + distance]);
}

static void lay_bins(struct side *side, double percentile)
{
	size_t count;
	auto_free double *sample = take_sample(side, &count);

	if (few_different(sample, count)) {
		for (size_t i = 0; i < count; i++)
			if (!i || sample[i] != sample[i - 1])
				side->low[side->bins++] = sample[i];
	} else {
		lay_by_rank(side, sample, count, percentile);
	}
}

/* Of equal pieces of the keys from the first bin's to the last's, the bin that each begins in: most
 * lie within one bin, and the search has few to choose from in the others. */
struct finder {
	const double *low;
	int64_t first, last; /* keys */
	unsigned shift;
	uint16_t bins[FINDER_PIECES + 1];
};

static uint64_t offset_of(const struct finder *finder, int64_t key)
{
	return (uint64_t)key - (uint64_t)finder->first;
}

/* The last bin in [first, last] that begins at or below value, or first. No branches, which would
 * be guesses. */
static size_t search_bin(const double *low, size_t first, size_t last, double value)
{
	size_t count = last - first + 1;

	while (count > 1) {
		size_t half = count / 2;

		first += half * (size_t)(low[first + half] <= value);
		count -= half;
	}
	return first;
}

static void finder_init(struct finder *finder, const struct side *side)
{
	size_t bin = 0;

	finder->low = side->low;
	finder->first = order_key(side->low[0]);
	finder->last = order_key(side->low[side->bins - 1]);
	while (offset_of(finder, finder->last) >> finder->shift >= FINDER_PIECES)
		finder->shift++;
	for (size_t i = 0; i <= FINDER_PIECES; i++) {
		uint64_t offset = (uint64_t)i << finder->shift;

		while (bin + 1 < side->bins &&
		       offset_of(finder, order_key(side->low[bin + 1])) <= offset)
			bin++;
		finder->bins[i] = (uint16_t)bin;
	}
}

static size_t find_bin(const struct finder *finder, double value)
{
	int64_t key = order_key(value);
	size_t piece;

	key = key < finder->first ? finder->first : key > finder->last ? finder->last : key;
	piece = (size_t)(offset_of(finder, key) >> finder->shift);
	return search_bin(finder->low, finder->bins[piece], finder->bins[piece + 1], value);
}

/* Counts, then sums over bins; high becomes the largest value in a bin. */
static void count_values(struct side *side)
{
	auto_free struct finder *finder = mem_new(struct finder);

	finder_init(finder, side);
	for (size_t i = 0; i < side->block_count; i++) {
		struct values values = block_values(side, i);
		uint32_t *column = side->below + i * side->groups / side->block_count;

		for (size_t k = 0; k < values.count; k++) {
			double value = values.values[k];
			size_t bin = find_bin(finder, value);

			column[bin * side->groups]++;
			if (value > side->high[bin])
				side->high[bin] = value;
		}
	}
	for (size_t i = side->groups; i < side->bins * side->groups; i++)
		side->below[i] += side->below[i - side->groups];
}

static void side_finish(struct side *side)
{
	free(side->low);
	free(side->below);
}

#define auto_side __attribute__((cleanup(side_finish)))

static void side_init(struct side *side, const struct bootstrap_block *blocks, size_t count,
		      bool second, double percentile)
{
	*side = (struct side){
		.blocks = blocks,
		.block_count = count,
		.second = second,
		.groups = count < BOOTSTRAP_GROUPS ? count : BOOTSTRAP_GROUPS,
	};
	for (size_t i = 0; i < count; i++)
		side->samples += block_values(side, i).count;
	if (!side->samples)
		return;
	side->low = mem_zalloc(2 * BOOTSTRAP_BINS * sizeof(*side->low));
	side->high = side->low + BOOTSTRAP_BINS;
	lay_bins(side, percentile);
	memcpy(side->high, side->low, side->bins * sizeof(*side->high));
	side->below = mem_zalloc(side->bins * side->groups * sizeof(*side->below));
	count_values(side);
}

/* Values of the drawn groups in this bin and those before. */
static uint64_t count_below(const struct side *side, const uint32_t *weights, size_t bin)
{
	const uint32_t *row = side->below + bin * side->groups;
	uint64_t sum = 0;

	for (size_t i = 0; i < side->groups; i++)
		sum += (uint64_t)row[i] * weights[i];
	return sum;
}

/* The bin with the percentile of the drawn groups; ret_rank is its rank among the bin's, from 0, of
 * ret_count. */
static size_t percentile_bin(const struct side *side, const uint32_t *weights, double percentile,
			     uint64_t *ret_rank, uint64_t *ret_count)
{
	uint64_t rank = percentile_rank(count_below(side, weights, side->bins - 1), percentile);
	uint64_t before = 0;
	size_t first = 0, last = side->bins - 1;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (count_below(side, weights, middle) > rank)
			last = middle;
		else
			first = middle + 1;
	}
	if (first)
		before = count_below(side, weights, first - 1);
	*ret_rank = rank - before;
	*ret_count = count_below(side, weights, first) - before;
	return first;
}

/* Of the drawn groups, exact in bins of a single value; NaN where these groups have no samples. */
static double drawn_percentile(const struct side *side, const uint32_t *weights, double percentile)
{
	uint64_t rank, count;
	size_t bin;

	if (!count_below(side, weights, side->bins - 1))
		return NAN;
	bin = percentile_bin(side, weights, percentile, &rank, &count);
	if (side->low[bin] == side->high[bin])
		return side->low[bin];
	return side->low[bin] +
	       (side->high[bin] - side->low[bin]) * ((double)rank + 0.5) / (double)count;
}

/* Of all samples: those in its bin are sorted. */
static double whole_percentile(const struct side *side, double percentile)
{
	uint32_t weights[BOOTSTRAP_GROUPS];
	auto_free double *sorted = NULL;
	uint64_t rank, count;
	size_t bin, used = 0;

	for (size_t i = 0; i < side->groups; i++)
		weights[i] = 1;
	bin = percentile_bin(side, weights, percentile, &rank, &count);
	if (side->low[bin] == side->high[bin] && bin)
		return side->low[bin];
	sorted = mem_zalloc(count * sizeof(*sorted));
	for (size_t i = 0; i < side->block_count; i++) {
		struct values values = block_values(side, i);

		for (size_t k = 0; k < values.count; k++)
			if (values.values[k] <= side->high[bin] &&
			    (!bin || values.values[k] >= side->low[bin]))
				sorted[used++] = values.values[k];
	}
	qsort(sorted, used, sizeof(*sorted), order_doubles);
	return sorted[rank];
}

/* How often each group is drawn. */
static void draw_groups(uint32_t *weights, size_t groups, uint64_t seed, uint64_t replicate)
{
	memset(weights, 0, groups * sizeof(*weights));
	for (uint64_t i = 0; i < groups; i++)
		weights[random_below(random_at(seed, RANDOM_RESAMPLE, replicate, i), groups)]++;
}

static void set_limits(struct bootstrap_ratio *ratio, double *ratios, size_t count,
		       double confidence)
{
	/* 1 - confidence is not exact, and nearly a whole number here is one. */
	double rank = floor(((double)count + 1) * (1 - confidence) / 2 + 1e-9);
	size_t lower = rank < 1 ? 0 : (size_t)rank - 1;

	if (!count)
		return;
	qsort(ratios, count, sizeof(*ratios), order_doubles);
	ratio->lower = ratios[lower];
	ratio->upper = ratios[count - 1 - lower];
}

struct bootstrap_ratio bootstrap_ratio(const struct bootstrap_block *blocks, size_t count,
				       double percentile, double confidence, uint64_t seed)
{
	struct bootstrap_ratio ratio = { NAN, NAN, NAN, NAN, NAN };
	auto_side struct side a, b;
	uint32_t weights[BOOTSTRAP_GROUPS];
	double ratios[BOOTSTRAP_REPLICATES];
	size_t used = 0;

	side_init(&a, blocks, count, false, percentile);
	side_init(&b, blocks, count, true, percentile);
	if (!a.samples || !b.samples)
		return ratio;
	ratio.a = whole_percentile(&a, percentile);
	ratio.b = whole_percentile(&b, percentile);
	ratio.ratio = ratio.b / ratio.a;
	for (uint64_t i = 0; i < BOOTSTRAP_REPLICATES && count > 1; i++) {
		double value;

		draw_groups(weights, a.groups, seed, i);
		value = drawn_percentile(&b, weights, percentile) /
			drawn_percentile(&a, weights, percentile);
		if (!isnan(value))
			ratios[used++] = value;
	}
	set_limits(&ratio, ratios, used, confidence);
	return ratio;
}

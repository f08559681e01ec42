// SPDX-License-Identifier: GPL-2.0-or-later
/* The four parts of a life, and whether all of them climb. */
#include "watch/leak.h"

#define PARTS 4

struct range {
	int64_t min, max;
};

static struct range range_of(const int64_t *samples, size_t count)
{
	struct range range = { samples[0], samples[0] };

	for (size_t i = 1; i < count; i++) {
		if (samples[i] < range.min)
			range.min = samples[i];
		if (samples[i] > range.max)
			range.max = samples[i];
	}
	return range;
}

static void thin_out(struct leak *leak)
{
	for (size_t i = 0; i < leak->count / 2; i++)
		leak->samples[i] = leak->samples[2 * i + 1];
	leak->count /= 2;
	leak->stride *= 2;
}

bool leak_add(struct leak *leak, int64_t value, int64_t bound, int64_t *ret_grown,
	      uint64_t *ret_loops)
{
	struct range part[PARTS];
	int64_t growth;
	size_t size;

	if (!leak->stride)
		leak->stride = 1;
	if (leak->count == LEAK_SAMPLES_MAX)
		thin_out(leak);
	if (++leak->loops % leak->stride)
		return false;
	leak->samples[leak->count++] = value;
	if (leak->count < LEAK_SAMPLES_MIN)
		return false;
	/* What does not fit into equal parts is left out of the first: the oldest. */
	size = leak->count / PARTS;
	for (size_t i = 0; i < PARTS; i++) {
		part[i] = range_of(&leak->samples[leak->count - (PARTS - i) * size], size);
		if (i && part[i].min <= part[i - 1].max)
			return false;
	}
	if (part[PARTS - 1].min - part[0].max < bound)
		return false;
	growth = part[PARTS - 1].max - part[0].min;
	for (size_t i = 0; i < PARTS; i++)
		if (part[i].max - (i ? part[i - 1].max : part[0].min) < growth / LEAK_SHARE)
			return false;
	*ret_grown = part[PARTS - 1].min - part[0].max;
	*ret_loops = leak->loops;
	return true;
}

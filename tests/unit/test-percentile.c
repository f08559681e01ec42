// SPDX-License-Identifier: GPL-2.0-or-later
/* Percentiles of samples that nobody has sorted, against those of sorted ones. */
#include "tests/unit/helper.h"

#include "base/random.h"
#include "report/percentile.h"

#define ROUNDS 400
#define COUNT_MAX 300

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Many samples, or few values, or what is sorted already, either way. */
static void fill(double *samples, size_t count, uint64_t round)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t random = random_mix(round * 1000 + i);

		samples[i] = round % 5 == 0   ? (double)(random % 3)
			     : round % 5 == 1 ? (double)i
			     : round % 5 == 2 ? -(double)i
			     : round % 5 == 3 ? 1
					      : (double)random / 1e9;
	}
}

static void every_percentile_is_that_of_the_sorted_samples(void **state)
{
	static const double wanted[] = { 0.001, 1, 25, 50, 75, 90, 95, 99, 99.9, 100 };
	double samples[COUNT_MAX], sorted[COUNT_MAX], copy[COUNT_MAX];

	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		size_t count = round < 20 ? (size_t)round + 1 : 1 + random_mix(round) % COUNT_MAX;
		double median;

		fill(samples, count, round);
		memcpy(sorted, samples, sizeof(sorted));
		qsort(sorted, count, sizeof(*sorted), compare);
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
			memcpy(copy, samples, sizeof(copy));
			assert_true(percentile_select(copy, count, wanted[i]) ==
				    sorted[percentile_rank(count, wanted[i])]);
			/* Reordered, and none lost. */
			qsort(copy, count, sizeof(*copy), compare);
			assert_memory_equal(copy, sorted, count * sizeof(*copy));
		}
		memcpy(copy, samples, sizeof(copy));
		median = count % 2 ? sorted[count / 2]
				   : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
		assert_true(percentile_median(copy, count) == median);
	}
}

static void several_ranks_are_found_at_once(void **state)
{
	double samples[COUNT_MAX], sorted[COUNT_MAX], copy[COUNT_MAX];

	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		size_t count = 1 + random_mix(round) % COUNT_MAX;
		size_t ranks[] = { 0, percentile_rank(count, 50), percentile_rank(count, 50),
				   percentile_rank(count, 99), count - 1 };

		fill(samples, count, round);
		memcpy(sorted, samples, sizeof(sorted));
		qsort(sorted, count, sizeof(*sorted), compare);
		memcpy(copy, samples, sizeof(copy));
		percentile_select_ranks(copy, count, ranks, ARRAY_SIZE(ranks));
		for (size_t i = 0; i < ARRAY_SIZE(ranks); i++)
			assert_true(copy[ranks[i]] == sorted[ranks[i]]);
		qsort(copy, count, sizeof(*copy), compare);
		assert_memory_equal(copy, sorted, count * sizeof(*copy));
	}
}

static void medians_by_hand(void **state)
{
	double one[] = { 7 }, two[] = { 9, 4 }, three[] = { 3, 1, 2 }, four[] = { 40, 10, 30, 20 };

	(void)state;
	assert_true(percentile_median(one, 1) == 7);
	assert_true(percentile_median(two, 2) == 6.5);
	assert_true(percentile_median(three, 3) == 2);
	assert_true(percentile_median(four, 4) == 25);
}

/* Of equal ones, or sorted ones, as well as of any. */
static void many_samples_take_no_longer(void **state)
{
	enum { COUNT = 2000000 };

	double *samples = mem_zalloc(COUNT * sizeof(*samples));

	(void)state;
	assert_true(percentile_median(samples, COUNT) == 0);
	for (size_t i = 0; i < COUNT; i++)
		samples[i] = (double)i;
	assert_true(percentile_select(samples, COUNT, 50) == COUNT / 2 - 1);
	free(samples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_percentile_is_that_of_the_sorted_samples),
		cmocka_unit_test(several_ranks_are_found_at_once),
		cmocka_unit_test(medians_by_hand),
		cmocka_unit_test(many_samples_take_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

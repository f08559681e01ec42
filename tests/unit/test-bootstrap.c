// SPDX-License-Identifier: GPL-2.0-or-later
/* The bootstrap of ratios of percentiles, against R with the same draws, and against all values. */
#include "tests/unit/oracle.h"

#include "base/random.h"
#include "report/bootstrap.h"
#include "report/percentile.h"

static int load_oracle(void **state)
{
	return oracle_load(state, "tests/data/statistics/bootstrap.json");
}

/* Blocks own their samples here. */
struct experiment {
	struct bootstrap_block *blocks;
	size_t count;
};

static void experiment_free(struct experiment *experiment)
{
	for (size_t i = 0; i < experiment->count; i++) {
		free((double *)experiment->blocks[i].a);
		free((double *)experiment->blocks[i].b);
	}
	free(experiment->blocks);
}

#define auto_experiment __attribute__((cleanup(experiment_free)))

static struct experiment experiment_new(size_t count)
{
	return (struct experiment){ mem_zalloc(count * sizeof(struct bootstrap_block)), count };
}

static double *load_samples(const json_t *numbers, size_t *ret_count)
{
	double *samples = mem_zalloc((json_array_size(numbers) + 1) * sizeof(*samples));

	*ret_count = json_array_size(numbers);
	for (size_t i = 0; i < *ret_count; i++)
		samples[i] = oracle_number(numbers, i);
	return samples;
}

static struct experiment load(const json_t *value)
{
	json_t *a = json_array_get(value, 1), *b = json_array_get(value, 2);
	struct experiment experiment = experiment_new(json_array_size(a));

	for (size_t i = 0; i < experiment.count; i++) {
		struct bootstrap_block *block = &experiment.blocks[i];

		block->a = load_samples(json_array_get(a, i), &block->count_a);
		block->b = load_samples(json_array_get(b, i), &block->count_b);
	}
	return experiment;
}

static void the_interval_is_that_of_r(void **state)
{
	json_t *ratios = json_object_get(*state, "ratios"), *value;
	size_t i;

	assert_true(json_array_size(ratios) > 200);
	json_array_foreach(ratios, i, value) {
		auto_experiment struct experiment experiment = load(value);
		json_t *expected = json_array_get(value, 0);
		struct bootstrap_ratio found = bootstrap_ratio(
			experiment.blocks, experiment.count, oracle_number(expected, 1),
			oracle_number(expected, 2), (uint64_t)oracle_integer(expected, 0));
		const double numbers[] = { found.a, found.b, found.ratio, found.lower,
					   found.upper };

		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++)
			oracle_check(k < 3 ? "ratio" : "limit", i, numbers[k],
				     oracle_number(expected, 3 + k), 1e-14);
	}
}

/* Blocks differ more than loops do; every 50th loop takes far longer. */
static struct experiment make_experiment(size_t count, size_t samples, double effect)
{
	struct experiment experiment = experiment_new(count);

	for (uint64_t i = 0; i < count; i++) {
		double *sides[] = { mem_zalloc(samples * sizeof(double)),
				    mem_zalloc(samples * sizeof(double)) };
		double host = (double)random_below(random_at(1, RANDOM_PHASE, i, 0), 200000);

		for (size_t side = 0; side < 2; side++)
			for (uint64_t k = 0; k < samples; k++) {
				uint64_t random = random_at(2 + side, RANDOM_PHASE, i, k);
				double value = 1e6 + host + (double)random_below(random, 50000);

				sides[side][k] = floor(value * (side ? effect : 1) *
						       (random % 50 ? 1 : 1.7));
			}
		experiment.blocks[i] =
			(struct bootstrap_block){ sides[0], sides[1], samples, samples };
	}
	return experiment;
}

struct value {
	double value;
	size_t block;
};

static int compare_values(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return (x->value < y->value) - (x->value > y->value);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* From the largest to the smallest. */
static struct value *all_values(const struct experiment *experiment, bool second, size_t *ret_count)
{
	struct value *all = NULL;
	size_t used = 0;

	for (size_t i = 0; i < experiment->count; i++) {
		const struct bootstrap_block *block = &experiment->blocks[i];
		size_t count = second ? block->count_b : block->count_a;

		all = mem_realloc(all, used + count, sizeof(*all));
		for (size_t k = 0; k < count; k++)
			all[used++] = (struct value){ second ? block->b[k] : block->a[k], i };
	}
	qsort(all, used, sizeof(*all), compare_values);
	*ret_count = used;
	return all;
}

/* From the end, where the percentile is not far. */
static double drawn_percentile(const struct value *all, size_t total, const size_t *weights,
			       double percentile)
{
	size_t above = total - 1 - percentile_rank(total, percentile), after = 0;
	const struct value *value = all;

	while (after <= above)
		after += weights[(value++)->block];
	return value[-1].value;
}

/* Without groups and bins; 95 %. All blocks have as many samples. */
static struct bootstrap_ratio plain(const struct experiment *experiment, double percentile,
				    uint64_t seed)
{
	auto_free size_t *weights = mem_zalloc(experiment->count * sizeof(*weights));
	static double ratios[BOOTSTRAP_REPLICATES];
	size_t count_a, count_b;
	auto_free struct value *a = all_values(experiment, false, &count_a);
	auto_free struct value *b = all_values(experiment, true, &count_b);

	for (uint64_t i = 0; i < BOOTSTRAP_REPLICATES; i++) {
		memset(weights, 0, experiment->count * sizeof(*weights));
		for (uint64_t k = 0; k < experiment->count; k++)
			weights[random_below(random_at(seed, RANDOM_RESAMPLE, i, k),
					     experiment->count)]++;
		ratios[i] = drawn_percentile(b, count_b, weights, percentile) /
			    drawn_percentile(a, count_a, weights, percentile);
	}
	qsort(ratios, BOOTSTRAP_REPLICATES, sizeof(*ratios), compare_doubles);
	for (size_t i = 0; i < experiment->count; i++)
		weights[i] = 1;
	return (struct bootstrap_ratio){
		.a = drawn_percentile(a, count_a, weights, percentile),
		.b = drawn_percentile(b, count_b, weights, percentile),
		.lower = ratios[49],
		.upper = ratios[1949],
	};
}

/* share: of the interval's width, how far a limit may be off. */
static void check_against_plain(const struct experiment *experiment, double percentile,
				double share)
{
	struct bootstrap_ratio exact = plain(experiment, percentile, 5);
	struct bootstrap_ratio found =
		bootstrap_ratio(experiment->blocks, experiment->count, percentile, 0.95, 5);
	double width = exact.upper - exact.lower;

	assert_true(found.a == exact.a && found.b == exact.b);
	assert_true(found.ratio == found.b / found.a);
	assert_true(fabs(found.lower - exact.lower) <= share * width);
	assert_true(fabs(found.upper - exact.upper) <= share * width);
}

static void up_to_its_limits_it_is_exact(void **state)
{
	auto_experiment struct experiment experiment = make_experiment(64, 32, 1.1);

	(void)state;
	check_against_plain(&experiment, 95, 0);
	check_against_plain(&experiment, 99, 0);
	check_against_plain(&experiment, 50, 0);
}

static void bins_change_little(void **state)
{
	auto_experiment struct experiment experiment = make_experiment(40, 500, 1.1);

	(void)state;
	check_against_plain(&experiment, 95, 0.02);
	check_against_plain(&experiment, 99, 0.02);
	check_against_plain(&experiment, 50, 0.02);
}

/* More samples than bins are laid by, and draws of groups instead of blocks: only the width
 * stays. */
static void groups_keep_the_width(void **state)
{
	auto_experiment struct experiment experiment = make_experiment(1200, 70, 1.1);

	(void)state;
	check_against_plain(&experiment, 95, 0.15);
}

/* The last 10 % are one value, but for some that lie above it: it is not smeared into these. */
static void a_value_that_comes_again_stays_itself(void **state)
{
	auto_experiment struct experiment experiment = make_experiment(30, 1000, 1);

	(void)state;
	for (size_t i = 0; i < experiment.count; i++) {
		double *a = (double *)experiment.blocks[i].a, *b = (double *)experiment.blocks[i].b;

		for (size_t k = 0; k < 1000; k++) {
			double other = (double)(i * 1000 + k);

			a[k] = k < 900 ? other : k < 980 ? 1e5 : 1e5 + other / 1e5;
			b[k] = k < 900 ? other : k < 980 ? 2e5 : 2e5 + other / 1e5;
		}
	}
	check_against_plain(&experiment, 95, 0);
}

/* Blocks that come in pairs are as good as half as many, not as all of them. */
static void neighbours_are_drawn_together(void **state)
{
	auto_experiment struct experiment experiment = make_experiment(BOOTSTRAP_GROUPS, 2, 1.1);
	struct bootstrap_block pairs[2 * BOOTSTRAP_GROUPS];
	struct bootstrap_ratio once, twice;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		pairs[i] = experiment.blocks[i / 2];
	once = bootstrap_ratio(experiment.blocks, experiment.count, 95, 0.95, 1);
	twice = bootstrap_ratio(pairs, ARRAY_SIZE(pairs), 95, 0.95, 1);
	assert_true(once.lower < once.upper);
	assert_true(twice.lower == once.lower && twice.upper == once.upper);
}

static void the_seed_decides(void **state)
{
	auto_experiment struct experiment experiment = make_experiment(20, 50, 1.1);
	struct bootstrap_ratio once =
		bootstrap_ratio(experiment.blocks, experiment.count, 95, 0.95, 1);
	struct bootstrap_ratio again =
		bootstrap_ratio(experiment.blocks, experiment.count, 95, 0.95, 1);
	struct bootstrap_ratio other =
		bootstrap_ratio(experiment.blocks, experiment.count, 95, 0.95, 2);

	(void)state;
	assert_true(once.lower == again.lower && once.upper == again.upper);
	assert_true(once.lower != other.lower || once.upper != other.upper);
	assert_true(once.lower < 1.1 && once.upper > 1.1);
}

static void what_is_not_there_is_no_number(void **state)
{
	static const double samples[] = { 3, 1, 2 };
	struct bootstrap_block blocks[] = { { samples, samples, 3, 0 }, { NULL, samples, 0, 3 } };
	struct bootstrap_ratio found = bootstrap_ratio(NULL, 0, 95, 0.95, 1);

	(void)state;
	assert_true(isnan(found.ratio) && isnan(found.lower) && isnan(found.upper));
	found = bootstrap_ratio(blocks, 1, 95, 0.95, 1);
	assert_true(isnan(found.a) && isnan(found.b) && isnan(found.ratio));
	/* Half of the replicates have no a, or no b. */
	found = bootstrap_ratio(blocks, 2, 50, 0.95, 1);
	assert_true(found.a == 2 && found.ratio == 1 && found.lower == 1 && found.upper == 1);
	blocks[0].count_b = 3;
	found = bootstrap_ratio(blocks, 1, 95, 0.95, 1);
	assert_true(found.ratio == 1 && isnan(found.lower) && isnan(found.upper));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_is_that_of_r),
		cmocka_unit_test(up_to_its_limits_it_is_exact),
		cmocka_unit_test(bins_change_little),
		cmocka_unit_test(groups_keep_the_width),
		cmocka_unit_test(a_value_that_comes_again_stays_itself),
		cmocka_unit_test(neighbours_are_drawn_together),
		cmocka_unit_test(the_seed_decides),
		cmocka_unit_test(what_is_not_there_is_no_number),
	};

	return cmocka_run_group_tests(tests, load_oracle, oracle_forget);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The signed-rank test, and Walsh averages by their rank without a list of them. */
#include "report/rank.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/order.h"
#include "report/normal.h"

static int compare_sizes(const void *a, const void *b)
{
	double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

	return (x > y) - (x < y);
}

/* Probabilities of the sums 0 to most of those weights that a fair coin picks. */
static double *sum_distribution(const unsigned *weights, size_t count, size_t most)
{
	double *p = mem_zalloc((most + 1) * sizeof(*p));
	size_t reached = 0;

	p[0] = 1;
	for (size_t i = 0; i < count; i++) {
		size_t weight = weights[i], sum;

		reached = reached + weight < most ? reached + weight : most;
		for (sum = reached; sum >= weight && sum <= reached; sum--)
			p[sum] = (p[sum] + p[sum - weight]) / 2;
		for (sum = 0; sum < weight && sum <= reached; sum++)
			p[sum] /= 2;
	}
	return p;
}

/* What is ranked, doubled so that middles of ranks are whole numbers. */
struct ranks {
	unsigned *doubled;
	size_t count;
	uint64_t positive; /* sum of those of positive differences */
	double ties;	   /* sum of t^3 - t over groups of t of equal size */
};

static void rank_group(struct ranks *ranks, const double *sorted, size_t begin, size_t end)
{
	double size = (double)(end - begin);

	ranks->ties += size * size * size - size;
	for (size_t i = begin; i < end; i++) {
		ranks->doubled[i] = (unsigned)(begin + 1 + end);
		if (sorted[i] > 0)
			ranks->positive += ranks->doubled[i];
	}
}

/* By size, without zeros. */
static double *sorted_sizes(const double *differences, size_t count, size_t *ret_count)
{
	double *sorted = mem_zalloc((count + 1) * sizeof(*sorted));
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (differences[i] != 0)
			sorted[used++] = differences[i];
	qsort(sorted, used, sizeof(*sorted), compare_sizes);
	*ret_count = used;
	return sorted;
}

static double exact_p(const struct ranks *ranks)
{
	uint64_t total = (uint64_t)ranks->count * (ranks->count + 1);
	uint64_t other = total - ranks->positive;
	size_t most = (size_t)(ranks->positive < other ? ranks->positive : other);
	auto_free double *p = sum_distribution(ranks->doubled, ranks->count, most);
	double tail = 0;

	for (size_t sum = 0; sum <= most; sum++)
		tail += p[sum];
	return fmin(1, 2 * tail);
}

static double signed_variance(double n)
{
	return n * (n + 1) * (2 * n + 1) / 24;
}

static double normal_p(const struct ranks *ranks)
{
	double n = (double)ranks->count;
	double excess = fabs((double)ranks->positive / 2 - n * (n + 1) / 4);
	double variance = signed_variance(n) - ranks->ties / 48;

	return 2 * normal_upper_tail(fmax(excess - 0.5, 0) / sqrt(variance));
}

struct rank_test rank_signed(const double *differences, size_t count)
{
	struct ranks ranks = { 0 };
	auto_free double *sorted = sorted_sizes(differences, count, &ranks.count);
	auto_free unsigned *doubled = mem_zalloc((count + 1) * sizeof(*doubled));
	bool exact = ranks.count <= RANK_EXACT_MAX;
	size_t end;

	ranks.doubled = doubled;
	for (size_t begin = 0; begin < ranks.count; begin = end) {
		for (end = begin + 1; end < ranks.count; end++)
			if (fabs(sorted[end]) != fabs(sorted[begin]))
				break;
		rank_group(&ranks, sorted, begin, end);
	}
	return (struct rank_test){
		.statistic = (double)ranks.positive / 2,
		.p = exact ? exact_p(&ranks) : normal_p(&ranks),
		.count = ranks.count,
		.exact = exact,
	};
}

static double value_of(int64_t key)
{
	int64_t bits = key < 0 ? -key : key;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return key < 0 ? -value : value;
}

/* Unlike fmin() and fmax() no calls, in the innermost of loops. */
static double smaller(double a, double b)
{
	return a < b ? a : b;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* Sums of two, or of one with itself, against a limit. */
struct split {
	uint64_t count; /* at or below the limit */
	double below;	/* the largest of these; -INFINITY: none */
	double above;	/* the smallest of the others; INFINITY: none */
};

static struct split split_sums(const double *sorted, size_t count, double limit)
{
	struct split split = { 0, -INFINITY, INFINITY };
	size_t end = count; /* before it are the partners of first that stay within the limit */

	for (size_t first = 0; first < count; first++) {
		while (end && sorted[first] + sorted[end - 1] > limit)
			end--;
		if (end <= first) {
			split.above = smaller(split.above, sorted[first] + sorted[first]);
			break;
		}
		split.count += end - first;
		split.below = larger(split.below, sorted[first] + sorted[end - 1]);
		if (end < count)
			split.above = smaller(split.above, sorted[first] + sorted[end]);
	}
	return split;
}

/* The sum with that rank, from 1, which lies between lower and upper: bisection between doubles,
 * from sum to sum, so that at most 64 counts are made. */
static double ranked_sum(const double *sorted, size_t count, uint64_t rank, double lower,
			 double upper)
{
	while (lower < upper) {
		int64_t low = order_key(lower), high = order_key(upper);
		double middle = value_of((low & high) + ((low ^ high) >> 1));
		struct split split = split_sums(sorted, count, middle);

		if (split.count >= rank)
			upper = split.below;
		else
			lower = split.above;
	}
	return lower + 0.0; /* -0 is 0 */
}

static double median_average(const double *sorted, size_t count, uint64_t sums, double lower,
			     double upper)
{
	uint64_t rank = (sums + 1) / 2;
	double sum = ranked_sum(sorted, count, rank, lower, upper);
	struct split split;

	if (sums % 2)
		return sum / 2;
	split = split_sums(sorted, count, sum);
	return split.count > rank ? sum / 2 : (sum / 2 + split.above / 2) / 2;
}

/* As R's qsignrank(): the first rank sum at or below which alpha lies; of whole samples 1 at
 * least. */
static uint64_t exact_rank(size_t count, double alpha)
{
	size_t most = count * (count + 1) / 4;
	unsigned weights[RANK_EXACT_MAX];
	auto_free double *p = NULL;
	double tail = 0;
	size_t sum;

	for (size_t i = 0; i < count; i++)
		weights[i] = (unsigned)i + 1;
	p = sum_distribution(weights, count, most);
	for (sum = 0; sum < most; sum++) {
		tail += p[sum];
		if (tail >= alpha - 10 * DBL_EPSILON)
			break;
	}
	return sum ? sum : 1;
}

static uint64_t normal_rank(double n, double alpha)
{
	double z = normal_upper_quantile(alpha);
	double rank = ceil(n * (n + 1) / 4 - z * sqrt(signed_variance(n)) - 0.5);

	return rank < 1 ? 1 : (uint64_t)rank;
}

/* Of the lower limit, from 1; that of the upper is as far from the end. 0: too few differences. */
static uint64_t limit_rank(size_t count, double confidence)
{
	double alpha = (1 - confidence) / 2;

	if (ldexp(1, count < 2000 ? -(int)count : -2000) > alpha)
		return 0;
	return count <= RANK_EXACT_MAX ? exact_rank(count, alpha)
				       : normal_rank((double)count, alpha);
}

struct rank_interval rank_hodges_lehmann(const double *differences, size_t count, double confidence)
{
	struct rank_interval interval = { NAN, -INFINITY, INFINITY };
	uint64_t sums = (uint64_t)count * (count + 1) / 2, rank;
	auto_free double *sorted = mem_zalloc((count + 1) * sizeof(*sorted));
	double least, most;

	if (!count)
		return interval;
	memcpy(sorted, differences, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), order_doubles);
	least = sorted[0] + sorted[0];
	most = sorted[count - 1] + sorted[count - 1];
	interval.estimate = median_average(sorted, count, sums, least, most);
	rank = limit_rank(count, confidence);
	if (!rank)
		return interval;
	interval.lower = ranked_sum(sorted, count, rank, least, most) / 2;
	interval.upper = ranked_sum(sorted, count, sums + 1 - rank, least, most) / 2;
	return interval;
}

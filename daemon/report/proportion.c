// SPDX-License-Identifier: GPL-2.0-or-later
/* Intervals and tests of shares. */
#include "report/proportion.h"

#include <math.h>
#include <stdbool.h>

#include "base/mem.h"
#include "report/mass.h"
#include "report/normal.h"

/* Of two tables with the same probability, each is computed with an error of its own. */
#define SAME_MASS 1e-7

/* Whether a series whose next ratio is this, and whose later ones are smaller, has no more to add. */
static bool series_ended(double sum, double term, double ratio)
{
	return term * ratio <= 1e-17 * sum * (1 - ratio);
}

/* P(X >= hits) / P(X = hits) for binomial X, hits not below the mean. */
static double binomial_series(double hits, double count, double odds)
{
	double sum = 1, term = 1;

	for (double x = hits; x < count; x++) {
		double ratio = (count - x) / (x + 1) * odds;

		if (series_ended(sum, term, ratio))
			break;
		term *= ratio;
		sum += term;
	}
	return sum;
}

/* The log odds at which P(X >= hits) = tail, 0 < hits < count, tail below a half. In the log odds the
 * tail's logarithm is concave and its slope is hits * q / series, so that Newton's method, once
 * below the solution, climbs to it; it starts above, where hits is the mean. */
static double binomial_log_odds(double hits, double count, double tail)
{
	double log_odds = log(hits / (count - hits));

	for (int i = 0; i < 100; i++) {
		double odds = exp(log_odds), q = 1 / (1 + odds);
		double series = binomial_series(hits, count, odds);
		double log_tail = mass_log_binomial(hits, count, odds * q, q) + log(series);
		double step = (log(tail) - log_tail) * series / (hits * q);

		log_odds += step;
		if (fabs(step) < 1e-13)
			break;
	}
	return log_odds;
}

/* 1 - tail^(1/count). */
static double upper_of_none(double count, double tail)
{
	return -expm1(log(tail) / count);
}

double proportion_upper_bound_of_none(int64_t count, double confidence)
{
	return count ? upper_of_none((double)count, 1 - confidence) : 1;
}

static double exact_lower(double hits, double count, double tail)
{
	if (hits == 0)
		return 0;
	if (hits == count)
		return exp(log(tail) / count);
	return 1 / (1 + exp(-binomial_log_odds(hits, count, tail)));
}

/* One less the lower limit of the misses, but without the loss of digits. */
static double exact_upper(double hits, double count, double tail)
{
	if (hits == count)
		return 1;
	if (hits == 0)
		return upper_of_none(count, tail);
	return 1 / (1 + exp(binomial_log_odds(count - hits, count, tail)));
}

struct proportion_interval proportion_clopper_pearson(int64_t hits, int64_t count,
						      double confidence)
{
	double x = (double)hits, n = (double)count, tail = (1 - confidence) / 2;

	return (struct proportion_interval){ exact_lower(x, n, tail), exact_upper(x, n, tail) };
}

struct proportion_interval proportion_bounds(int64_t hits, int64_t count, double confidence)
{
	if (hits)
		return proportion_clopper_pearson(hits, count, confidence);
	return (struct proportion_interval){ 0, proportion_upper_bound_of_none(count, confidence) };
}

/* The product of both limits is known, so that the lower need not be a difference. */
struct proportion_interval proportion_wilson(int64_t hits, int64_t count, double confidence)
{
	double x = (double)hits, n = (double)count, misses = n - x;
	double z = normal_upper_quantile((1 - confidence) / 2), zz = z * z, high;

	if (count == 0)
		return (struct proportion_interval){ 0, 1 };
	high = x + zz / 2 + z * sqrt(x / n * misses + zz / 4);
	return (struct proportion_interval){
		.lower = x / high * (x / n),
		.upper = misses == 0 ? 1 : high / (n + zz),
	};
}

/* What is drawn from an urn. */
struct urn {
	int64_t white, black, drawn;
};

static double urn_log_mass(const struct urn *urn, int64_t x)
{
	return mass_log_hypergeometric((double)x, (double)urn->white, (double)urn->black,
				       (double)urn->drawn);
}

static int64_t urn_least(const struct urn *urn)
{
	return urn->drawn > urn->black ? urn->drawn - urn->black : 0;
}

static int64_t urn_most(const struct urn *urn)
{
	return urn->drawn < urn->white ? urn->drawn : urn->white;
}

/* The most probable number of white ones; masses fall on both sides of it. */
static int64_t urn_mode(const struct urn *urn)
{
	__extension__ typedef unsigned __int128 wide;

	return (int64_t)((wide)(urn->drawn + 1) * (wide)(urn->white + 1) /
			 (wide)(urn->white + urn->black + 2));
}

/* P(X >= x) / P(X = x), x not below the mode. */
static double urn_series(const struct urn *urn, int64_t from)
{
	double white = (double)urn->white, drawn = (double)urn->drawn;
	double rest = (double)(urn->black - urn->drawn), most = (double)urn_most(urn);
	double sum = 1, term = 1;

	for (double x = (double)from; x < most; x++) {
		double ratio = (white - x) / (x + 1) * ((drawn - x) / (rest + x + 1));

		if (series_ended(sum, term, ratio))
			break;
		term *= ratio;
		sum += term;
	}
	return sum;
}

/* The mass of all that lie above the mode and whose own mass is at most the limit. */
static double urn_upper_tail(const struct urn *urn, double log_limit)
{
	int64_t above = urn_mode(urn), within = urn_most(urn);

	if (urn_log_mass(urn, within) > log_limit)
		return 0;
	while (within - above > 1) {
		int64_t middle = above + (within - above) / 2;

		if (urn_log_mass(urn, middle) > log_limit)
			above = middle;
		else
			within = middle;
	}
	return exp(urn_log_mass(urn, within)) * urn_series(urn, within);
}

double proportion_fisher(int64_t hits_a, int64_t count_a, int64_t hits_b, int64_t count_b)
{
	struct urn urn = { count_a, count_b, hits_a + hits_b };
	struct urn mirrored = { count_b, count_a, hits_a + hits_b };
	double log_limit;

	if (urn_least(&urn) == urn_most(&urn))
		return 1;
	log_limit = urn_log_mass(&urn, hits_a) + log1p(SAME_MASS);
	if (urn_log_mass(&urn, urn_mode(&urn)) <= log_limit)
		return 1;
	return fmin(urn_upper_tail(&urn, log_limit) + urn_upper_tail(&mirrored, log_limit), 1);
}

struct ranked {
	double p;
	size_t at;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->p > y->p) - (x->p < y->p);
}

void proportion_holm(const double *p, size_t count, double *ret_adjusted)
{
	auto_free struct ranked *ranked = mem_zalloc((count + 1) * sizeof(*ranked));
	double least = 0;

	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){ p[i], i };
	qsort(ranked, count, sizeof(*ranked), compare_ranked);
	/* Each by how many are not smaller, and none below that of a smaller one. */
	for (size_t i = 0; i < count; i++) {
		least = fmax(least, fmin((double)(count - i) * ranked[i].p, 1));
		ret_adjusted[ranked[i].at] = least;
	}
}

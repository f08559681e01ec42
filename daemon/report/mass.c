// SPDX-License-Identifier: GPL-2.0-or-later
/* Binomial and hypergeometric masses by Loader's expansion. */
#include "report/mass.h"

#include <math.h>

#define LOG_2PI 1.837877066409345483560659472811235279723

/* log(n!) - log(sqrt(2 pi n) (n/e)^n), n above 0. */
static double stirling_error(double n)
{
	double square = n * n;
	int sign;

	if (n < 16)
		return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - LOG_2PI / 2;
	return (1.0 / 12 -
		(1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / square) / square) / square) /
			square) /
	       n;
}

/* x log(x / mean) + mean - x, both above 0. */
static double deviance(double x, double mean)
{
	double v = (x - mean) / (x + mean);
	double sum = (x - mean) * v, term = 2 * x * v, last;
	int n = 1;

	if (fabs(v) >= 0.1)
		return x * log(x / mean) + mean - x;
	/* Near the mean the terms above cancel; their series does not. */
	do {
		last = sum;
		n += 2;
		term *= v * v;
		sum += term / n;
	} while (sum != last);
	return sum;
}

static double log_power(double p, double q, double n)
{
	return n * (p < q ? log(p) : log1p(-q));
}

double mass_log_binomial(double hits, double count, double p, double q)
{
	double misses = count - hits;

	if (hits == 0)
		return log_power(q, p, count);
	if (misses == 0)
		return log_power(p, q, count);
	return stirling_error(count) - stirling_error(hits) - stirling_error(misses) -
	       deviance(hits, count * p) - deviance(misses, count * q) -
	       (LOG_2PI + log(hits) + log(misses / count)) / 2;
}

double mass_log_hypergeometric(double x, double white, double black, double drawn)
{
	double all = white + black, p = drawn / all, q = (all - drawn) / all;

	return mass_log_binomial(x, white, p, q) + mass_log_binomial(drawn - x, black, p, q) -
	       mass_log_binomial(drawn, all, p, q);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Detectable effects and missing blocks, from an interval's width. */
#include "report/power.h"

#include <math.h>

#include "report/normal.h"

/* Beyond, a double does not count blocks one by one. */
#define BLOCKS_MAX 9007199254740992.0

static double half_width(const struct rank_interval *interval)
{
	return (interval->upper - interval->lower) / 2;
}

static double standard_error(const struct rank_interval *log_ratio, double confidence)
{
	return half_width(log_ratio) / normal_upper_quantile((1 - confidence) / 2);
}

/* z of any probability: the quantile takes the upper half only. */
static double exceeded_with(double p)
{
	return p <= 0.5 ? normal_upper_quantile(p) : -normal_upper_quantile(1 - p);
}

double power_detectable(const struct rank_interval *log_ratio, double confidence, double alpha)
{
	return (normal_upper_quantile(alpha / 2) + exceeded_with(1 - POWER_WANTED)) *
	       standard_error(log_ratio, confidence);
}

/* Blocks until a half-width has shrunk to what is wanted. */
static double blocks_for(double now, double wanted, double blocks)
{
	double ratio = now / wanted;

	return wanted > 0 ? ceil(blocks * ratio * ratio) : INFINITY;
}

int64_t power_more_blocks(const struct rank_interval *log_ratio, size_t blocks, double confidence,
			  double alpha, double margin)
{
	double size = fabs(log_ratio->estimate), s = standard_error(log_ratio, confidence);
	double differs = blocks_for(normal_upper_quantile(alpha / 2) * s, size, (double)blocks);
	double same = blocks_for(half_width(log_ratio), margin - size, (double)blocks);
	double more = fmin(differs, same) - (double)blocks;

	if (!(more < BLOCKS_MAX))
		return POWER_NEVER;
	return more < 1 ? 1 : (int64_t)more;
}

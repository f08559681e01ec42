// SPDX-License-Identifier: GPL-2.0-or-later
/* Bounds and steps of a search among builds. */
#include "report/bisect.h"

#include <math.h>

#include "report/proportion.h"

unsigned bisect_decisions(const struct bisect *bisect)
{
	size_t builds = bisect->high - bisect->low;
	unsigned halvings = 0;

	while ((size_t)1 << halvings < builds)
		halvings++;
	return halvings + 2;
}

bool bisect_next(const struct bisect *bisect, size_t *ret_build)
{
	if (bisect->high - bisect->low < 2)
		return false;
	*ret_build = bisect->low + (bisect->high - bisect->low) / 2;
	return true;
}

void bisect_learn(struct bisect *bisect, size_t build, bool bad)
{
	if (bad == bisect->bad_at_high)
		bisect->high = build;
	else
		bisect->low = build;
}

double bisect_rate_lower(int64_t failures, int64_t loops, double alpha)
{
	/* Of the interval with alpha on each side. */
	return proportion_clopper_pearson(failures, loops, 1 - 2 * alpha).lower;
}

int64_t bisect_loops(double rate, double alpha)
{
	double loops = ceil(log(alpha) / log1p(-rate));

	/* A rate of 1 leaves 0, one of 0 infinity. */
	if (!(loops < (double)BISECT_NEVER))
		return BISECT_NEVER;
	return loops < 1 ? 1 : (int64_t)loops;
}

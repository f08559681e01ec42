// SPDX-License-Identifier: GPL-2.0-or-later
/* Alpha spending, from the normal tail. */
#include "report/spend.h"

#include <math.h>

#include "report/normal.h"

double spend_until(double alpha, double t)
{
	return 2 * normal_upper_tail(normal_upper_quantile(alpha / 2) / sqrt(t));
}

double spend_level(double alpha, const size_t *looks, size_t count, size_t look)
{
	double last = (double)looks[count - 1];
	double until = look == count - 1 ? alpha : spend_until(alpha, (double)looks[look] / last);

	return look ? until - spend_until(alpha, (double)looks[look - 1] / last) : until;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The normal tail and quantile from libm's erfc(). */
#include "report/normal.h"

#include <math.h>

double normal_upper_tail(double z)
{
	return erfc(z * M_SQRT1_2) / 2;
}

double normal_upper_quantile(double p)
{
	/* The tail beyond here is below p, and its logarithm is concave: from this side Newton's
	 * steps never go past the solution. */
	double z = sqrt(-2 * log(p));

	for (int i = 0; i < 50; i++) {
		double tail = normal_upper_tail(z);
		double density = exp(-z * z / 2) * M_2_SQRTPI * M_SQRT1_2 / 2;
		double step = log(tail / p) * tail / density;

		z += step;
		if (fabs(step) < 1e-15)
			break;
	}
	return z;
}

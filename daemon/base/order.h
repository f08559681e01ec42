/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of doubles that are no NaN. */
#ifndef QSOAK_BASE_ORDER_H
#define QSOAK_BASE_ORDER_H

#include <stdint.h>
#include <string.h>

/* For qsort(). */
static inline int order_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Whole numbers in the order of the doubles. */
static inline int64_t order_key(double value)
{
	int64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits < 0 ? -(bits & INT64_MAX) : bits;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What R said, from tests/data/statistics, and how close to it is close enough. */
#ifndef QSOAK_TESTS_UNIT_ORACLE_H
#define QSOAK_TESTS_UNIT_ORACLE_H

#include <jansson.h>
#include <math.h>

#include "tests/unit/helper.h"

#define ORACLE_TOLERANCE 1e-11
#define ORACLE_NEAR_ZERO 1e-13 /* where R's own result is what rounding leaves of 0 */

/* Group fixtures: the state is what the file holds. */
static inline int oracle_load(void **state, const char *path)
{
	*state = json_load_file(path, 0, NULL);
	return *state ? 0 : -1;
}

static inline int oracle_forget(void **state)
{
	json_decref(*state);
	return 0;
}

/* An element of an array of numbers; NaN for null. */
static inline double oracle_number(const json_t *array, size_t index)
{
	json_t *value = json_array_get(array, index);

	assert_non_null(value);
	return json_is_null(value) ? NAN : json_number_value(value);
}

static inline int64_t oracle_integer(const json_t *array, size_t index)
{
	return (int64_t)oracle_number(array, index);
}

static inline bool oracle_close(double found, double expected, double tolerance)
{
	return fabs(found - expected) <= tolerance * fabs(expected);
}

/* Fails unless found is expected, or both are NaN. name says which number, index of which case. */
static inline void oracle_check(const char *name, size_t index, double found, double expected,
				double tolerance)
{
	if (isnan(expected) ? !isnan(found) : !oracle_close(found, expected, tolerance))
		fail_msg("%s of case %zu: found %.17g, expected %.17g", name, index, found,
			 expected);
}

#endif

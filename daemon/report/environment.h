/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the timings of a campaign depend on besides its builds, and in what its builds differ. */
#ifndef QSOAK_REPORT_ENVIRONMENT_H
#define QSOAK_REPORT_ENVIRONMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "store/query-samples.h"

/* {"host": {key: value}, "a": {...}, "b": {...}, "differences": [{"key", "a", "b", "serious"}]}; values null where a build
 * has none. Serious ones are those that make timings incomparable: how QEMU was run, and sanitizers. */
int environment_json(struct query *query, const struct query_comparison *comparison,
		     json_t **ret_value, struct err *err);

/* "args (-smp 2, none), sandbox (on, off)": the serious ones, or NULL for none. The caller frees. */
char *environment_serious(json_t *environment);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A metric over all campaigns of a store, and where it changed. */
#ifndef QSOAK_REPORT_METRIC_HISTORY_H
#define QSOAK_REPORT_METRIC_HISTORY_H

#include <jansson.h>
#include <stdio.h>

#include "op/metric.h"
#include "store/query.h"

/* Campaigns that are looked at: the newest ones. */
#define METRIC_HISTORY_CAMPAIGNS_MAX 1000

/* {"metric", "title", "unit", "better", "points": [{"campaign", "began_unix_ns", "build", "version", "count", "p50", "p95",
 * "environment"}] (oldest first), "changes": [{"at", "p", "before", "after"}]}. build: of that name only, or NULL. Changes are
 * looked for among the medians of the points in the environment of the last one; `at` is the index of the first point after. */
int metric_history_json(struct query *query, const struct metric *metric, const char *build,
			json_t **ret_value, struct err *err);

void metric_history_print(json_t *history, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the figures of a page are drawn from: distributions, run order, phases, survival, history. */
#ifndef QSOAK_REPORT_PLOTS_H
#define QSOAK_REPORT_PLOTS_H

#include <jansson.h>

#include "store/query.h"

/* Points of an ECDF (whole percents), and of a strip at most. */
#define PLOTS_ECDF_POINTS 101
#define PLOTS_STRIP_POINTS 400

/* {"metrics": [{"metric", "title", "unit", "better", "build", "count", "min", "p50", "p95", "p99", "max", "ecdf": [[value,
 * share]], "strip": [[seconds since the campaign began, value]]}], "migrations": [{"build", "count", "setup_ns", "copy_ns",
 * "switchover_ns", "first_tick_ns", "passes"}] (medians), "survival": see verdict_curves(), "history": [metric_history_json()] of the
 * primary metrics that the campaign has}. The caller owns it. */
int plots_json(struct query *query, int64_t campaign, json_t **ret_value, struct err *err);

#endif

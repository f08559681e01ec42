/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One recorded comparison, cut into many: how often such a one would have raised an alarm. */
#ifndef QSOAK_REPORT_EXPERIMENTS_H
#define QSOAK_REPORT_EXPERIMENTS_H

#include <jansson.h>

#include "store/query-samples.h"

/* Adds "experiments" to value: {"blocks": size, "count", "metrics": [{"metric", "alarms", "slower", "faster", "same",
 * "list": [{"ratio", "lower", "upper", "p", "verdict"}]}]}, of the primary metrics, each judged by itself at 5 % in each
 * experiment of size blocks that follow one another; what is left over is left out. */
int experiments_json(struct query *query, const struct query_comparison *comparison,
		     const struct query_blocks *blocks, size_t size, json_t *value,
		     struct err *err);

#endif

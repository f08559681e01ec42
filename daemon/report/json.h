/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reports for programs. Keys are the words of the store, with their units; null means not known
 * or not measured. `count` is of the operations that ended ok or failed, as in the table;
 * percentiles are of those that ended ok.
 */
#ifndef QSOAK_REPORT_JSON_H
#define QSOAK_REPORT_JSON_H

#include <stdio.h>

#include "store/query.h"

/* {"campaign": {...}, "operations": [...], "signatures": [...]} and a newline. */
void report_json_campaign(const struct query_campaign *campaign,
			  const struct query_timings *timings,
			  const struct query_signatures *signatures, FILE *out);

/* {"failures": [...]} and a newline. */
void report_json_failures(const struct query_failures *failures, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printers of campaign results: tables for people, JSON for programs. */
#ifndef QSOAK_REPORT_REPORT_H
#define QSOAK_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "store/query.h"

/* What a campaign did: a line about it, operations (count, p50, p95, p99, max, failed) by build and
 * kind, failures by signature. With json one object with the same content, durations in ns. */
int report_campaign(struct query *query, int64_t campaign, bool json, FILE *out, struct err *err);

/* A line for each failure of campaign (0: of all), oldest first. */
int report_failures(struct query *query, int64_t campaign, bool json, FILE *out, struct err *err);

#endif

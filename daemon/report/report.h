/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printers for people: what report/json.h made, as lines and tables. */
#ifndef QSOAK_REPORT_REPORT_H
#define QSOAK_REPORT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/* Gaps of a campaign that are printed one by one. */
#define REPORT_GAPS_MAX 8

/* Values are borrowed. What they lack prints as "-". */
typedef void (*report_fn)(json_t *value, FILE *out);

/* What a campaign did: a line about it, operations (count, p50, p95, p99, max, failed) by build and
 * kind, failures by signature. */
void report_campaign(json_t *value, FILE *out);

/* Lists, a line for each element of "campaigns", "builds", "failures", a paragraph of "signatures". */
void report_campaigns(json_t *value, FILE *out);
void report_builds(json_t *value, FILE *out);
void report_failures(json_t *value, FILE *out);
void report_signatures(json_t *value, FILE *out);

/* What a service does right now: the answer to "query-status". */
void report_status(json_t *value, FILE *out);

/* Its "slots". */
void report_slots(json_t *slots, FILE *out);

/* The same in one line, without a line end; the caller frees. */
char *report_progress(json_t *value);

/* "pid 4711", "pids 4711 4712"; the caller frees. */
char *report_pids(json_t *pids);

/* Prints value by fn, or with json as it is, and says whether out took it all. */
int report_print(json_t *value, report_fn fn, bool json, FILE *out, struct err *err);

#endif

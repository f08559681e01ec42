/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a store holds, as JSON: for programs, and for the printers of report.h.
 *
 * Keys are the words of the store, with their units; null means not known or not measured. `count`
 * is of the operations that ended ok or failed, as in the table; percentiles are of those that
 * ended ok. The caller owns what is returned.
 */
#ifndef QSOAK_REPORT_JSON_H
#define QSOAK_REPORT_JSON_H

#include <jansson.h>

#include "store/query-rows.h"
#include "store/query.h"

/* A string; bytes that are no UTF-8 (a QEMU's last words need not be) become \xNN. NULL: null. */
json_t *report_json_string(const char *s);

/* A number; null for NaN and infinities, which JSON has not. */
json_t *report_json_real(double value);

/* A campaign's own object. */
json_t *report_json_campaign_object(const struct query_campaign *campaign);

/* force: compare builds although they ran in different environments. {"campaign": {...}, "operations": [...], "signatures": [...]} */
int report_json_campaign(struct query *query, int64_t campaign, bool force, json_t **ret_value,
			 struct err *err);

/* {LIST: [{...}, ...], "next": key of the last row if there may be more, else null} */
int report_json_list(struct query *query, enum query_list list, int64_t campaign, int64_t after,
		     int64_t limit, json_t **ret_value, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists out of a results store: rows of typed values under named columns, page by page.
 *
 * The first column is the key: rows come in its ascending order, and a page begins behind the last
 * key of the page before. Columns are the words of the store, with their units.
 */
#ifndef QSOAK_STORE_QUERY_ROWS_H
#define QSOAK_STORE_QUERY_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/query.h"

enum query_list {
	QUERY_CAMPAIGNS,
	QUERY_BUILDS, /* those of several campaigns with the same name and file are one */
	QUERY_RUNS,
	QUERY_OPERATIONS,
	QUERY_STEPS,
	QUERY_MEASURES,
	QUERY_FAILURES,
	QUERY_LEFT_OUT,
	QUERY_GAPS,	  /* key: when they began */
	QUERY_SIGNATURES, /* those that came in the campaign, counted within it */
	QUERY_LIST_COUNT,
};

/* Calls fn for each libvirt of the campaign that had runs whose guests could not be seen. */
int query_unseen(struct query *query, int64_t campaign,
		 void (*fn)(void *ctx, const char *uri, int64_t runs), void *ctx, struct err *err);

/* "campaigns", "builds", ... */
const char *query_list_name(enum query_list list);

/* -1 where name is none. */
int query_list_find(const char *name);

enum query_type {
	QUERY_NULL,
	QUERY_INTEGER,
	QUERY_REAL,
	QUERY_TEXT,
	QUERY_JSON, /* an array or an object, as text */
};

/* Of a signature, so many builds are listed: the newest. */
#define QUERY_BUILDS_OF_SIGNATURE_MAX 64

struct query_value {
	enum query_type type;
	int64_t integer;
	double real;
	char *text;
};

struct query_rows {
	char **names; /* of the columns */
	size_t columns;
	struct query_value *values; /* row after row */
	size_t count;		    /* of rows */
	int64_t next;		    /* after this key there may be more; 0: there are no more */
};

/* campaign 0: of all. after 0: from the first. A page has about `limit` rows; all steps or measures
 * of an operation are in one page. */
int query_rows(struct query *query, enum query_list list, int64_t campaign, int64_t after,
	       int64_t limit, struct query_rows *ret_rows, struct err *err);
void query_rows_finish(struct query_rows *rows);

/* The folder of a failure's incident, relative to the state folder; the caller frees. -ENOENT where
 * there is no such failure, or no evidence of it. */
int query_incident(struct query *query, int64_t failure, char **ret_directory, struct err *err);

#endif

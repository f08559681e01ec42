/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that implement store/query.h share. */
#ifndef QSOAK_STORE_QUERY_SQL_H
#define QSOAK_STORE_QUERY_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/err.h"
#include "store/query.h"

struct query {
	sqlite3 *db;
};

/* The builds of the runs of table t: as sb (source) and tb (destination, where it is another). */
#define JOIN_BUILDS(t)                                     \
	" LEFT JOIN run AS sr ON sr.id = " t ".src_run_id" \
	" LEFT JOIN build AS sb ON sb.id = sr.build_id"    \
	" LEFT JOIN run AS dr ON dr.id = " t ".dst_run_id" \
	" LEFT JOIN build AS tb ON tb.id = dr.build_id AND tb.id <> sb.id "
#define BUILD_NAME "sb.name || coalesce(' -> ' || tb.name, '')"

/* What --version of these builds says, as a JSON array; empty where no run is known. */
#define BUILD_VERSIONS                                    \
	"CASE WHEN sb.id IS NULL THEN json_array() "      \
	"WHEN tb.id IS NULL THEN json_array(sb.version) " \
	"ELSE json_array(sb.version, tb.version) END"

#define SQL_TEXT(x) #x
#define SQL_NUMBER(x) SQL_TEXT(x)

/* The other titles of those failures f of signature s that `where` leaves, with how many of these have
 * each: the most frequent ones, in this order. */
#define ALTERNATIVES(where)                                                 \
	"(SELECT a.title AS title, count(*) AS failures FROM failure AS f " \
	"JOIN alternative AS a ON a.id = f.alternative_id" JOIN_BUILDS(     \
		"f") "WHERE f.signature_id = s.id AND " where               \
		     " GROUP BY a.id ORDER BY failures DESC, a.id "         \
		     "LIMIT " SQL_NUMBER(QUERY_ALTERNATIVES_MAX) ")"

/* As a JSON object: of each title the number of failures. */
#define ALTERNATIVE_FAILURES(where) \
	"(SELECT json_group_object(title, failures) FROM " ALTERNATIVES(where) ")"

/* Prepares a statement about one campaign, its id being ?1. */
int query_prepare(struct query *query, const char *sql, int64_t campaign, sqlite3_stmt **ret_stmt,
		  struct err *err);

/* Whether the campaign has ended: then its summaries are whole. */
int query_has_ended(struct query *query, int64_t campaign, bool *ret_ended, struct err *err);

/* 1: there is a row, 0: no more, negative: an error. */
int query_next_row(struct query *query, sqlite3_stmt *stmt, struct err *err);

#endif

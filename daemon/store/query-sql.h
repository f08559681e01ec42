/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that implement store/query.h share. */
#ifndef QSOAK_STORE_QUERY_SQL_H
#define QSOAK_STORE_QUERY_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/err.h"

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

/* The other titles of signature s, as a JSON array, oldest first. */
#define ALTERNATIVES                                                           \
	"(SELECT json_group_array(title) FROM (SELECT title FROM alternative " \
	"WHERE signature_id = s.id ORDER BY id))"

/* Prepares a statement about one campaign, its id being ?1. */
int query_prepare(struct query *query, const char *sql, int64_t campaign, sqlite3_stmt **ret_stmt,
		  struct err *err);

/* 1: there is a row, 0: no more, negative: an error. */
int query_next_row(struct query *query, sqlite3_stmt *stmt, struct err *err);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Measures out of a results store, by kind, name and build. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/query-sql.h"
#include "store/query.h"
#include "store/sql.h"

/* The rows come group by group: whether this one goes on with the last group. */
static bool goes_on(const struct query_measures *measures, sqlite3_stmt *stmt)
{
	const struct query_measure *last;

	if (!measures->count)
		return false;
	last = &measures->measures[measures->count - 1];
	return !strcmp(last->kind, (const char *)sqlite3_column_text(stmt, 0)) &&
	       !strcmp(last->name, (const char *)sqlite3_column_text(stmt, 1)) &&
	       !strcmp(last->build, (const char *)sqlite3_column_text(stmt, 2));
}

static void add_value(struct query_measures *measures, size_t *room, sqlite3_stmt *stmt)
{
	struct query_measure *last;

	if (!goes_on(measures, stmt)) {
		measures->measures = mem_realloc(measures->measures, measures->count + 1,
						 sizeof(*measures->measures));
		measures->measures[measures->count++] = (struct query_measure){
			.kind = sql_column_strdup(stmt, 0),
			.name = sql_column_strdup(stmt, 1),
			.build = sql_column_strdup(stmt, 2),
		};
		*room = 0;
	}
	last = &measures->measures[measures->count - 1];
	if (last->count == *room) {
		*room = *room ? 2 * *room : 64;
		last->values = mem_realloc(last->values, *room, sizeof(*last->values));
	}
	last->values[last->count++] = sqlite3_column_double(stmt, 3);
}

static int compare_values(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int query_measures(struct query *query, int64_t campaign, struct query_measures *ret_measures,
		   struct err *err)
{
	static const char sql[] =
		"SELECT o.kind, m.name, coalesce(" BUILD_NAME ", '-'), m.value "
		"FROM measure AS m JOIN operation AS o ON o.id = m.operation_id" JOIN_BUILDS(
			"o") "WHERE o.campaign_id = ?1 AND o.outcome = 'ok' "
			     "ORDER BY o.kind, m.name, sb.id, tb.id";
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct query_measures measures = { 0 };
	size_t room = 0;
	int r = query_prepare(query, sql, campaign, &stmt, err);

	if (r < 0)
		return r;
	while ((r = query_next_row(query, stmt, err)) > 0)
		add_value(&measures, &room, stmt);
	if (r < 0) {
		query_measures_finish(&measures);
		return r;
	}
	for (size_t i = 0; i < measures.count; i++)
		qsort(measures.measures[i].values, measures.measures[i].count, sizeof(double),
		      compare_values);
	*ret_measures = measures;
	return 0;
}

void query_measures_finish(struct query_measures *measures)
{
	for (size_t i = 0; i < measures->count; i++) {
		free(measures->measures[i].build);
		free(measures->measures[i].kind);
		free(measures->measures[i].name);
		free(measures->measures[i].values);
	}
	free(measures->measures);
	*measures = (struct query_measures){ 0 };
}

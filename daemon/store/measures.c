// SPDX-License-Identifier: GPL-2.0-or-later
/* Measures out of a results store, by kind, name and build. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/order.h"
#include "op/metric.h"
#include "store/query-sql.h"
#include "store/query.h"
#include "store/sql.h"

/* A measure while it grows. */
struct group {
	struct query_measure measure;
	size_t room;
};

struct groups {
	struct group *groups;
	size_t count;
};

/* The rows come kind by kind and name by name, in each the builds as it happens. */
static struct group *group_of(struct groups *groups, sqlite3_stmt *stmt)
{
	const char *kind = (const char *)sqlite3_column_text(stmt, 0);
	const char *name = (const char *)sqlite3_column_text(stmt, 1);
	int64_t src = sqlite3_column_int64(stmt, 3), dst = sqlite3_column_int64(stmt, 4);

	for (size_t i = groups->count; i-- > 0;) {
		struct query_measure *measure = &groups->groups[i].measure;

		if (strcmp(measure->kind, kind) || strcmp(measure->name, name))
			break;
		if (measure->build_id == src && measure->dst_build_id == dst)
			return &groups->groups[i];
	}
	groups->groups = mem_realloc(groups->groups, groups->count + 1, sizeof(*groups->groups));
	groups->groups[groups->count] = (struct group){ .measure = {
								.kind = mem_strdup(kind),
								.name = mem_strdup(name),
								.build = sql_column_strdup(stmt, 2),
								.build_id = src,
								.dst_build_id = dst,
							} };
	return &groups->groups[groups->count++];
}

static void add_value(struct group *group, double value)
{
	struct query_measure *measure = &group->measure;

	if (measure->count == group->room) {
		group->room = group->room ? 2 * group->room : 64;
		measure->values =
			mem_realloc(measure->values, group->room, sizeof(*measure->values));
	}
	measure->values[measure->count++] = value;
}

/* A row is one value, or of a summary those of a VM. */
static void add_row(struct groups *groups, sqlite3_stmt *stmt)
{
	struct group *group = group_of(groups, stmt);
	const double *samples;
	size_t count;

	if (sqlite3_column_type(stmt, 5) != SQLITE_BLOB) {
		add_value(group, sqlite3_column_double(stmt, 5));
		return;
	}
	samples = sqlite3_column_blob(stmt, 5);
	count = (size_t)sqlite3_column_bytes(stmt, 5) / sizeof(*samples);
	for (size_t i = 0; samples && i < count; i++)
		if (isfinite(samples[i]))
			add_value(group, samples[i]);
}

static int compare_groups(const void *a, const void *b)
{
	const struct query_measure *x = &((const struct group *)a)->measure;
	const struct query_measure *y = &((const struct group *)b)->measure;
	int order = strcmp(x->kind, y->kind);

	if (!order)
		order = strcmp(x->name, y->name);
	if (order)
		return order;
	if (x->build_id != y->build_id)
		return x->build_id < y->build_id ? -1 : 1;
	return (x->dst_build_id > y->dst_build_id) - (x->dst_build_id < y->dst_build_id);
}

static void measure_finish(struct query_measure *measure)
{
	free(measure->build);
	free(measure->kind);
	free(measure->name);
	free(measure->values);
}

/* Sorts here and not in SQL, see timings.c. Those without a value that counts are left out. */
static void finish_groups(struct groups *groups, struct query_measures *measures)
{
	if (groups->count)
		qsort(groups->groups, groups->count, sizeof(*groups->groups), compare_groups);
	measures->measures = mem_realloc(NULL, groups->count + 1, sizeof(*measures->measures));
	for (size_t i = 0; i < groups->count; i++) {
		struct query_measure *measure = &groups->groups[i].measure;

		if (!measure->count) {
			measure_finish(measure);
			continue;
		}
		qsort(measure->values, measure->count, sizeof(double), order_doubles);
		measures->measures[measures->count++] = *measure;
	}
	free(groups->groups);
}

int query_measures(struct query *query, int64_t campaign, struct query_measures *ret_measures,
		   struct err *err)
{
	static const char summaries[] =
		"SELECT s.kind, s.name, coalesce(" BUILD_NAME ", '-'), sb.id, tb.id, s.samples "
		"FROM summary AS s LEFT JOIN build AS sb ON sb.id = s.build_id "
		"LEFT JOIN build AS tb ON tb.id = s.dst_build_id WHERE s.campaign_id = ?1 "
		"AND s.name NOT IN ('" METRIC_DURATION "', '" METRIC_STALL "') "
		"ORDER BY s.kind, s.name";
	static const char in_progress[] =
		"SELECT o.kind, m.name, coalesce(" BUILD_NAME ", '-'), sb.id, tb.id, m.value "
		"FROM measure AS m JOIN operation AS o ON o.id = m.operation_id" JOIN_BUILDS(
			"o") "WHERE o.campaign_id = ?1 AND o.outcome = 'ok' "
			     "ORDER BY o.kind, m.name";
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct query_measures measures = { 0 };
	struct groups groups = { 0 };
	bool ended = false;
	int r = query_has_ended(query, campaign, &ended, err);

	if (r == 0)
		r = query_prepare(query, ended ? summaries : in_progress, campaign, &stmt, err);
	while (r == 0 && (r = query_next_row(query, stmt, err)) > 0) {
		add_row(&groups, stmt);
		r = 0;
	}
	finish_groups(&groups, &measures);
	if (r < 0)
		query_measures_finish(&measures);
	else
		*ret_measures = measures;
	return r;
}

void query_measures_finish(struct query_measures *measures)
{
	for (size_t i = 0; i < measures->count; i++)
		measure_finish(&measures->measures[i]);
	free(measures->measures);
	*measures = (struct query_measures){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Durations out of a results store, by build and kind. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "op/metric.h"
#include "store/query-sql.h"
#include "store/query.h"
#include "store/sql.h"

/* A timing while it grows. */
struct group {
	int64_t src_build; /* 0: not known */
	int64_t dst_build; /* 0: the same */
	size_t room;
	struct query_timing timing;
};

struct groups {
	struct group *groups;
	size_t count;
};

static struct group *find_group(struct groups *groups, int64_t src, int64_t dst, sqlite3_stmt *stmt)
{
	const char *kind = (const char *)sqlite3_column_text(stmt, 3);
	struct group *group;

	for (size_t i = 0; i < groups->count; i++) {
		group = &groups->groups[i];
		if (group->src_build == src && group->dst_build == dst &&
		    !strcmp(group->timing.kind, kind))
			return group;
	}
	groups->groups = mem_realloc(groups->groups, groups->count + 1, sizeof(*group));
	group = &groups->groups[groups->count++];
	*group = (struct group){ .src_build = src, .dst_build = dst };
	group->timing.build = sql_column_strdup(stmt, 2);
	group->timing.kind = mem_strdup(kind);
	return group;
}

static void add_duration(struct group *group, int64_t duration_ns)
{
	struct query_timing *timing = &group->timing;

	if (timing->count == group->room) {
		group->room = group->room ? 2 * group->room : 64;
		timing->duration_ns =
			mem_realloc(timing->duration_ns, group->room, sizeof(*timing->duration_ns));
	}
	timing->duration_ns[timing->count++] = duration_ns;
}

static void add_operation(struct groups *groups, sqlite3_stmt *stmt)
{
	struct group *group = find_group(groups, sqlite3_column_int64(stmt, 0),
					 sqlite3_column_int64(stmt, 1), stmt);
	const char *outcome = (const char *)sqlite3_column_text(stmt, 4);

	if (!strcmp(outcome, "ok"))
		add_duration(group, sqlite3_column_int64(stmt, 5));
	else if (!strcmp(outcome, "failed"))
		group->timing.failed++;
	else
		group->timing.interrupted++;
}

static int compare_integers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_durations(const void *a, const void *b)
{
	return compare_integers(*(const int64_t *)a, *(const int64_t *)b);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->src_build != y->src_build)
		return compare_integers(x->src_build, y->src_build);
	if (x->dst_build != y->dst_build)
		return compare_integers(x->dst_build, y->dst_build);
	return strcmp(x->timing.kind, y->timing.kind);
}

/* Sorts here and not in SQL: ORDER BY over some millions of rows takes many times as long. */
static void finish_groups(struct groups *groups, struct query_timings *timings)
{
	if (groups->count)
		qsort(groups->groups, groups->count, sizeof(*groups->groups), compare_groups);
	timings->timings = mem_realloc(NULL, groups->count, sizeof(*timings->timings));
	timings->count = groups->count;
	for (size_t i = 0; i < groups->count; i++) {
		struct query_timing *timing = &groups->groups[i].timing;

		if (timing->count)
			qsort(timing->duration_ns, timing->count, sizeof(*timing->duration_ns),
			      compare_durations);
		timings->timings[i] = *timing;
	}
	free(groups->groups);
}

static int each_row(struct query *query, const char *sql, int64_t campaign,
		    void (*add)(struct groups *groups, sqlite3_stmt *stmt), struct groups *groups,
		    struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, campaign, &stmt, err);

	if (r < 0)
		return r;
	while ((r = query_next_row(query, stmt, err)) > 0)
		add(groups, stmt);
	return r;
}

/* Of one VM. */
static void add_summary(struct groups *groups, sqlite3_stmt *stmt)
{
	struct group *group = find_group(groups, sqlite3_column_int64(stmt, 0),
					 sqlite3_column_int64(stmt, 1), stmt);
	const double *samples = sqlite3_column_blob(stmt, 4);
	size_t count = (size_t)sqlite3_column_bytes(stmt, 4) / sizeof(*samples);

	for (size_t i = 0; samples && i < count; i++)
		if (samples[i] >= 0 && samples[i] < 0x1p62)
			add_duration(group, (int64_t)samples[i]);
}

/* Of a campaign that has ended, the summaries have all that went well; ones that did not are few. */
static int read_ended(struct query *query, int64_t campaign, struct groups *groups, struct err *err)
{
	static const char summaries[] =
		"SELECT sb.id, tb.id, " BUILD_NAME ", s.kind, s.samples FROM summary AS s "
		"LEFT JOIN build AS sb ON sb.id = s.build_id "
		"LEFT JOIN build AS tb ON tb.id = s.dst_build_id "
		"WHERE s.campaign_id = ?1 AND s.name = '" METRIC_DURATION "'";
	static const char unwell[] =
		"SELECT sb.id, tb.id, " BUILD_NAME ", o.kind, o.outcome, o.duration_ns "
		"FROM operation AS o" JOIN_BUILDS(
			"o") "WHERE o.campaign_id = ?1 AND o.outcome IN ('failed', 'interrupted')";
	int r = each_row(query, summaries, campaign, add_summary, groups, err);

	return r < 0 ? r : each_row(query, unwell, campaign, add_operation, groups, err);
}

static int read_in_progress(struct query *query, int64_t campaign, struct groups *groups,
			    struct err *err)
{
	static const char sql[] =
		"SELECT sb.id, tb.id, " BUILD_NAME ", o.kind, o.outcome, o.duration_ns "
		"FROM operation AS o" JOIN_BUILDS(
			"o") "WHERE o.campaign_id = ?1 AND o.outcome <> 'running'";

	return each_row(query, sql, campaign, add_operation, groups, err);
}

int query_timings(struct query *query, int64_t campaign, struct query_timings *ret_timings,
		  struct err *err)
{
	struct query_timings timings;
	struct groups groups = { 0 };
	bool ended = false;
	int r = query_has_ended(query, campaign, &ended, err);

	if (r == 0)
		r = ended ? read_ended(query, campaign, &groups, err)
			  : read_in_progress(query, campaign, &groups, err);
	finish_groups(&groups, &timings);
	if (r < 0) {
		query_timings_finish(&timings);
		return r;
	}
	*ret_timings = timings;
	return 0;
}

void query_timings_finish(struct query_timings *timings)
{
	for (size_t i = 0; i < timings->count; i++) {
		free(timings->timings[i].build);
		free(timings->timings[i].kind);
		free(timings->timings[i].duration_ns);
	}
	free(timings->timings);
	*timings = (struct query_timings){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Blocks, samples of VMs and environments out of a results store. */
#include "store/query-samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/query-sql.h"
#include "store/sql.h"

static int read_looks(struct query *query, struct query_comparison *c, struct err *err)
{
	static const char sql[] = "SELECT CAST(value AS INTEGER) FROM comparison, json_each(looks) "
				  "WHERE campaign_id = ?1 ORDER BY 1";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, c->campaign, &stmt, err);

	while (r == 0 && (r = query_next_row(query, stmt, err)) > 0) {
		int64_t blocks = sqlite3_column_int64(stmt, 0);

		r = 0;
		if (blocks < 1 || (c->look_count && c->looks[c->look_count - 1] == (size_t)blocks))
			continue;
		c->looks = mem_realloc(c->looks, c->look_count + 1, sizeof(*c->looks));
		c->looks[c->look_count++] = (size_t)blocks;
	}
	if (r == 0 && !c->look_count)
		return err_set(err, -EINVAL, "campaign %lld: its comparison has no looks",
			       (long long)c->campaign);
	return r;
}

static int read_metrics(struct query *query, struct query_comparison *c, struct err *err)
{
	static const char sql[] = "SELECT metric, margin FROM primary_metric "
				  "WHERE campaign_id = ?1 AND metric NOT NULL "
				  "ORDER BY position";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, c->campaign, &stmt, err);

	while (r == 0 && (r = query_next_row(query, stmt, err)) > 0) {
		c->metrics = mem_realloc(c->metrics, c->metric_count + 1, sizeof(*c->metrics));
		c->metrics[c->metric_count++] =
			(struct query_primary){ .metric = sql_column_strdup(stmt, 0),
						.margin = sqlite3_column_double(stmt, 1) };
		r = 0;
	}
	return r;
}

int query_comparison(struct query *query, int64_t campaign, struct query_comparison *ret_comparison,
		     struct err *err)
{
	static const char sql[] =
		"SELECT a.id, b.id, coalesce(a.name, '-'), coalesce(b.name, '-'), "
		"a.version, b.version, loops_per_vm, "
		"warm_up_loops FROM comparison JOIN build AS a ON a.id = a_build_id "
		"JOIN build AS b ON b.id = b_build_id WHERE comparison.campaign_id = ?1";
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct query_comparison c = { .campaign = campaign };
	int r = query_prepare(query, sql, campaign, &stmt, err);

	if (r == 0)
		r = query_next_row(query, stmt, err);
	if (r == 0)
		return err_set(err, -ENOENT,
			       "campaign %lld compares nothing: its profile has no `compare`",
			       (long long)campaign);
	if (r < 0)
		return r;
	c.a_id = sqlite3_column_int64(stmt, 0);
	c.b_id = sqlite3_column_int64(stmt, 1);
	c.a = sql_column_strdup(stmt, 2);
	c.b = sql_column_strdup(stmt, 3);
	c.a_version = sql_column_strdup(stmt, 4);
	c.b_version = sql_column_strdup(stmt, 5);
	c.loops_per_vm = sqlite3_column_int64(stmt, 6);
	c.warm_up = sqlite3_column_int64(stmt, 7);
	r = read_looks(query, &c, err);
	if (r == 0)
		r = read_metrics(query, &c, err);
	if (r < 0)
		query_comparison_finish(&c);
	else
		*ret_comparison = c;
	return r;
}

void query_comparison_finish(struct query_comparison *c)
{
	for (size_t i = 0; i < c->metric_count; i++)
		free(c->metrics[i].metric);
	free(c->metrics);
	free(c->looks);
	free(c->a);
	free(c->b);
	free(c->a_version);
	free(c->b_version);
	*c = (struct query_comparison){ 0 };
}

int query_last_comparison(struct query *query, const char *a, const char *b, int64_t *ret_campaign,
			  struct err *err)
{
	static const char sql[] =
		"SELECT coalesce(max(c.campaign_id) FILTER (WHERE campaign.end = 'complete'), "
		" max(c.campaign_id), 0) FROM comparison AS c "
		"JOIN campaign ON campaign.id = c.campaign_id "
		"JOIN build AS a ON a.id = a_build_id JOIN build AS b ON b.id = b_build_id "
		"WHERE ?1 IS NULL OR (a.name = ?1 AND b.name = ?2) OR (a.name = ?2 AND b.name = "
		"?1)";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(query->db, sql, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_text(stmt, 1, a, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, b, -1, SQLITE_STATIC);
	r = query_next_row(query, stmt, err);
	if (r < 0)
		return r;
	*ret_campaign = sqlite3_column_int64(stmt, 0);
	if (*ret_campaign)
		return 0;
	if (!a)
		return err_set(err, -ENOENT,
			       "no campaign compares builds: see `qsoak run compare`");
	return err_set(err, -ENOENT,
		       "no campaign compares builds %s and %s in blocks, and runs of one after the "
		       "other cannot be compared: see `qsoak run compare`",
		       a, b);
}

int query_last_complete(struct query *query, const char *name, int64_t host_of,
			int64_t *ret_campaign, struct err *err)
{
	static const char sql[] =
		"SELECT coalesce(max(id), 0) FROM campaign WHERE name = ?2 AND end = 'complete' "
		"AND host_id = (SELECT host_id FROM campaign WHERE id = ?1)";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, host_of, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
	r = query_next_row(query, stmt, err);
	if (r < 0)
		return r;
	*ret_campaign = sqlite3_column_int64(stmt, 0);
	return 0;
}

static int compare_ends(const void *a, const void *b)
{
	const struct query_block *x = a, *y = b;

	if (x->ended_unix_ns != y->ended_unix_ns)
		return x->ended_unix_ns < y->ended_unix_ns ? -1 : 1;
	return (x->last_run > y->last_run) - (x->last_run < y->last_run);
}

static void add_block(struct query_blocks *blocks, const struct query_block *block)
{
	if (!(blocks->count & (blocks->count - 1)))
		blocks->blocks =
			mem_realloc(blocks->blocks, 2 * blocks->count + 1, sizeof(*blocks->blocks));
	blocks->blocks[blocks->count++] = *block;
}

int query_blocks(struct query *query, const struct query_comparison *comparison,
		 struct query_blocks *ret_blocks, struct err *err)
{
	/* VMs that have gone, and did all their loops. SQL would look at each pair of them. */
	static const char sql[] =
		"SELECT run.slot, run.vm, max(run.ended_unix_ns), max(run.id) FROM run "
		"JOIN vm ON vm.campaign_id = run.campaign_id AND vm.slot = run.slot "
		"AND vm.vm = run.vm WHERE run.campaign_id = ?1 AND vm.loops >= ?2 "
		"GROUP BY run.slot, run.vm HAVING count(*) = count(run.ended_unix_ns) "
		"ORDER BY run.slot, run.vm";
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct query_blocks blocks = { 0 };
	struct query_block before = { .first_vm = -1 };
	int r = query_prepare(query, sql, comparison->campaign, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 2, comparison->loops_per_vm);
	while ((r = query_next_row(query, stmt, err)) > 0) {
		struct query_block now = { .slot = sqlite3_column_int64(stmt, 0),
					   .first_vm = sqlite3_column_int64(stmt, 1),
					   .ended_unix_ns = sqlite3_column_int64(stmt, 2),
					   .last_run = sqlite3_column_int64(stmt, 3) };

		if (now.first_vm > 0 && now.first_vm % 2 && before.slot == now.slot &&
		    before.first_vm == now.first_vm - 1) {
			before.ended_unix_ns = now.ended_unix_ns;
			before.last_run = now.last_run;
			add_block(&blocks, &before);
		}
		before = now;
	}
	if (r < 0) {
		query_blocks_finish(&blocks);
		return r;
	}
	if (blocks.count)
		qsort(blocks.blocks, blocks.count, sizeof(*blocks.blocks), compare_ends);
	*ret_blocks = blocks;
	return 0;
}

void query_blocks_finish(struct query_blocks *blocks)
{
	free(blocks->blocks);
	*blocks = (struct query_blocks){ 0 };
}

static bool goes_on(const struct query_series *last, const struct query_series *next)
{
	return last->slot == next->slot && last->vm == next->vm &&
	       last->build_id == next->build_id && last->dst_build_id == next->dst_build_id;
}

/* Whatever the blob holds, and however long it says to be. */
static void append_values(struct query_series *series, const void *blob, size_t size)
{
	size_t count = size / sizeof(double), kept = series->count;

	if (!blob || !count)
		return;
	series->values = mem_realloc(series->values, kept + count, sizeof(double));
	memcpy(series->values + kept, blob, count * sizeof(double));
	for (size_t i = kept; i < kept + count; i++)
		if (isfinite(series->values[i]))
			series->values[series->count++] = series->values[i];
}

static void add_series(struct query_samples *samples, sqlite3_stmt *stmt)
{
	struct query_series next = {
		.slot = sqlite3_column_int64(stmt, 0),
		.vm = sqlite3_column_int64(stmt, 1),
		.build_id = sqlite3_column_int64(stmt, 2),
		.dst_build_id = sqlite3_column_int64(stmt, 3),
		.began_unix_ns = sqlite3_column_int64(stmt, 4),
		.ended_unix_ns = sqlite3_column_int64(stmt, 5),
	};
	struct query_series *last;

	if (!samples->count || !goes_on(&samples->series[samples->count - 1], &next)) {
		if (!(samples->count & (samples->count - 1)))
			samples->series = mem_realloc(samples->series, 2 * samples->count + 1,
						      sizeof(*samples->series));
		samples->series[samples->count++] = next;
	}
	last = &samples->series[samples->count - 1];
	last->ended_unix_ns = next.ended_unix_ns;
	append_values(last, sqlite3_column_blob(stmt, 6), (size_t)sqlite3_column_bytes(stmt, 6));
}

int query_samples(struct query *query, int64_t campaign, const char *kind, const char *name,
		  struct query_samples *ret_samples, struct err *err)
{
	static const char sql[] =
		"SELECT slot, vm, build_id, dst_build_id, began_unix_ns, "
		"ended_unix_ns, samples FROM summary WHERE campaign_id = ?1 AND kind = ?2 "
		"AND name = ?3 AND warm_up = 0 "
		"ORDER BY slot, vm, build_id, dst_build_id, part";
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct query_samples samples = { 0 };
	int r = query_prepare(query, sql, campaign, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_text(stmt, 2, kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, name, -1, SQLITE_STATIC);
	while ((r = query_next_row(query, stmt, err)) > 0)
		add_series(&samples, stmt);
	if (r < 0)
		query_samples_finish(&samples);
	else
		*ret_samples = samples;
	return r;
}

void query_samples_finish(struct query_samples *samples)
{
	for (size_t i = 0; i < samples->count; i++)
		free(samples->series[i].values);
	free(samples->series);
	*samples = (struct query_samples){ 0 };
}

int query_environment(struct query *query, int64_t campaign,
		      void (*fn)(void *ctx, int64_t build_id, const char *key, const char *value),
		      void *ctx, struct err *err)
{
	static const char sql[] = "SELECT build_id, key, value FROM environment "
				  "WHERE campaign_id = ?1 AND key NOT NULL "
				  "AND value NOT NULL ORDER BY build_id, key";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, campaign, &stmt, err);

	if (r < 0)
		return r;
	while ((r = query_next_row(query, stmt, err)) > 0)
		fn(ctx, sqlite3_column_int64(stmt, 0), (const char *)sqlite3_column_text(stmt, 1),
		   (const char *)sqlite3_column_text(stmt, 2));
	return r;
}

int query_builds(struct query *query, int64_t campaign, struct query_builds *ret_builds,
		 struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct query_builds builds = { 0 };
	int r = query_prepare(
		query,
		"SELECT id, coalesce(name, '-'), version FROM build WHERE campaign_id = ?1 "
		"ORDER BY id",
		campaign, &stmt, err);

	if (r < 0)
		return r;
	while ((r = query_next_row(query, stmt, err)) > 0) {
		builds.builds =
			mem_realloc(builds.builds, builds.count + 1, sizeof(*builds.builds));
		builds.builds[builds.count++] =
			(struct query_build){ .id = sqlite3_column_int64(stmt, 0),
					      .name = sql_column_strdup(stmt, 1),
					      .version = sql_column_strdup(stmt, 2) };
	}
	if (r < 0)
		query_builds_finish(&builds);
	else
		*ret_builds = builds;
	return r;
}

void query_builds_finish(struct query_builds *builds)
{
	for (size_t i = 0; i < builds->count; i++) {
		free(builds->builds[i].name);
		free(builds->builds[i].version);
	}
	free(builds->builds);
	*builds = (struct query_builds){ 0 };
}

int query_campaigns_with(struct query *query, const char *kind, const char *name,
			 int64_t **ret_campaigns, size_t *ret_count, struct err *err)
{
	static const char sql[] = "SELECT id FROM campaign WHERE EXISTS (SELECT 1 FROM summary "
				  "WHERE campaign_id = campaign.id AND kind = ?1 AND name = ?2) "
				  "ORDER BY began_unix_ns, id";
	auto_stmt sqlite3_stmt *stmt = NULL;
	auto_free int64_t *campaigns = NULL;
	size_t count = 0;
	int r = sql_prepare(query->db, sql, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
	while ((r = query_next_row(query, stmt, err)) > 0) {
		campaigns = mem_realloc(campaigns, count + 1, sizeof(*campaigns));
		campaigns[count++] = sqlite3_column_int64(stmt, 0);
	}
	if (r < 0)
		return r;
	*ret_campaigns = mem_steal(campaigns);
	*ret_count = count;
	return 0;
}

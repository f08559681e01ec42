// SPDX-License-Identifier: GPL-2.0-or-later
/* The statements that read a results store. */
#include "store/query.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "store/query-sql.h"
#include "store/schema.h"
#include "store/sql.h"
#include "store/times.h"

int query_open(const char *path, struct query **ret_query, struct err *err)
{
	auto_db sqlite3 *db = NULL;
	struct query *query;
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return err_set_errno(err, errno, "%s: cannot open the store", path);
	r = sql_open(path, SQLITE_OPEN_READONLY, &db, err);
	if (r == 0)
		r = schema_check(db, err);
	if (r == 0)
		r = sql_exec(db, "BEGIN", "cannot read the store", err);
	if (r == 0)
		r = schema_require_current(db, err);
	if (r < 0)
		return r;
	query = mem_new(struct query);
	query->db = mem_steal(db);
	*ret_query = query;
	return 0;
}

void query_close(struct query *query)
{
	if (!query)
		return;
	sqlite3_close(query->db);
	free(query);
}

int query_prepare(struct query *query, const char *sql, int64_t campaign, sqlite3_stmt **ret_stmt,
		  struct err *err)
{
	int r = sql_prepare(query->db, sql, ret_stmt, err);

	if (r == 0)
		sqlite3_bind_int64(*ret_stmt, 1, campaign);
	return r;
}

int query_next_row(struct query *query, sqlite3_stmt *stmt, struct err *err)
{
	return sql_step(query->db, stmt, err);
}

int query_has_ended(struct query *query, int64_t campaign, bool *ret_ended, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, "SELECT end IS NOT NULL FROM campaign WHERE id = ?1", campaign,
			      &stmt, err);

	if (r == 0)
		r = query_next_row(query, stmt, err);
	if (r < 0)
		return r;
	*ret_ended = r > 0 && sqlite3_column_int(stmt, 0);
	return 0;
}

int query_last_campaign(struct query *query, int64_t *ret_campaign, struct err *err)
{
	int64_t id;
	int r = sql_integer(query->db, "SELECT coalesce(max(id), 0) FROM campaign", &id, err);

	if (r < 0)
		return r;
	if (!id)
		return err_set(err, -ENOENT, "%s has no campaign yet",
			       sqlite3_db_filename(query->db, "main"));
	*ret_campaign = id;
	return 0;
}

int query_signature_names(struct query *query,
			  void (*fn)(void *ctx, const char *class, const char *title), void *ctx,
			  struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(query->db,
			    "SELECT class, title FROM signature ORDER BY last_seen_unix_ns DESC",
			    &stmt, err);

	while (r == 0 && (r = sql_step(query->db, stmt, err)) == 1) {
		fn(ctx, (const char *)sqlite3_column_text(stmt, 0),
		   (const char *)sqlite3_column_text(stmt, 1));
		r = 0;
	}
	return r;
}

int query_campaign(struct query *query, int64_t campaign, struct query_campaign *ret_campaign,
		   struct err *err)
{
	static const char sql[] =
		"SELECT id, name, seed, accel, machine, vms, began_unix_ns, "
		"coalesce(ended_unix_ns, 0), end, coalesce(exit_code, -1), "
		"(SELECT coalesce(sum(loops), 0) FROM vm WHERE campaign_id = ?1), "
		"coalesce(operations, (SELECT count(*) FROM operation WHERE campaign_id = ?1 "
		" AND outcome IN ('ok', 'failed'))), "
		"(SELECT count(*) FROM failure WHERE campaign_id = ?1), "
		"(SELECT count(*) FROM failure WHERE campaign_id = ?1 AND expected), " TIMES_GAP_NS(
			"?1") " FROM campaign WHERE id = ?1";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, campaign, &stmt, err);

	if (r == 0)
		r = query_next_row(query, stmt, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, -ENOENT, "%s has no campaign %lld",
			       sqlite3_db_filename(query->db, "main"), (long long)campaign);
	*ret_campaign = (struct query_campaign){
		.id = sqlite3_column_int64(stmt, 0),
		.name = sql_column_strdup(stmt, 1),
		.seed = sql_column_strdup(stmt, 2),
		.accel = sql_column_strdup(stmt, 3),
		.machine = sql_column_strdup(stmt, 4),
		.vms = sqlite3_column_int64(stmt, 5),
		.began_unix_ns = sqlite3_column_int64(stmt, 6),
		.ended_unix_ns = sqlite3_column_int64(stmt, 7),
		.end = sql_column_strdup(stmt, 8),
		.exit_code = sqlite3_column_int64(stmt, 9),
		.loops = sqlite3_column_int64(stmt, 10),
		.operations = sqlite3_column_int64(stmt, 11),
		.failures = sqlite3_column_int64(stmt, 12),
		.expected = sqlite3_column_int64(stmt, 13),
		.gap_ns = sqlite3_column_int64(stmt, 14),
	};
	return 0;
}

void query_campaign_finish(struct query_campaign *campaign)
{
	free(campaign->name);
	free(campaign->seed);
	free(campaign->accel);
	free(campaign->machine);
	free(campaign->end);
	*campaign = (struct query_campaign){ 0 };
}

int query_signatures(struct query *query, int64_t campaign, struct query_signatures *ret_signatures,
		     struct err *err)
{
	static const char sql[] =
		"WITH g AS (SELECT sb.id AS src, tb.id AS dst, " BUILD_NAME
		" AS build, " BUILD_VERSIONS " AS versions, "
		" f.signature_id, count(*) AS count, sum(f.expected) AS expected, "
		" min(f.loops) AS loops, max(f.id) AS newest "
		" FROM failure AS f" JOIN_BUILDS(
			"f") " WHERE f.campaign_id = ?1 GROUP BY sb.id, tb.id, "
			     "f.signature_id) "
			     "SELECT g.build, s.class, s.title, g.count, g.loops, "
			     "i.directory, "
			     "g.expected, g.versions, s.first_seen_unix_ns, "
			     "s.last_seen_unix_ns, " ALTERNATIVE_FAILURES(
				     "f.campaign_id = ?1 AND sb.id IS g.src AND tb.id IS "
				     "g.dst") " "
					      "FROM g JOIN signature AS s ON s.id = "
					      "g.signature_id "
					      "JOIN failure AS f ON f.id = g.newest "
					      "LEFT JOIN incident AS i ON i.id = "
					      "f.incident_id "
					      "ORDER BY g.src, g.dst, g.count DESC, "
					      "s.class, s.title";
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct query_signatures all = { 0 };
	int r = query_prepare(query, sql, campaign, &stmt, err);

	if (r < 0)
		return r;
	while ((r = query_next_row(query, stmt, err)) > 0) {
		all.signatures =
			mem_realloc(all.signatures, all.count + 1, sizeof(*all.signatures));
		all.signatures[all.count++] = (struct query_signature){
			.build = sql_column_strdup(stmt, 0),
			.class = sql_column_strdup(stmt, 1),
			.signature = sql_column_strdup(stmt, 2),
			.count = sqlite3_column_int64(stmt, 3),
			.first_loops = sqlite3_column_int64(stmt, 4),
			.incident = sql_column_strdup(stmt, 5),
			.expected = sqlite3_column_int64(stmt, 6),
			.versions = sql_column_strdup(stmt, 7),
			.first_seen_unix_ns = sqlite3_column_int64(stmt, 8),
			.last_seen_unix_ns = sqlite3_column_int64(stmt, 9),
			.alternatives = sql_column_strdup(stmt, 10),
		};
	}
	if (r < 0) {
		query_signatures_finish(&all);
		return r;
	}
	*ret_signatures = all;
	return 0;
}

void query_signatures_finish(struct query_signatures *signatures)
{
	for (size_t i = 0; i < signatures->count; i++) {
		free(signatures->signatures[i].build);
		free(signatures->signatures[i].class);
		free(signatures->signatures[i].signature);
		free(signatures->signatures[i].incident);
		free(signatures->signatures[i].versions);
		free(signatures->signatures[i].alternatives);
	}
	free(signatures->signatures);
	*signatures = (struct query_signatures){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Summaries made anew: the rows of the store are told as the records that they were.
 *
 * Operations and measures are read side by side, both in the order of their operations' ids, which is the one in
 * which they began: one pass over each, whatever their number.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "store/sql.h"
#include "store/summary.h"

/* What an operation may have measured. */
#define MEASURES_MAX 64

struct rebuild {
	sqlite3 *db;
	struct summaries *summaries;
	sqlite3_stmt *insert, *measures;
	bool has_measure; /* the statement stands on one that was not taken yet */
	struct record_measure taken[MEASURES_MAX];
	size_t taken_count;
};

static int write_rows(struct rebuild *rebuild, struct rows *rows, struct err *err)
{
	int r = 0;

	for (const struct row *row = rows->first; row && r == 0; row = row->next)
		r = row_write(rebuild->db, rebuild->insert, row, err);
	rows_free(rows);
	return r;
}

static int tell(struct rebuild *rebuild, const struct record *record, struct err *err)
{
	struct rows rows = { 0 };

	summaries_add_record(rebuild->summaries, record, &rows);
	return write_rows(rebuild, &rows, err);
}

static void forget_measures(struct rebuild *rebuild)
{
	while (rebuild->taken_count)
		free((char *)rebuild->taken[--rebuild->taken_count].name);
}

/* Those of operation id; all before it are passed by. */
static int take_measures(struct rebuild *rebuild, int64_t id, struct err *err)
{
	int r = 0;

	forget_measures(rebuild);
	for (;;) {
		if (!rebuild->has_measure) {
			r = sql_step(rebuild->db, rebuild->measures, err);
			if (r <= 0)
				return r;
			rebuild->has_measure = true;
		}
		if (sqlite3_column_int64(rebuild->measures, 0) > id)
			return 0;
		rebuild->has_measure = false;
		if (sqlite3_column_int64(rebuild->measures, 0) < id ||
		    rebuild->taken_count == MEASURES_MAX)
			continue;
		rebuild->taken[rebuild->taken_count++] = (struct record_measure){
			.name = sql_column_strdup(rebuild->measures, 1),
			.value = sqlite3_column_double(rebuild->measures, 2),
		};
	}
}

static int tell_run(struct rebuild *rebuild, int64_t campaign, sqlite3_stmt *stmt, int id,
		    struct err *err)
{
	struct record_run_begin run = {
		.id = sqlite3_column_int64(stmt, id),
		.campaign_id = campaign,
		.build_id = sqlite3_column_int64(stmt, id + 1),
		.slot = sqlite3_column_int64(stmt, 1),
		.vm = sqlite3_column_int64(stmt, 2),
	};

	if (!run.id)
		return 0;
	return tell(rebuild, &(struct record){ .type = RECORD_RUN_BEGIN, .run_begin = run }, err);
}

/* The columns are those of the statement below. */
static int tell_operation(struct rebuild *rebuild, int64_t campaign, sqlite3_stmt *stmt,
			  struct err *err)
{
	int64_t id = sqlite3_column_int64(stmt, 0);
	struct record_operation_begin begin = {
		.id = id,
		.campaign_id = campaign,
		.slot = sqlite3_column_int64(stmt, 1),
		.vm = sqlite3_column_int64(stmt, 2),
		.loop = sqlite3_column_int64(stmt, 3),
		.kind = (const char *)sqlite3_column_text(stmt, 4),
		.began_unix_ns = sqlite3_column_int64(stmt, 5),
	};
	struct record_operation_end end = {
		.id = id,
		.outcome = "ok",
		.duration_ns = sqlite3_column_int64(stmt, 6),
		.stall_ns = sqlite3_column_int64(stmt, 7),
		.src_run_id = sqlite3_column_int64(stmt, 8),
		.dst_run_id = sqlite3_column_int64(stmt, 10),
		.measures = rebuild->taken,
	};
	int r = take_measures(rebuild, id, err);

	if (r >= 0)
		r = tell(rebuild,
			 &(struct record){ .type = RECORD_OPERATION_BEGIN,
					   .operation_begin = begin },
			 err);
	if (r == 0)
		r = tell_run(rebuild, campaign, stmt, 8, err);
	if (r == 0)
		r = tell_run(rebuild, campaign, stmt, 10, err);
	end.measure_count = rebuild->taken_count;
	if (r == 0)
		r = tell(rebuild,
			 &(struct record){ .type = RECORD_OPERATION_END, .operation_end = end },
			 err);
	return r;
}

/* What is to be summarised: the VMs whose number, ?2 being 1, is the last one of their slot. */
#define WANTED_VMS                                                                      \
	"WITH wanted AS (SELECT slot, max(vm) AS last FROM run WHERE campaign_id = ?1 " \
	"GROUP BY slot) "

static int clear(struct rebuild *rebuild, int64_t campaign, bool open_only, struct err *err)
{
	static const char sql[] =
		WANTED_VMS "DELETE FROM summary WHERE campaign_id = ?1 AND (?2 = 0 OR "
			   "(slot, vm) IN (SELECT slot, last FROM wanted))";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(rebuild->db, sql, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, campaign);
	sqlite3_bind_int(stmt, 2, open_only);
	return sqlite3_step(stmt) == SQLITE_DONE
		       ? 0
		       : sql_error(rebuild->db, "cannot remove old summaries", err);
}

static int tell_comparison(struct rebuild *rebuild, int64_t campaign, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct record_comparison comparison = { .campaign_id = campaign };
	int r = sql_prepare(rebuild->db,
			    "SELECT warm_up_loops FROM comparison WHERE campaign_id = ?1", &stmt,
			    err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, campaign);
	r = sql_step(rebuild->db, stmt, err);
	if (r <= 0)
		return r;
	comparison.warm_up_loops = sqlite3_column_int64(stmt, 0);
	return tell(rebuild,
		    &(struct record){ .type = RECORD_COMPARISON, .comparison = comparison }, err);
}

static int tell_operations(struct rebuild *rebuild, int64_t campaign, bool open_only,
			   struct err *err)
{
	static const char sql[] = WANTED_VMS
		"SELECT o.id, o.slot, o.vm, coalesce(o.loop, -1), o.kind, o.began_unix_ns, "
		"o.duration_ns, coalesce(o.stall_ns, -1), coalesce(o.src_run_id, 0), "
		"(SELECT build_id FROM run WHERE id = o.src_run_id), coalesce(o.dst_run_id, 0), "
		"(SELECT build_id FROM run WHERE id = o.dst_run_id) "
		"FROM operation AS o LEFT JOIN wanted AS w ON w.slot = o.slot "
		"WHERE o.campaign_id = ?1 AND o.outcome = 'ok' AND (?2 = 0 OR o.vm = w.last) "
		"ORDER BY o.id";
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct record_campaign_end end = { .id = campaign };
	int r = sql_prepare(rebuild->db, sql, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, campaign);
	sqlite3_bind_int(stmt, 2, open_only);
	while ((r = sql_step(rebuild->db, stmt, err)) > 0) {
		r = tell_operation(rebuild, campaign, stmt, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	return tell(rebuild, &(struct record){ .type = RECORD_CAMPAIGN_END, .campaign_end = end },
		    err);
}

int summaries_rebuild(sqlite3 *db, int64_t campaign, bool open_only, struct err *err)
{
	struct rebuild rebuild = { .db = db, .summaries = summaries_new() };
	int r = sql_prepare(db, row_sql(ROW_SUMMARY)->sql, &rebuild.insert, err);

	if (r == 0)
		r = sql_prepare(
			db,
			"SELECT operation_id, name, value FROM measure WHERE operation_id "
			">= coalesce((SELECT min(id) FROM operation WHERE campaign_id = ?1), 0) "
			"ORDER BY operation_id",
			&rebuild.measures, err);
	if (r == 0) {
		sqlite3_bind_int64(rebuild.measures, 1, campaign);
		r = clear(&rebuild, campaign, open_only, err);
	}
	if (r == 0)
		r = tell_comparison(&rebuild, campaign, err);
	if (r == 0)
		r = tell_operations(&rebuild, campaign, open_only, err);
	forget_measures(&rebuild);
	sqlite3_finalize(rebuild.measures);
	sqlite3_finalize(rebuild.insert);
	summaries_free(rebuild.summaries);
	return r;
}

/* A campaign of an older store has not been told its number. */
static int count_operations(sqlite3 *db, struct err *err)
{
	return sql_exec(db,
			"UPDATE campaign SET operations = (SELECT count(*) FROM operation "
			"WHERE campaign_id = campaign.id AND outcome IN ('ok', 'failed')) "
			"WHERE operations IS NULL AND end IS NOT NULL",
			"cannot count operations", err);
}

static int rebuild_each(sqlite3 *db, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(db, "SELECT id FROM campaign ORDER BY id", &stmt, err);

	if (r < 0)
		return r;
	while ((r = sql_step(db, stmt, err)) > 0) {
		r = summaries_rebuild(db, sqlite3_column_int64(stmt, 0), false, err);
		if (r < 0)
			return r;
	}
	return r;
}

int summaries_rebuild_all(sqlite3 *db, struct err *err)
{
	int r = sql_exec(db, "BEGIN IMMEDIATE", "cannot write to the store", err);

	if (r < 0)
		return r;
	r = rebuild_each(db, err);
	if (r == 0)
		r = count_operations(db, err);
	if (r == 0)
		r = sql_exec(db, "COMMIT", "cannot store the summaries", err);
	if (r < 0 && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

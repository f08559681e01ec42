// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a campaign stood, from its rows. */
#include "store/resume.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "store/query-sql.h"
#include "store/sql.h"
#include "store/times.h"

static int find(const char *path, const char *sql, const char *what, int64_t *ret_campaign,
		struct err *err)
{
	struct query *query;
	int r = query_open(path, &query, err);

	if (r < 0)
		return r;
	r = sql_integer(query->db, sql, ret_campaign, err);
	query_close(query);
	return r == 0 && !*ret_campaign
		       ? err_set(err, -ENOENT, "there is no campaign that %s", what)
		       : r;
}

int store_find_open(const char *path, int64_t *ret_campaign, struct err *err)
{
	return find(path, "SELECT coalesce(max(id), 0) FROM campaign WHERE end IS NULL",
		    "has not ended", ret_campaign, err);
}

int store_find_interrupted(const char *path, int64_t *ret_campaign, struct err *err)
{
	return find(path, "SELECT coalesce(max(id), 0) FROM campaign WHERE end = 'interrupted'",
		    "was interrupted", ret_campaign, err);
}

int store_is_stopping(const char *path, int64_t campaign, bool *ret_stopping, struct err *err)
{
	auto_free char *sql =
		mem_printf("SELECT stopping FROM campaign WHERE id = %" PRId64, campaign);
	struct query *query;
	int64_t stopping = 0;
	int r = query_open(path, &query, err);

	if (r < 0)
		return r;
	r = sql_integer(query->db, sql, &stopping, err);
	query_close(query);
	*ret_stopping = stopping;
	return r;
}

struct last {
	int64_t began, ended, last; /* unix ns; ended: 0 if it has not */
	int64_t in_gaps_ns;	    /* of those that have ended */
	int64_t gap_began;	    /* of the one that has not, or 0 */
	char *boot, *version;
};

static char *reason(const struct last *last, const char *version, const char *boot)
{
	const char *was = last->ended					   ? "it was interrupted"
			  : last->boot && boot && strcmp(last->boot, boot) ? "the host went down"
									   : "qsoakd was killed";

	if (last->version && strcmp(last->version, version))
		return mem_printf("%s; qsoakd %s followed on %s", was, version, last->version);
	return mem_strdup(was);
}

static void set_gap(struct resume *resume, const struct last *last, const char *version,
		    const char *boot)
{
	int64_t end = last->gap_began ? last->gap_began : last->ended ? last->ended : last->last;
	int64_t active = end - last->began - last->in_gaps_ns;

	/* The wall clock may have been set. */
	resume->active_ns = active > 0 ? active : 0;
	resume->in_gap = last->gap_began;
	resume->gap_began_unix_ns = end;
	resume->gap_reason = reason(last, version, boot);
}

static int read_campaign(struct query *query, int64_t id, struct resume *resume, struct last *last,
			 struct err *err)
{
	static const char sql[] =
		"SELECT c.name, c.profile_text, c.seed, c.request, c.accel, c.accel_reason, "
		"c.began_unix_ns, coalesce(c.ended_unix_ns, 0), " TIMES_LAST(
			"c") ", c.boot, c.qsoak, " TIMES_GAP_NS("c.id") ", "
									"coalesce((SELECT "
									"max(began_unix_ns) FROM "
									"gap "
									" WHERE campaign_id = c.id "
									"AND ended_unix_ns IS "
									"NULL), 0), "
									"coalesce((SELECT "
									"max(blocks) FROM look "
									"WHERE campaign_id = "
									"c.id), 0), "
									"(SELECT count(*) FROM "
									"operation WHERE "
									"campaign_id = c.id "
									" AND outcome IN ('ok', "
									"'failed')), c.end "
									"FROM campaign AS c WHERE "
									"c.id = ?1";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, id, &stmt, err);
	const char *end;

	if (r == 0)
		r = query_next_row(query, stmt, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no campaign %" PRId64, id);
	end = (const char *)sqlite3_column_text(stmt, 15);
	if (end && strcmp(end, "interrupted"))
		return err_set(err, -EINVAL,
			       "campaign %" PRId64 " has come to its end (%s): only one that was "
			       "interrupted goes on",
			       id, end);
	resume->campaign_id = id;
	resume->name = sql_column_strdup(stmt, 0);
	resume->profile_text = sql_column_strdup(stmt, 1);
	resume->seed = sql_column_strdup(stmt, 2);
	resume->request = sql_column_strdup(stmt, 3);
	resume->accel = sql_column_strdup(stmt, 4);
	resume->accel_reason = sql_column_strdup(stmt, 5);
	last->began = sqlite3_column_int64(stmt, 6);
	last->ended = sqlite3_column_int64(stmt, 7);
	last->last = sqlite3_column_int64(stmt, 8);
	last->boot = sql_column_strdup(stmt, 9);
	last->version = sql_column_strdup(stmt, 10);
	last->in_gaps_ns = sqlite3_column_int64(stmt, 11);
	last->gap_began = sqlite3_column_int64(stmt, 12);
	resume->last_look = (unsigned)sqlite3_column_int64(stmt, 13);
	resume->operations = sqlite3_column_int64(stmt, 14);
	if (!resume->request)
		return err_set(err, -EINVAL,
			       "campaign %" PRId64 " was begun by a qsoakd that did not store what "
			       "it takes to go on",
			       id);
	return 0;
}

static int read_builds(struct query *query, struct resume *resume, struct err *err)
{
	static const char sql[] =
		"SELECT id, name, version, sha256 FROM build WHERE campaign_id = ?1 ORDER BY id";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, resume->campaign_id, &stmt, err);

	while (r == 0 && (r = query_next_row(query, stmt, err)) > 0) {
		resume->builds = mem_realloc(resume->builds, resume->build_count + 1,
					     sizeof(*resume->builds));
		resume->builds[resume->build_count++] = (struct resume_build){
			.id = sqlite3_column_int64(stmt, 0),
			.name = sql_column_strdup(stmt, 1),
			.version = sql_column_strdup(stmt, 2),
			.sha256 = sql_column_strdup(stmt, 3),
		};
		r = 0;
	}
	return r;
}

/* Whatever row names it: a VM that has not booted yet has but an operation, or a failure. */
static int read_vms(struct query *query, struct resume *resume, struct err *err)
{
	static const char sql[] =
		"WITH seen(slot, vm, begun, loops) AS ("
		" SELECT slot, vm, max(coalesce(loop + 1, 0)), 0 FROM operation"
		"  WHERE campaign_id = ?1 GROUP BY slot, vm"
		" UNION ALL SELECT slot, vm, 0, 0 FROM run WHERE campaign_id = ?1"
		" UNION ALL SELECT slot, vm, 0, 0 FROM failure WHERE campaign_id = ?1"
		" UNION ALL SELECT slot, vm, loops, loops FROM vm WHERE campaign_id = ?1) "
		"SELECT slot, vm, max(begun), max(loops) FROM seen GROUP BY slot, vm "
		"ORDER BY slot, vm";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, resume->campaign_id, &stmt, err);

	while (r == 0 && (r = query_next_row(query, stmt, err)) > 0) {
		resume->vms = mem_realloc(resume->vms, resume->vm_count + 1, sizeof(*resume->vms));
		resume->vms[resume->vm_count++] = (struct resume_vm){
			.slot = sqlite3_column_int(stmt, 0),
			.vm = sqlite3_column_int(stmt, 1),
			.begun = sqlite3_column_int64(stmt, 2),
			.loops = sqlite3_column_int64(stmt, 3),
		};
		r = 0;
	}
	return r;
}

static int read_failures(struct query *query, struct resume *resume, struct err *err)
{
	static const char sql[] =
		"SELECT coalesce(tb.name, sb.name), s.title, a.title, s.class = 'host', "
		"f.expected, "
		"count(*) FROM failure AS f JOIN signature AS s ON s.id = f.signature_id "
		"LEFT JOIN alternative AS a ON a.id = f.alternative_id" JOIN_BUILDS(
			"f") "WHERE f.campaign_id = ?1 GROUP BY 1, 2, 3, 4, 5";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, resume->campaign_id, &stmt, err);

	while (r == 0 && (r = query_next_row(query, stmt, err)) > 0) {
		resume->failures = mem_realloc(resume->failures, resume->failure_count + 1,
					       sizeof(*resume->failures));
		resume->failures[resume->failure_count++] = (struct resume_failure){
			.build = sql_column_strdup(stmt, 0),
			.signature = sql_column_strdup(stmt, 1),
			.alternative = sql_column_strdup(stmt, 2),
			.host = sqlite3_column_int(stmt, 3),
			.expected = sqlite3_column_int(stmt, 4),
			.count = sqlite3_column_int64(stmt, 5),
		};
		r = 0;
	}
	return r;
}

int store_read_resume(const char *path, int64_t campaign, const char *version, const char *boot,
		      struct resume *ret_resume, struct err *err)
{
	struct resume resume = { 0 };
	struct last last = { 0 };
	struct query *query;
	int r = query_open(path, &query, err);

	if (r < 0)
		return r;
	r = read_campaign(query, campaign, &resume, &last, err);
	if (r == 0)
		set_gap(&resume, &last, version, boot);
	if (r == 0)
		r = read_builds(query, &resume, err);
	if (r == 0)
		r = read_vms(query, &resume, err);
	if (r == 0)
		r = read_failures(query, &resume, err);
	query_close(query);
	free(last.boot);
	free(last.version);
	if (r < 0)
		resume_finish(&resume);
	else
		*ret_resume = resume;
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The statements behind the lists: ?1 is the campaign, ?2 the key before the page, ?3 its size. */
#include "store/query-rows.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "store/query-sql.h"
#include "store/sql.h"
#include "store/times.h"

static const char *const list_names[] = {
	[QUERY_CAMPAIGNS] = "campaigns", [QUERY_BUILDS] = "builds",
	[QUERY_RUNS] = "runs",		 [QUERY_OPERATIONS] = "operations",
	[QUERY_STEPS] = "steps",	 [QUERY_MEASURES] = "measures",
	[QUERY_FAILURES] = "failures",	 [QUERY_LEFT_OUT] = "left_out",
	[QUERY_GAPS] = "gaps",		 [QUERY_SIGNATURES] = "signatures",
};
NAMES_COMPLETE(list_names, QUERY_LIST_COUNT);

/* The next operations that have rows in table t. */
#define PAGE_OF_OPERATIONS(t)                                                            \
	"(SELECT id FROM operation AS o WHERE (?1 = 0 OR campaign_id = ?1) AND id > ?2 " \
	"AND EXISTS (SELECT 1 FROM " t " AS t WHERE t.operation_id = o.id) ORDER BY id LIMIT ?3)"

/* A column whose name ends so is a JSON array or object, and has the name without. */
#define JSON_COLUMN "[]"
#define AS_JSON(name) " AS \"" name JSON_COLUMN "\" "

#define OF_CAMPAIGN "(?1 = 0 OR f.campaign_id = ?1)"

/* Failures of signature s, of the campaign or all. */
#define FAILURES_OF_SIGNATURE "failure AS f WHERE f.signature_id = s.id AND " OF_CAMPAIGN

/* Counted by build and other title; rank: of the titles of a build, the most frequent first. */
#define COUNTS_OF_TITLES                                                      \
	"(SELECT *, row_number() OVER (PARTITION BY build, versions "         \
	"ORDER BY title IS NULL, failures DESC, title) AS rank FROM "         \
	"(SELECT " BUILD_NAME " AS build, " BUILD_VERSIONS " AS versions, "   \
	"a.title AS title, count(*) AS failures, max(f.id) AS newest "        \
	"FROM failure AS f" JOIN_BUILDS(                                      \
		"f") "LEFT JOIN alternative AS a ON a.id = f.alternative_id " \
		     "WHERE f.signature_id = s.id AND " OF_CAMPAIGN " GROUP BY 1, 2, 3))"

/* By build: the newest builds, in their order. */
#define COUNTS_OF_SIGNATURE                                                               \
	"(SELECT build, versions, sum(failures) AS failures, max(newest) AS newest, "     \
	"json_group_object(title, failures) FILTER (WHERE title IS NOT NULL AND "         \
	"rank <= " SQL_NUMBER(                                                            \
		QUERY_ALTERNATIVES_MAX) ") AS titles "                                    \
					"FROM " COUNTS_OF_TITLES                          \
					" GROUP BY build, versions ORDER BY newest DESC " \
					"LIMIT " SQL_NUMBER(QUERY_BUILDS_OF_SIGNATURE_MAX) ")"
#define BUILDS_OF_SIGNATURE                                     \
	"(SELECT json_group_array(json_object('build', build, " \
	"'versions', json(versions), 'failures', failures, "    \
	"'alternative_failures', json(titles))) "               \
	"FROM (SELECT * FROM " COUNTS_OF_SIGNATURE " ORDER BY newest))"

static const char *const statements[] = {
	[QUERY_CAMPAIGNS] =
		"SELECT c.id, name, (SELECT name FROM host WHERE id = c.host_id) AS host, "
		"(SELECT group_concat(name, ' ') FROM (SELECT name FROM build "
		" WHERE campaign_id = c.id ORDER BY id)) AS builds, "
		"seed, accel, accel_reason, machine, vms, began_unix_ns, ended_unix_ns, end, "
		"exit_code, "
		"(SELECT coalesce(sum(loops), 0) FROM vm WHERE campaign_id = c.id) AS loops, "
		"coalesce(operations, (SELECT count(*) FROM operation WHERE campaign_id = c.id "
		" AND outcome IN ('ok', 'failed'))) AS operations, "
		"(SELECT count(*) FROM failure WHERE campaign_id = c.id) AS failures, "
		"(SELECT count(*) FROM failure WHERE campaign_id = c.id AND expected) AS "
		"expected, " TIMES_GAP_NS(
			"c.id") " AS gap_ns, "
				"EXISTS (SELECT 1 FROM comparison WHERE campaign_id = c.id) AS "
				"compares "
				"FROM campaign AS c WHERE (?1 = 0 OR c.id = ?1) AND c.id > ?2 "
				"ORDER BY c.id LIMIT ?3",
	[QUERY_BUILDS] =
		"SELECT max(b.id) AS id, name, version, build_id, sha256, sandbox, origin, binary, "
		"count(*) AS campaigns, max(b.campaign_id) AS last_campaign_id, "
		"sum((SELECT count(*) FROM failure AS f JOIN run AS r ON r.id = f.src_run_id "
		" WHERE f.campaign_id = b.campaign_id AND r.build_id = b.id)) AS failures "
		"FROM build AS b WHERE ?1 = 0 OR campaign_id = ?1 "
		"GROUP BY name, version, build_id, sha256, sandbox, origin, binary HAVING "
		"max(b.id) > ?2 "
		"ORDER BY 1 LIMIT ?3",
	[QUERY_RUNS] = "SELECT r.id, r.campaign_id, b.name AS build, slot, vm, pid, "
		       "began_unix_ns, ended_unix_ns, end, exit_status, signal, expected, uri, "
		       "unseen, argv "
		       "FROM run AS r JOIN build AS b ON b.id = r.build_id "
		       "WHERE (?1 = 0 OR r.campaign_id = ?1) AND r.id > ?2 ORDER BY r.id LIMIT ?3",
	[QUERY_OPERATIONS] =
		"SELECT o.id, o.campaign_id, sb.name AS build, tb.name AS dst_build, o.slot, o.vm, "
		"o.loop, o.kind, o.outcome, o.began_unix_ns, o.duration_ns, o.stall_ns "
		"FROM operation AS o" JOIN_BUILDS("o") "WHERE (?1 = 0 OR o.campaign_id = ?1) AND "
						       "o.id > ?2 ORDER BY o.id LIMIT ?3",
	[QUERY_STEPS] = "SELECT operation_id, position, name, duration_ns FROM step "
			"WHERE operation_id IN " PAGE_OF_OPERATIONS("step") " ORDER BY 1, 2",
	[QUERY_MEASURES] = "SELECT operation_id, name, value FROM measure "
			   "WHERE operation_id IN " PAGE_OF_OPERATIONS("measure") " ORDER BY 1, 2",
	[QUERY_FAILURES] =
		"SELECT f.id, f.campaign_id, f.at_unix_ns, f.slot, f.vm, f.loops, " BUILD_NAME
		" AS build, s.class, f.place, f.kind, f.step, s.title AS signature, f.detail, "
		"i.directory AS incident, f.expected, " BUILD_VERSIONS AS_JSON(
			"versions") ", a.title AS alternative FROM failure AS "
				    "f" JOIN_BUILDS("f") "JOIN signature AS s ON s.id = "
							 "f.signature_id "
							 "LEFT JOIN alternative AS a ON "
							 "a.id = f.alternative_id "
							 "LEFT JOIN incident AS i ON i.id "
							 "= f.incident_id "
							 "WHERE (?1 = 0 OR f.campaign_id = "
							 "?1) AND f.id > ?2 ORDER BY "
							 "f.id "
							 "LIMIT ?3",
	[QUERY_LEFT_OUT] =
		"SELECT l.id, l.campaign_id, b.name AS build, l.position, l.kind, l.reason "
		"FROM left_out AS l JOIN build AS b ON b.id = l.build_id "
		"WHERE (?1 = 0 OR l.campaign_id = ?1) AND l.id > ?2 ORDER BY l.id "
		"LIMIT ?3",
	[QUERY_GAPS] = "SELECT began_unix_ns, campaign_id, ended_unix_ns, reason FROM gap "
		       "WHERE (?1 = 0 OR campaign_id = ?1) AND began_unix_ns > ?2 "
		       "ORDER BY began_unix_ns LIMIT ?3",
	[QUERY_SIGNATURES] =
		"SELECT s.id, s.class, s.title AS signature, s.first_seen_unix_ns, "
		"s.last_seen_unix_ns, "
		"(SELECT count(*) FROM " FAILURES_OF_SIGNATURE ") AS failures, "
		"(SELECT count(DISTINCT f.campaign_id) FROM " FAILURES_OF_SIGNATURE
		") AS campaigns, "
		"(SELECT max(f.campaign_id) FROM " FAILURES_OF_SIGNATURE
		") AS last_campaign_id, " BUILDS_OF_SIGNATURE AS_JSON(
			"builds") ", "
				  "(SELECT json_group_array(title) FROM " ALTERNATIVES(OF_CAMPAIGN) ")" AS_JSON(
					  "alternatives") ", " ALTERNATIVE_FAILURES(OF_CAMPAIGN)
					  AS_JSON("alternative_failures") "FROM signature AS s "
									  "WHERE s.id > ?2 "
									  "AND EXISTS (SELECT 1 "
									  "FROM"
									  " " FAILURES_OF_SIGNATURE
									  ") ORDER BY s.id LIMIT "
									  "?3",
};
NAMES_COMPLETE(statements, QUERY_LIST_COUNT);

const char *query_list_name(enum query_list list)
{
	return names_of(list_names, QUERY_LIST_COUNT, list);
}

int query_list_find(const char *name)
{
	return names_find(list_names, QUERY_LIST_COUNT, name);
}

static bool is_json(const char *name)
{
	size_t length = strlen(name), end = strlen(JSON_COLUMN);

	return length > end && !strcmp(name + length - end, JSON_COLUMN);
}

static struct query_value read_value(sqlite3_stmt *stmt, int column)
{
	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
		return (struct query_value){ .type = QUERY_INTEGER,
					     .integer = sqlite3_column_int64(stmt, column) };
	case SQLITE_FLOAT:
		return (struct query_value){ .type = QUERY_REAL,
					     .real = sqlite3_column_double(stmt, column) };
	case SQLITE_NULL:
		return (struct query_value){ .type = QUERY_NULL };
	default:
		return (struct query_value){ .type = is_json(sqlite3_column_name(stmt, column))
							     ? QUERY_JSON
							     : QUERY_TEXT,
					     .text = sql_column_strdup(stmt, column) };
	}
}

static void begin_rows(struct query_rows *rows, sqlite3_stmt *stmt)
{
	rows->columns = (size_t)sqlite3_column_count(stmt);
	rows->names = mem_zalloc(rows->columns * sizeof(*rows->names));
	for (size_t i = 0; i < rows->columns; i++) {
		const char *name = sqlite3_column_name(stmt, (int)i);

		rows->names[i] =
			mem_strndup(name, strlen(name) - (is_json(name) ? strlen(JSON_COLUMN) : 0));
	}
}

static void add_row(struct query_rows *rows, sqlite3_stmt *stmt)
{
	/* A page is small: growing by one row is cheap beside reading it. */
	rows->values =
		mem_realloc(rows->values, (rows->count + 1) * rows->columns, sizeof(*rows->values));
	for (size_t i = 0; i < rows->columns; i++)
		rows->values[rows->count * rows->columns + i] = read_value(stmt, (int)i);
	rows->count++;
}

int query_rows(struct query *query, enum query_list list, int64_t campaign, int64_t after,
	       int64_t limit, struct query_rows *ret_rows, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct query_rows rows = { 0 };
	int r = query_prepare(query, statements[list], campaign, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 2, after);
	sqlite3_bind_int64(stmt, 3, limit);
	begin_rows(&rows, stmt);
	while ((r = query_next_row(query, stmt, err)) > 0)
		add_row(&rows, stmt);
	if (r < 0) {
		query_rows_finish(&rows);
		return r;
	}
	if (rows.count && (int64_t)rows.count >= limit)
		rows.next = rows.values[(rows.count - 1) * rows.columns].integer;
	*ret_rows = rows;
	return 0;
}

void query_rows_finish(struct query_rows *rows)
{
	for (size_t i = 0; i < rows->count * rows->columns; i++)
		free(rows->values[i].text);
	for (size_t i = 0; i < rows->columns; i++)
		free(rows->names[i]);
	free(rows->values);
	free(rows->names);
	*rows = (struct query_rows){ 0 };
}

int query_incident(struct query *query, int64_t failure, char **ret_directory, struct err *err)
{
	static const char sql[] = "SELECT i.directory FROM failure AS f "
				  "LEFT JOIN incident AS i ON i.id = f.incident_id WHERE f.id = ?1";
	auto_stmt sqlite3_stmt *stmt = NULL;
	char *directory;
	int r = query_prepare(query, sql, failure, &stmt, err);

	if (r == 0)
		r = query_next_row(query, stmt, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, -ENOENT, "%s has no failure %lld",
			       sqlite3_db_filename(query->db, "main"), (long long)failure);
	directory = sql_column_strdup(stmt, 0);
	if (!directory)
		return err_set(err, -ENOENT, "there is no evidence of failure %lld",
			       (long long)failure);
	*ret_directory = directory;
	return 0;
}

int query_unseen(struct query *query, int64_t campaign,
		 void (*fn)(void *ctx, const char *uri, int64_t runs), void *ctx, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query,
			      "SELECT coalesce(uri, '-'), count(*) FROM run "
			      "WHERE campaign_id = ?1 AND unseen = 1 GROUP BY uri ORDER BY uri",
			      campaign, &stmt, err);

	if (r < 0)
		return r;
	while ((r = query_next_row(query, stmt, err)) > 0)
		fn(ctx, (const char *)sqlite3_column_text(stmt, 0), sqlite3_column_int64(stmt, 1));
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one read-only transaction upstream, whose rows are bound, one after the other, to statements of
 * the new store. Nothing that the server says becomes part of a statement.
 */
#include "upstream/pull.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/schema.h"
#include "store/sql.h"
#include "upstream/conn.h"
#include "upstream/layout.h"
#include "upstream/mirror.h"

#define SQL_TEXT(x) #x
#define SQL_NUMBER(x) SQL_TEXT(x)

/* Longer values are no results of ours. */
#define VALUE_BYTES_MAX (64 << 20)

static const char cannot[] = "cannot read";

struct puller {
	const struct pull *pull;
	int64_t campaign; /* 0: all */
	char *set;	  /* an array of PostgreSQL: it, and others that go with it; NULL: all */
	struct conn *conn;
	struct mirror *mirror;
	sqlite3 *db;
};

/* The rows of one table on their way. */
struct stream {
	sqlite3 *db;
	sqlite3_stmt *stmt;
	const enum mirror_type *types;
	int count;
};

static int wrong_value(struct err *err)
{
	return err_set(err, -EPROTO, "upstream: found a value that is none of its column");
}

static int bind_integer(sqlite3_stmt *stmt, int at, const char *text, struct err *err)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end || end == text)
		return wrong_value(err);
	sqlite3_bind_int64(stmt, at, value);
	return 0;
}

static int bind_real(sqlite3_stmt *stmt, int at, const char *text, struct err *err)
{
	char *end;
	double value = strtod(text, &end);

	if (*end || end == text)
		return wrong_value(err);
	sqlite3_bind_double(stmt, at, value);
	return 0;
}

static int bind_blob(sqlite3_stmt *stmt, int at, const char *text, struct err *err)
{
	size_t size = 0;
	unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &size);

	if (!bytes)
		return wrong_value(err);
	sqlite3_bind_blob64(stmt, at, bytes, size, SQLITE_TRANSIENT);
	PQfreemem(bytes);
	return 0;
}

static int bind_value(const struct stream *stream, int at, const char *text, struct err *err)
{
	switch (stream->types[at]) {
	case MIRROR_INTEGER:
		return bind_integer(stream->stmt, at + 1, text, err);
	case MIRROR_REAL:
		return bind_real(stream->stmt, at + 1, text, err);
	case MIRROR_BLOB:
		return bind_blob(stream->stmt, at + 1, text, err);
	case MIRROR_TEXT:
	case MIRROR_UUID:
	case MIRROR_TYPE_COUNT:
		break;
	}
	sqlite3_bind_text(stream->stmt, at + 1, text, -1, SQLITE_TRANSIENT);
	return 0;
}

static int row_in(void *ctx, PGresult *result, struct err *err)
{
	struct stream *stream = ctx;
	int r = 0;

	if (PQnfields(result) != stream->count)
		return err_set(err, -EPROTO, "upstream: found %d columns, expected %d",
			       PQnfields(result), stream->count);
	sqlite3_clear_bindings(stream->stmt);
	for (int i = 0; r == 0 && i < stream->count; i++) {
		if (PQgetlength(result, 0, i) > VALUE_BYTES_MAX)
			r = wrong_value(err);
		else if (!PQgetisnull(result, 0, i))
			r = bind_value(stream, i, conn_value(result, 0, i), err);
	}
	if (r == 0 && sqlite3_step(stream->stmt) != SQLITE_DONE)
		r = sql_error(stream->db, "cannot keep what is upstream", err);
	sqlite3_reset(stream->stmt);
	return r;
}

/* Rows of select ($1: the campaign, or 0; $2: the set) become values of insert. */
static int pull_rows(struct puller *puller, const char *select, const char *insert,
		     const enum mirror_type *types, size_t count, struct err *err)
{
	auto_free char *campaign = mem_printf("%" PRId64, puller->campaign);
	const char *const values[] = { campaign, puller->set };
	auto_stmt sqlite3_stmt *stmt = NULL;
	struct stream stream = { .db = puller->db, .types = types, .count = (int)count };
	int r = sql_prepare(puller->db, insert, &stmt, err);

	stream.stmt = stmt;
	return r < 0 ? r
		     : conn_stream(puller->conn, select, values, ARRAY_SIZE(values), cannot, row_in,
				   &stream, err);
}

#define OF_SET(id) "($2::bigint[] IS NULL OR " id " = ANY ($2::bigint[]))"

/* Two stores of one host are one host to who reads: that of the first uuid. */
#define SAME_HOSTS(columns, where)                                                 \
	"SELECT " columns " FROM qsoak.host AS twin JOIN qsoak.host AS own USING " \
	"(name, kernel, cpu, cpus) WHERE " where

static int pull_hosts(struct puller *puller, struct err *err)
{
	static const enum mirror_type types[] = { MIRROR_TEXT, MIRROR_TEXT, MIRROR_TEXT,
						  MIRROR_TEXT, MIRROR_INTEGER };

	return pull_rows(puller,
			 "SELECT min(uuid::text), name, kernel, cpu, cpus FROM qsoak.host "
			 "WHERE $1::bigint >= 0 AND $2::bigint[] IS NOT DISTINCT FROM $2 "
			 "GROUP BY name, kernel, cpu, cpus",
			 "INSERT INTO host(uuid, name, kernel, cpu, cpus) VALUES (?, ?, ?, ?, ?)",
			 types, ARRAY_SIZE(types), err);
}

/* In the order in which a store would have met them. */
static int pull_titles(struct puller *puller, struct err *err)
{
	static const enum mirror_type types[] = { MIRROR_TEXT, MIRROR_TEXT, MIRROR_INTEGER,
						  MIRROR_INTEGER };
	int r = pull_rows(puller,
			  "SELECT class, title, first_seen_unix_ns, last_seen_unix_ns "
			  "FROM qsoak.signature AS s WHERE $1::bigint = 0 OR EXISTS (SELECT 1 FROM "
			  "qsoak.failure AS f WHERE " OF_SET(
				  "f.campaign_id") " "
						   "AND f.signature_title = s.title AND "
						   "f.signature_class = s.class) "
						   "ORDER BY first_seen_unix_ns, title, class",
			  "INSERT INTO signature(class, title, first_seen_unix_ns, "
			  "last_seen_unix_ns) VALUES (?, ?, ?, ?)",
			  types, ARRAY_SIZE(types), err);

	return r < 0 ? r
		     : pull_rows(puller,
				 "SELECT alternative_title FROM qsoak.failure WHERE "
				 "alternative_title IS NOT NULL AND $1::bigint >= 0 "
				 "AND " OF_SET(
					 "campaign_id") " GROUP BY 1 ORDER BY min(at_unix_ns), 1",
				 "INSERT INTO alternative(title) VALUES (?)", types, 1, err);
}

static bool names_row(const struct mirror_column *column)
{
	size_t length = strlen(column->name);

	return column->type == MIRROR_INTEGER && column->back &&
	       !strcmp(column->name, column->back) &&
	       (!strcmp(column->name, "id") ||
		(length > 3 && !strcmp(column->name + length - 3, "_id")));
}

/* What a column is upstream, of a row t; the caller frees. */
static char *value_sql(const struct puller *puller, enum mirror_table_id id,
		       const struct mirror_column *column)
{
	if (id == MIRROR_CAMPAIGN && !strcmp(column->name, "local_id"))
		return mem_strdup("t.id");
	if (id == MIRROR_CAMPAIGN && !strcmp(column->name, "host_uuid"))
		return mem_strdup(
			"(" SAME_HOSTS("min(twin.uuid::text)", "own.uuid = t.host_uuid") ")");
	/* Where no operations are pulled nobody can count them. */
	if (id == MIRROR_CAMPAIGN && !strcmp(column->name, "operations"))
		return mem_strdup("coalesce(t.operations, (SELECT count(*) FROM qsoak.operation AS "
				  "o WHERE o.campaign_id = t.id AND outcome IN ('ok', 'failed')))");
	/* The largest column by far, which only an export shows. */
	if (id == MIRROR_RUN && !strcmp(column->name, "argv") &&
	    puller->pull->what != PULL_ALL_ROWS)
		return mem_strdup("'[]'");
	if (id == MIRROR_INCIDENT && !strcmp(column->name, "directory"))
		return mem_strdup("CASE WHEN t.campaign_id = $1::bigint THEN t.directory ELSE "
				  "(SELECT h.name FROM qsoak.host AS h WHERE h.uuid = c.host_uuid) "
				  "|| ':' || t.directory || ' of campaign ' || t.campaign_id END");
	if (names_row(column))
		return mem_printf("CASE WHEN t.campaign_id = $1::bigint OR t.\"%s\" = 0 "
				  "THEN t.\"%s\" ELSE t.campaign_id * " SQL_NUMBER(
					  PULL_ID_FACTOR) " + t.\"%s\" END",
				  column->name, column->name, column->name);
	return mem_printf("t.\"%s\"", column->name);
}

static char *select_sql(const struct puller *puller, enum mirror_table_id id)
{
	const struct mirror_table *table = &puller->mirror->tables[id];
	const char *name = mirror_table_name(id), *where = "";
	auto_free char *columns = NULL;

	for (size_t i = 0; i < table->count; i++) {
		auto_free char *value = value_sql(puller, id, &table->columns[i]);

		mem_append(&columns, ", ", "%s", value);
	}
	if (id == MIRROR_CAMPAIGN)
		return mem_printf("SELECT %s FROM qsoak.campaign AS t "
				  "WHERE $1::bigint >= 0 AND " OF_SET("id"),
				  columns);
	if (id == MIRROR_OPERATION && puller->pull->what == PULL_REPORT)
		where = " AND (t.outcome <> 'ok' OR c.\"end\" IS NULL)";
	else if (mirror_goes_with_operation(id) && puller->pull->what == PULL_REPORT)
		where = " AND c.\"end\" IS NULL";
	return mem_printf("SELECT %s, t.campaign_id FROM qsoak.%s AS t "
			  "JOIN qsoak.campaign AS c ON c.id = t.campaign_id "
			  "WHERE $1::bigint >= 0 AND " OF_SET("t.campaign_id") "%s",
			  columns, name, where);
}

/* The columns of the store, and what they are made of; a row of a campaign ends with that. */
static char *insert_sql(const struct puller *puller, enum mirror_table_id id)
{
	const struct mirror_table *table = &puller->mirror->tables[id];
	auto_free char *columns = NULL, *values = NULL;

	for (size_t i = 0; i < table->count; i++) {
		const struct mirror_column *column = &table->columns[i];

		if (!column->back)
			continue;
		mem_append(&columns, ", ", "\"%s\"", column->back);
		mem_append(&values, ", ", "%s", column->made ? column->made : "?");
	}
	if (id == MIRROR_CAMPAIGN)
		return mem_printf("INSERT INTO campaign(%s) VALUES (%s)", columns, values);
	/* Of a step or a measure the campaign is its operation's. */
	if (mirror_goes_with_operation(id))
		return mem_printf("INSERT INTO %s(%s) SELECT %s WHERE ? > 0", mirror_table_name(id),
				  columns, values);
	return mem_printf("INSERT INTO %s(%s, campaign_id) VALUES (%s, ?)", mirror_table_name(id),
			  columns, values);
}

static int pull_table(struct puller *puller, enum mirror_table_id id, struct err *err)
{
	const struct mirror_table *table = &puller->mirror->tables[id];
	auto_free char *select = select_sql(puller, id), *insert = insert_sql(puller, id);
	auto_free enum mirror_type *types = mem_zalloc((table->count + 1) * sizeof(*types));
	size_t count = table->count;

	for (size_t i = 0; i < table->count; i++)
		types[i] = table->columns[i].type;
	if (id != MIRROR_CAMPAIGN)
		types[count++] = MIRROR_INTEGER;
	return pull_rows(puller, select, insert, types, count, err);
}

static bool is_wanted(enum mirror_table_id id, enum pull_what what)
{
	if (id == MIRROR_OPERATION || mirror_goes_with_operation(id))
		return what >= PULL_REPORT;
	return id != MIRROR_SUMMARY || what >= PULL_SAMPLES;
}

/* The campaign, and that which the pull says goes with it. */
static int find_set(struct puller *puller, struct err *err)
{
	auto_free char *id = mem_printf("%" PRId64, puller->campaign);
	const char *const values[] = { id, puller->pull->beside };
	auto_result PGresult *result = NULL;
	int r = conn_query(
		puller->conn,
		"SELECT array_agg(x) FROM (SELECT $1::bigint UNION (SELECT max(other.id) FROM "
		"qsoak.campaign AS other JOIN qsoak.host AS h ON h.uuid = other.host_uuid "
		"WHERE other.name = $2 AND other.\"end\" = 'complete' "
		"AND (h.name, h.kernel, h.cpu, h.cpus) = (SELECT own.name, own.kernel, own.cpu, "
		"own.cpus FROM qsoak.campaign AS c JOIN qsoak.host AS own ON own.uuid = "
		"c.host_uuid "
		"WHERE c.id = $1::bigint))) AS s(x) WHERE x IS NOT NULL",
		values, ARRAY_SIZE(values), cannot, &result, err);

	if (r == 0)
		puller->set = mem_strdup(conn_value(result, 0, 0));
	return r;
}

/* Which one, where it is one. */
static int find_campaign(struct puller *puller, struct err *err)
{
	auto_free char *id = mem_printf("%" PRId64, puller->pull->campaign);
	const char *const values[] = { id };
	auto_result PGresult *result = NULL;
	int r;

	if (!puller->pull->campaign && !puller->pull->newest)
		return 0;
	r = conn_query(puller->conn,
		       "SELECT id FROM qsoak.campaign WHERE $1::bigint = 0 OR id = $1::bigint "
		       "ORDER BY began_unix_ns DESC, id DESC LIMIT 1",
		       values, 1, cannot, &result, err);
	if (r == 0 && !PQntuples(result))
		return puller->pull->campaign
			       ? err_set(err, -EINVAL,
					 "upstream: there is no campaign %s: see "
					 "`qsoak campaigns`",
					 id)
			       : err_set(err, -EINVAL, "upstream: there is no campaign yet");
	if (r == 0)
		puller->campaign = strtoll(conn_value(result, 0, 0), NULL, 10);
	return r == 0 ? find_set(puller, err) : r;
}

/* It is gone when the process is: what a crash of the host leaves of it does not matter. */
static int make_store(struct puller *puller, const char *path, struct err *err)
{
	int r = sql_open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &puller->db, err);

	if (r == 0)
		r = schema_migrate(puller->db, err);
	return r < 0 ? r
		     : sql_exec(puller->db,
				"PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN",
				"cannot keep what is upstream", err);
}

static int pull_all(struct puller *puller, struct err *err)
{
	int r = conn_exec(puller->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cannot,
			  err);

	if (r == 0)
		r = find_campaign(puller, err);
	if (r == 0)
		r = pull_hosts(puller, err);
	if (r == 0)
		r = pull_titles(puller, err);
	if (r == 0)
		r = pull_table(puller, MIRROR_CAMPAIGN, err);
	for (int t = MIRROR_ROW_TABLES - 1; r == 0 && t >= 0; t--)
		if (is_wanted((enum mirror_table_id)t, puller->pull->what))
			r = pull_table(puller, (enum mirror_table_id)t, err);
	return r == 0 ? sql_exec(puller->db, "COMMIT", "cannot keep what is upstream", err) : r;
}

int pull_store(const char *url, const struct pull *pull, const char *path, struct err *err)
{
	struct puller puller = { .pull = pull };
	int r = mirror_new(&puller.mirror, err);

	if (r == 0)
		r = conn_open(url, &puller.conn, err);
	if (r == 0)
		r = layout_check(puller.conn, puller.mirror, err);
	if (r == 0)
		r = make_store(&puller, path, err);
	if (r == 0)
		r = pull_all(&puller, err);
	conn_close(puller.conn);
	free(puller.set);
	mirror_free(puller.mirror);
	sqlite3_close(puller.db);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: rows of a campaign are looked at in buckets of neighbouring ids. A bucket that has more rows in
 * the store than upstream, or others, is pushed as a whole in one transaction, and merged; so it does not matter what of
 * it was there. A campaign that has ended is marked upstream when all of its buckets were looked at, and is left alone
 * from then on; of one in progress is kept up to where all operations are finished and there. Each campaign is pushed
 * under a lock, so that nobody's older rows overwrite newer ones. The store is read in short transactions and never
 * while the network is waited for: the write-ahead log of a qsoakd at work would grow.
 */
#include "upstream/push.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/query.h"
#include "store/schema.h"
#include "store/sql.h"
#include "upstream/conn.h"
#include "upstream/copy.h"
#include "upstream/mirror.h"

#include "upstream/layout.h"

/* The first number of a campaign's lock, beside which its id upstream is the second. */
#define CAMPAIGN_LOCK "1903389028"

static const char cannot[] = "cannot push";

struct push {
	sqlite3 *db;
	struct conn *conn;
	struct mirror *mirror;
	struct push_totals *totals;
	char *sql
		[MIRROR_ROW_TABLES]; /* that reads them; NULL until it is used, as the session's table is not there */
};

/* One in the store, and upstream. */
struct campaign {
	int64_t id;
	char *uuid;
	bool ended;
	int64_t ended_unix_ns;
	bool known; /* upstream; then the following */
	int64_t upstream_id, pushed_below;
	bool complete; /* the marked end is this one */
};

struct bucket {
	int64_t bucket, rows, changes;
};

struct buckets {
	struct bucket *list;
	size_t count;
};

static void add_bucket(struct buckets *buckets, int64_t bucket, int64_t rows, int64_t changes)
{
	if (!(buckets->count & (buckets->count - 1)))
		buckets->list =
			mem_realloc(buckets->list, 2 * buckets->count + 1, sizeof(*buckets->list));
	buckets->list[buckets->count++] = (struct bucket){ bucket, rows, changes };
}

static int64_t number_of(const PGresult *result, int row, int column)
{
	return strtoll(conn_value(result, row, column), NULL, 10);
}

static int begin_reading(struct push *push, struct err *err)
{
	return sql_exec(push->db, "BEGIN", "cannot read the store", err);
}

static void end_reading(struct push *push)
{
	sqlite3_exec(push->db, "COMMIT", NULL, NULL, NULL);
}

static int store_buckets(struct push *push, enum mirror_table_id table, int64_t campaign,
			 int64_t from, struct buckets *buckets, struct err *err)
{
	auto_free char *sql = mirror_digest_sql(table, false);
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(push->db, sql, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, campaign);
	sqlite3_bind_int64(stmt, 2, from);
	while ((r = sql_step(push->db, stmt, err)) > 0)
		add_bucket(buckets, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
			   sqlite3_column_int64(stmt, 2));
	return r;
}

static int upstream_buckets(struct push *push, enum mirror_table_id table, int64_t campaign,
			    int64_t from, struct buckets *buckets, struct err *err)
{
	auto_free char *sql = mirror_digest_sql(table, true);
	auto_free char *id = mem_printf("%" PRId64, campaign),
		       *first = mem_printf("%" PRId64, from);
	const char *const values[] = { id, first };
	auto_result PGresult *result = NULL;
	int r = conn_query(push->conn, sql, values, ARRAY_SIZE(values), cannot, &result, err);

	for (int i = 0; r == 0 && i < PQntuples(result); i++)
		add_bucket(buckets, number_of(result, i, 0), number_of(result, i, 1),
			   number_of(result, i, 2));
	return r;
}

/* Rows that went from the store stay upstream. */
static bool differs(const struct bucket *here, const struct bucket *there)
{
	return here->rows > there->rows ||
	       (here->rows == there->rows && here->changes != there->changes);
}

/* The rows of a bucket as COPY takes them; the caller frees. */
static int read_bucket(struct push *push, enum mirror_table_id table, const struct campaign *c,
		       int64_t bucket, char **ret_text, size_t *ret_size, struct err *err)
{
	int64_t size = mirror_bucket_size(table), first = bucket * size;
	auto_free char *sql = mirror_read_sql(push->mirror, table);
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(push->db, sql, &stmt, err);
	char *text = NULL;
	FILE *out;

	if (r < 0)
		return r;
	out = open_memstream(&text, ret_size);
	if (!out)
		abort();
	sqlite3_bind_int64(stmt, 1, c->id);
	sqlite3_bind_int64(stmt, 2, first);
	sqlite3_bind_int64(stmt, 3, first + size - 1);
	while ((r = sql_step(push->db, stmt, err)) > 0)
		copy_row(out, c->upstream_id, stmt, &push->mirror->tables[table]);
	fclose(out);
	if (r < 0)
		free(text);
	else
		*ret_text = text;
	return r;
}

/* Makes the session's table when it is first needed. */
static int stage(struct push *push, enum mirror_table_id table, struct err *err)
{
	int r = 0;

	if (!push->sql[table]) {
		auto_free char *create = mirror_stage_sql(table);

		r = conn_exec(push->conn, create, cannot, err);
		push->sql[table] = mirror_merge_sql(push->mirror, table);
	}
	return r;
}

/* Within a transaction. */
static int merge(struct push *push, enum mirror_table_id table, const char *text, size_t size,
		 struct err *err)
{
	auto_free char *copy = mirror_copy_sql(push->mirror, table);
	auto_result PGresult *result = NULL;
	int r = size ? conn_copy(push->conn, copy, text, size, cannot, err) : 0;

	if (r == 0 && size)
		r = conn_query(push->conn, push->sql[table], NULL, 0, cannot, &result, err);
	if (r == 0 && size)
		push->totals->rows += strtoll(PQcmdTuples(result), NULL, 10);
	if (r == 0 && size && table == MIRROR_FAILURE)
		r = conn_exec(push->conn, mirror_merge_signatures, cannot, err);
	return r;
}

/* Up to three tables whose rows belong together. */
static int push_bucket(struct push *push, enum mirror_table_id table, const struct campaign *c,
		       int64_t bucket, struct err *err)
{
	int last = table == MIRROR_OPERATION ? MIRROR_MEASURE : (int)table;
	char *texts[MIRROR_ROW_TABLES] = { 0 };
	size_t sizes[MIRROR_ROW_TABLES] = { 0 };
	int r = begin_reading(push, err);

	for (int t = (int)table; r == 0 && t <= last; t++)
		r = read_bucket(push, (enum mirror_table_id)t, c, bucket, &texts[t], &sizes[t],
				err);
	end_reading(push);
	for (int t = (int)table; r == 0 && t <= last; t++)
		r = stage(push, (enum mirror_table_id)t, err);
	if (r == 0)
		r = conn_exec(push->conn, "BEGIN", cannot, err);
	for (int t = (int)table; r == 0 && t <= last; t++)
		r = merge(push, (enum mirror_table_id)t, texts[t], sizes[t], err);
	if (r == 0)
		r = conn_exec(push->conn, "COMMIT", cannot, err);
	for (int t = (int)table; t <= last; t++)
		free(texts[t]);
	return r;
}

static int push_buckets(struct push *push, enum mirror_table_id table, const struct campaign *c,
			const struct buckets *here, const struct buckets *there, struct err *err)
{
	size_t j = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < here->count; i++) {
		struct bucket none = { 0 }, *other = &none;

		while (j < there->count && there->list[j].bucket < here->list[i].bucket)
			j++;
		if (j < there->count && there->list[j].bucket == here->list[i].bucket)
			other = &there->list[j];
		if (differs(&here->list[i], other))
			r = push_bucket(push, table, c, here->list[i].bucket, err);
	}
	return r;
}

static int push_table(struct push *push, enum mirror_table_id table, const struct campaign *c,
		      int64_t from, struct err *err)
{
	struct buckets here = { 0 }, there = { 0 };
	int r = store_buckets(push, table, c->id, from, &here, err);

	if (r == 0 && here.count)
		r = upstream_buckets(push, table, c->upstream_id, from, &there, err);
	if (r == 0)
		r = push_buckets(push, table, c, &here, &there, err);
	free(here.list);
	free(there.list);
	return r;
}

/* All operations with a lower id are finished, now and for ever: rows of operations come in the order of their ids.
 * The first one of a bucket. */
static int finished_below(struct push *push, const struct campaign *c, int64_t *ret_below,
			  struct err *err)
{
	static const char sql[] =
		"SELECT coalesce((SELECT min(id) FROM operation WHERE outcome = 'running'"
		" AND campaign_id = ?1), (SELECT max(id) + 1 FROM operation WHERE campaign_id = "
		"?1), 0)";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(push->db, sql, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, c->id);
	r = sql_step(push->db, stmt, err);
	if (r <= 0)
		return r;
	*ret_below = sqlite3_column_int64(stmt, 0);
	*ret_below -= *ret_below % mirror_bucket_size(MIRROR_OPERATION);
	return 0;
}

/* The values of the campaign's own row, or its host's: table->count of them, each the caller's, and the list too. */
static int read_row(struct push *push, enum mirror_table_id id, int64_t campaign,
		    char ***ret_values, struct err *err)
{
	const struct mirror_table *table = &push->mirror->tables[id];
	auto_free char *sql = mirror_read_sql(push->mirror, id);
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(push->db, sql, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, campaign);
	r = sql_step(push->db, stmt, err);
	if (r < 0)
		return r;
	*ret_values = mem_zalloc(table->count * sizeof(**ret_values));
	for (size_t i = 0; r > 0 && i < table->count; i++)
		(*ret_values)[i] = copy_value(stmt, (int)i, table->columns[i].type);
	return 0;
}

static void free_row(const struct push *push, enum mirror_table_id id, char **values)
{
	for (size_t i = 0; values && i < push->mirror->tables[id].count; i++)
		free(values[i]);
	free(values);
}

/* Runs a statement about the row of the campaign, or its host's. */
static int write_row(struct push *push, enum mirror_table_id id, const struct campaign *c,
		     const char *sql, struct err *err)
{
	auto_result PGresult *result = NULL;
	char **values = NULL;
	int r = read_row(push, id, c->id, &values, err);

	if (r == 0)
		r = conn_query(push->conn, sql, (const char *const *)values,
			       (int)push->mirror->tables[id].count, cannot, &result, err);
	if (r == 0)
		push->totals->rows += strtoll(PQcmdTuples(result), NULL, 10);
	free_row(push, id, values);
	return r;
}

static int insert_row(struct push *push, enum mirror_table_id id, const struct campaign *c,
		      struct err *err)
{
	auto_free char *sql = mirror_insert_sql(push->mirror, id);

	return write_row(push, id, c, sql, err);
}

static int read_id(struct push *push, struct campaign *c, struct err *err)
{
	const char *const values[] = { c->uuid };
	auto_result PGresult *result = NULL;
	int r = conn_query(push->conn, "SELECT id FROM qsoak.campaign WHERE uuid = $1::uuid",
			   values, 1, cannot, &result, err);

	if (r == 0 && !PQntuples(result))
		r = err_set(err, -EIO, "upstream: campaign %s is not there", c->uuid);
	if (r == 0)
		c->upstream_id = number_of(result, 0, 0);
	return r;
}

static int lock(struct push *push, const struct campaign *c, bool take, struct err *err)
{
	auto_free char *sql = mem_printf("SELECT pg_advisory_%slock(" CAMPAIGN_LOCK ", %d)",
					 take ? "" : "un", (int)c->upstream_id);

	return conn_exec(push->conn, sql, "another push of this campaign is at work", err);
}

static int push_rows(struct push *push, const struct campaign *c, struct err *err)
{
	int64_t below = 0;
	int r = finished_below(push, c, &below, err);

	/* Where it has ended, all is looked at once more. */
	for (int t = 0; r == 0 && t < MIRROR_ROW_TABLES; t++)
		if (!mirror_goes_with_operation((enum mirror_table_id)t))
			r = push_table(push, (enum mirror_table_id)t, c,
				       t == MIRROR_OPERATION && !c->ended ? c->pushed_below : 0,
				       err);
	if (r == 0) {
		auto_free char *id = mem_printf("%" PRId64, c->upstream_id);
		auto_free char *first = mem_printf("%" PRId64, below);
		auto_free char *end = c->ended ? mem_printf("%" PRId64, c->ended_unix_ns) : NULL;
		const char *const values[] = { id, first, end };

		r = conn_query(push->conn,
			       "UPDATE qsoak.campaign SET pushed_below = $2::bigint, "
			       "complete_unix_ns = $3::bigint WHERE id = $1::bigint",
			       values, ARRAY_SIZE(values), cannot, NULL, err);
	}
	return r;
}

static int push_campaign(struct push *push, struct campaign *c, struct err *err)
{
	auto_free char *update = mirror_update_campaign_sql(push->mirror);
	int64_t rows = push->totals->rows;
	int r = 0;

	push->totals->unfinished += !c->ended;
	if (c->complete)
		return 0;
	if (!c->known) {
		r = insert_row(push, MIRROR_HOST, c, err);
		if (r == 0)
			r = insert_row(push, MIRROR_CAMPAIGN, c, err);
		if (r == 0)
			r = read_id(push, c, err);
	}
	if (r == 0)
		r = lock(push, c, true, err);
	if (r == 0)
		r = write_row(push, MIRROR_CAMPAIGN, c, update, err);
	if (r == 0)
		r = push_rows(push, c, err);
	if (r == 0)
		r = lock(push, c, false, err);
	push->totals->campaigns += push->totals->rows > rows;
	return r;
}

struct campaigns {
	struct campaign *list;
	size_t count;
};

static int read_campaigns(struct push *push, struct campaigns *campaigns, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(push->db,
			    "SELECT id, uuid, end NOT NULL, coalesce(ended_unix_ns, 0) "
			    "FROM campaign ORDER BY id",
			    &stmt, err);

	while (r == 0 && (r = sql_step(push->db, stmt, err)) > 0) {
		campaigns->list = mem_realloc(campaigns->list, campaigns->count + 1,
					      sizeof(*campaigns->list));
		campaigns->list[campaigns->count++] =
			(struct campaign){ .id = sqlite3_column_int64(stmt, 0),
					   .uuid = copy_value(stmt, 1, MIRROR_TEXT),
					   .ended = sqlite3_column_int(stmt, 2),
					   .ended_unix_ns = sqlite3_column_int64(stmt, 3) };
		r = 0;
	}
	return r;
}

static void campaigns_free(struct campaigns *campaigns)
{
	for (size_t i = 0; i < campaigns->count; i++)
		free(campaigns->list[i].uuid);
	free(campaigns->list);
}

/* How far upstream is: all campaigns in one question, for there may be thousands, and a round trip may take long. */
static int ask(struct push *push, struct campaigns *campaigns, struct err *err)
{
	static const char sql[] = "SELECT q.position, c.id, c.pushed_below, c.complete_unix_ns "
				  "FROM unnest($1::uuid[]) WITH ORDINALITY AS q(uuid, position) "
				  "JOIN qsoak.campaign AS c ON c.uuid = q.uuid";
	auto_free char *list = NULL, *array = NULL;
	auto_result PGresult *result = NULL;
	int r;

	for (size_t i = 0; i < campaigns->count; i++)
		mem_append(&list, ",", "%s",
			   campaigns->list[i].uuid ? campaigns->list[i].uuid : "");
	array = mem_printf("{%s}", list ? list : "");
	r = conn_query(push->conn, sql, (const char *const[]){ array }, 1, cannot, &result, err);
	for (int i = 0; r == 0 && i < PQntuples(result); i++) {
		int64_t position = number_of(result, i, 0) - 1;
		struct campaign *c;

		if (position < 0 || position >= (int64_t)campaigns->count)
			return err_set(err, -EPROTO, "upstream: it answers what was not asked");
		c = &campaigns->list[position];
		c->known = true;
		c->upstream_id = number_of(result, i, 1);
		c->pushed_below = number_of(result, i, 2);
		c->complete = c->ended && !PQgetisnull(result, i, 3) &&
			      number_of(result, i, 3) == c->ended_unix_ns;
	}
	return r;
}

static int open_store(struct push *push, const char *path, struct err *err)
{
	int r = access(path, F_OK) < 0
			? err_set_errno(err, errno, "%s: cannot open the store", path)
			: sql_open(path, SQLITE_OPEN_READONLY, &push->db, err);

	if (r == 0)
		r = schema_check(push->db, err);
	return r == 0 ? schema_require_current(push->db, err) : r;
}

int push_store(const char *path, const char *url, struct push_totals *ret_totals, struct err *err)
{
	struct push push = { .totals = ret_totals };
	struct campaigns campaigns = { 0 };
	int r;

	*ret_totals = (struct push_totals){ 0 };
	r = open_store(&push, path, err);
	if (r == 0)
		r = mirror_new(&push.mirror, err);
	if (r == 0)
		r = conn_open(url, &push.conn, err);
	if (r == 0)
		r = layout_make(push.conn, push.mirror, err);
	if (r == 0)
		r = read_campaigns(&push, &campaigns, err);
	if (r == 0)
		r = ask(&push, &campaigns, err);
	for (size_t i = 0; r == 0 && i < campaigns.count; i++)
		r = push_campaign(&push, &campaigns.list[i], err);
	campaigns_free(&campaigns);
	conn_close(push.conn);
	for (int t = 0; t < MIRROR_ROW_TABLES; t++)
		free(push.sql[t]);
	mirror_free(push.mirror);
	sqlite3_close(push.db);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening and closing a results store, and taking records into it. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/rows.h"
#include "store/schema.h"
#include "store/sql.h"
#include "store/summary.h"
#include "store/times.h"
#include "store/writer.h"

struct store {
	int lock; /* held while the store is open: one writer at a time */
	sqlite3 *db;
	struct writer *writer;
	struct summaries *summaries; /* of the VMs in flight */
};

char *store_path(const char *state)
{
	return mem_printf("%s/results.db", state);
}

/* Only the file itself: SQLite gives its journals the same mode. Never opens a file that is there:
 * closing it again would drop the locks that other handles of this process have on it. */
static int create_file(const char *path, struct err *err)
{
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST)
		return err_set_errno(err, errno, "%s: cannot create the store", path);
	return 0;
}

/* In a file of its own, which stays: whoever removed it would let two writers in. */
static int take_lock(struct store *store, const char *path, struct err *err)
{
	auto_free char *name = mem_printf("%s-lock", path);

	store->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock < 0)
		return err_set_errno(err, errno, "%s: cannot open the lock of the store", name);
	if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, -EBUSY, "%s: another qsoakd writes to this store", path);
	return err_set_errno(err, errno, "%s: cannot lock", name);
}

static int set_modes(sqlite3 *db, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	const char *mode;
	int r = sql_exec(db, "PRAGMA foreign_keys=ON", "cannot switch foreign keys on", err);

	if (r == 0)
		r = sql_prepare(db, "PRAGMA journal_mode=WAL", &stmt, err);
	if (r < 0)
		return r;
	if (sqlite3_step(stmt) != SQLITE_ROW)
		return sql_error(db, "cannot switch the write-ahead log on", err);
	mode = (const char *)sqlite3_column_text(stmt, 0);
	if (!mode || strcmp(mode, "wal"))
		return err_set(err, -EIO, "%s: the file system cannot hold a write-ahead log",
			       sqlite3_db_filename(db, "main"));
	return 0;
}

/* What a killed qsoakd left open was interrupted. Nobody knows when: a campaign is given the last
 * time of which it has a row, a run and an operation none. */
static int recover(sqlite3 *db, bool keep_open, struct err *err)
{
	static const char format[] =
		"BEGIN IMMEDIATE;"
		"UPDATE operation SET outcome = 'interrupted' WHERE outcome = 'running';"
		"UPDATE run SET end = 'interrupted' WHERE end IS NULL;"
		"UPDATE campaign SET end = 'interrupted', ended_unix_ns = " TIMES_LAST(
			"campaign") ","
				    " operations = (SELECT count(*) FROM operation WHERE "
				    "campaign_id = campaign.id"
				    "  AND outcome IN ('ok', 'failed'))"
				    " WHERE end IS NULL AND NOT (%d AND request NOT NULL"
				    "  AND id = (SELECT max(id) FROM campaign WHERE end IS NULL));"
				    "COMMIT;";
	auto_free char *sql = mem_printf(format, keep_open);

	return sql_exec(db, sql, "cannot mark what was interrupted", err);
}

/* The VMs of campaigns in flight have none of their last samples yet. */
static int complete_each(sqlite3 *db, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(db, "SELECT id FROM campaign WHERE end IS NULL", &stmt, err);

	while (r == 0 && (r = sql_step(db, stmt, err)) > 0)
		r = summaries_rebuild(db, sqlite3_column_int64(stmt, 0), true, err);
	return r;
}

static int complete_summaries(sqlite3 *db, struct err *err)
{
	/* So it is with an older file, and with one whose qsoakd was killed while it made them. */
	static const char has_none[] = "SELECT NOT EXISTS (SELECT 1 FROM summary) "
				       "AND EXISTS (SELECT 1 FROM operation WHERE outcome = 'ok')";
	int64_t none;
	int r = sql_integer(db, has_none, &none, err);

	if (r == 0 && none)
		return summaries_rebuild_all(db, err);
	if (r == 0)
		r = sql_exec(db, "BEGIN IMMEDIATE", "cannot write to the store", err);
	if (r == 0)
		r = complete_each(db, err);
	if (r == 0)
		r = sql_exec(db, "COMMIT", "cannot store the summaries", err);
	if (r < 0 && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static int open_file(struct store *store, const char *path, struct err *err)
{
	int r = create_file(path, err);

	if (r < 0)
		return r;
	r = sql_open(path, SQLITE_OPEN_READWRITE, &store->db, err);
	if (r < 0)
		return r;
	if (sqlite3_db_readonly(store->db, "main"))
		return err_set(err, -EACCES, "%s: the store cannot be written to", path);
	r = schema_check(store->db, err);
	/* Whose it may be, nobody knows: see damage.h for our own. */
	return r == -EUCLEAN ? (err->code = -EINVAL) : r;
}

static int prepare_content(struct store *store, bool keep_open, int64_t *ret_id, struct err *err)
{
	int r;

	/* A store that is refused after all is not even checkpointed by its close. */
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = schema_migrate(store->db, err);
	if (r < 0)
		return r;
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	r = set_modes(store->db, err);
	if (r == 0)
		r = complete_summaries(store->db, err);
	if (r == 0)
		r = recover(store->db, keep_open, err);
	if (r == 0)
		r = schema_last_id(store->db, ret_id, err);
	if (r == 0)
		++*ret_id;
	return r;
}

int store_open(struct ev_loop *loop, const char *path, bool keep_open, struct store **ret_store,
	       int64_t *ret_first_id, struct err *err)
{
	struct store *store = mem_new(struct store);
	struct err ignored = { 0 };
	int64_t first_id;
	int r;

	store->lock = -1;
	store->summaries = summaries_new();
	r = open_file(store, path, err);
	if (r == 0)
		r = take_lock(store, path, err);
	if (r == 0)
		r = prepare_content(store, keep_open, &first_id, err);
	if (r == 0)
		r = writer_start(loop, store->db, &store->writer, err);
	if (r < 0) {
		store_close(store, &ignored);
		return r;
	}
	*ret_store = store;
	*ret_first_id = first_id;
	return 0;
}

static bool on_record(void *ctx, const struct record *record, const struct record_durable *durable)
{
	struct store *store = ctx;
	struct rows rows = { 0 };

	rows_add_record(&rows, record);
	summaries_add_record(store->summaries, record, &rows);
	if (!rows.first)
		return false;
	writer_put(store->writer, &rows, durable);
	return durable != NULL;
}

void store_subscribe(struct store *store, struct records *records)
{
	records_subscribe(records, on_record, store);
}

void store_on_failure(struct store *store, void (*fn)(void *ctx, const struct err *err), void *ctx)
{
	writer_on_failure(store->writer, fn, ctx);
}

bool store_answers(struct store *store)
{
	return writer_answers(store->writer);
}

void store_on_trouble(struct store *store, void (*fn)(void *ctx, const struct err *err), void *ctx)
{
	writer_on_trouble(store->writer, fn, ctx);
}

int store_close(struct store *store, struct err *err)
{
	int r;

	if (!store)
		return 0;
	r = writer_stop(store->writer, err);
	sqlite3_close(store->db);
	/* After the database: its last close still writes. */
	fd_close(&store->lock);
	summaries_free(store->summaries);
	free(store);
	return r;
}

int store_rebuild(const char *path, struct err *err)
{
	struct store store = { .lock = -1 };
	int r = access(path, F_OK) < 0
			? err_set(err, -EINVAL, "%s: there is no results store", path)
			: open_file(&store, path, err);

	if (r == 0)
		r = take_lock(&store, path, err);
	if (r == 0)
		r = schema_migrate(store.db, err);
	if (r == 0)
		r = set_modes(store.db, err);
	if (r == 0)
		r = summaries_rebuild_all(store.db, err);
	sqlite3_close(store.db);
	fd_close(&store.lock);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* SQLite's results as errors of this project. */
#include "store/sql.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

/* How long to wait for a lock that another program holds. A reader never holds up the writer (WAL);
 * somebody who edits the file by hand does. */
#define BUSY_TIMEOUT_MS 30000

static int error_code(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return -EACCES;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return -EIO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	default:
		return -EBADMSG;
	}
}

bool sql_may_pass(int code)
{
	return code == -ENOSPC || code == -EBUSY || code == -EACCES || code == -ENOMEM ||
	       code == -EIO;
}

static int set_error(sqlite3 *db, const char *path, const char *what, struct err *err)
{
	int rc = sqlite3_extended_errcode(db);
	int system = sqlite3_system_errno(db);
	const char *text = sqlite3_errmsg(db);

	/* The system's errno is only fresh where the system was asked. */
	if (system && ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN))
		return err_set(err, error_code(rc), "%s: %s: %s (%s)", path, what, text,
			       strerrordesc_np(system));
	return err_set(err, error_code(rc), "%s: %s: %s", path, what, text);
}

int sql_error(sqlite3 *db, const char *what, struct err *err)
{
	return set_error(db, sqlite3_db_filename(db, "main"), what, err);
}

int sql_open(const char *path, int flags, sqlite3 **ret_db, struct err *err)
{
	auto_db sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				 NULL);

	if (!db)
		return err_set(err, -ENOMEM, "%s: cannot open the store: out of memory", path);
	if (rc != SQLITE_OK)
		return set_error(db, path, "cannot open the store", err);
	sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
	*ret_db = mem_steal(db);
	return 0;
}

int sql_exec(sqlite3 *db, const char *sql, const char *what, struct err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sql_error(db, what, err);
	return 0;
}

int sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_stmt, struct err *err)
{
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt, NULL) != SQLITE_OK)
		return sql_error(db, "cannot prepare a statement", err);
	return 0;
}

int sql_step(sqlite3 *db, sqlite3_stmt *stmt, struct err *err)
{
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return sql_error(db, "cannot read the store", err);
	}
}

int sql_integer(sqlite3 *db, const char *sql, int64_t *ret_value, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(db, sql, &stmt, err);

	if (r < 0)
		return r;
	if (sqlite3_step(stmt) != SQLITE_ROW)
		return sql_error(db, "cannot read the store", err);
	*ret_value = sqlite3_column_int64(stmt, 0);
	return 0;
}

char *sql_column_strdup(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text ? mem_strdup(text) : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite with this project's errors: what was being done, in which file, and SQLite's own words. */
#ifndef QSOAK_STORE_SQL_H
#define QSOAK_STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Whether an error of this code may be over later: no space, a disk or a lock that says no. Not the others:
 * -EUCLEAN, the file is damaged; -EBADMSG, what was to be stored is wrong. */
bool sql_may_pass(int code);

/* Sets err from db's last error: "FILE: WHAT: SQLITE'S TEXT". Returns the code. */
int sql_error(sqlite3 *db, const char *what, struct err *err);

/* Opens path with SQLITE_OPEN_* flags; the handle waits for locks of others. The caller closes. */
int sql_open(const char *path, int flags, sqlite3 **ret_db, struct err *err);

/* Runs statements that return no row that matters. */
int sql_exec(sqlite3 *db, const char *sql, const char *what, struct err *err);

int sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_stmt, struct err *err);

/* 1: there is a row, 0: no more, negative: an error. */
int sql_step(sqlite3 *db, sqlite3_stmt *stmt, struct err *err);

/* The integer in the first column of the first row. */
int sql_integer(sqlite3 *db, const char *sql, int64_t *ret_value, struct err *err);

/* A copy of the text in a column, NULL for NULL; the caller frees. */
char *sql_column_strdup(sqlite3_stmt *stmt, int column);

static inline void sql_finalize_p(sqlite3_stmt **stmt)
{
	sqlite3_finalize(*stmt);
}

static inline void sql_close_p(sqlite3 **db)
{
	sqlite3_close(*db);
}

#define auto_stmt __attribute__((cleanup(sql_finalize_p)))
#define auto_db __attribute__((cleanup(sql_close_p)))

#endif

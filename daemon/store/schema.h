/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of a results store, and how an older file comes up to date.
 *
 * The file is an interface for other programs: columns carry their unit in their name, times are
 * nanoseconds since the epoch (UTC), NULL means "not known" or "not measured". The text of the
 * schema has its comments in the file itself (`.schema` of the sqlite3 shell prints them).
 */
#ifndef QSOAK_STORE_SCHEMA_H
#define QSOAK_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/err.h"

/* In the header of the file: 'qsok'. file(1) and we know a store by it. */
#define SCHEMA_APPLICATION_ID 0x71736f6b

/* Looks at the header of a file that was just opened, before any statement ran, and writes
 * nothing, neither to the file nor beside it. Refuses (-EINVAL) what is no store, and a store of a
 * newer version; -EUCLEAN: it is no file of SQLite at all. Takes an empty file. */
int schema_check(sqlite3 *db, struct err *err);

/* Creates the tables or brings them up to date, each version in a transaction of its own. Makes no
 * summaries, which older files have none of. */
int schema_migrate(sqlite3 *db, struct err *err);

/* The highest id that is given, or 0; where a table cannot be read that of the others, and the error. */
int schema_last_id(sqlite3 *db, int64_t *ret_id, struct err *err);

/* Refuses a file that schema_migrate() would have to change (or could not). */
int schema_require_current(sqlite3 *db, struct err *err);

#endif

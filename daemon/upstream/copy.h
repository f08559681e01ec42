/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows as the text format of PostgreSQL's COPY, and values as text. */
#ifndef QSOAK_UPSTREAM_COPY_H
#define QSOAK_UPSTREAM_COPY_H

#include <sqlite3.h>
#include <stdio.h>

#include "upstream/mirror.h"

/* A line: first, then the columns of the row that stmt stands at. Text that is no UTF-8, which PostgreSQL refuses, gets
 * a '?' for each byte that is no ASCII. */
void copy_row(FILE *out, int64_t first, sqlite3_stmt *stmt, const struct mirror_table *table);

/* One of them by itself, not escaped; NULL for NULL. The caller frees. */
char *copy_value(sqlite3_stmt *stmt, int column, enum mirror_type type);

#endif

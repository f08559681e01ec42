/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for people: columns that fit their widest cell, safe to print, never cut, no colour. */
#ifndef QSOAK_REPORT_TABLE_H
#define QSOAK_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table_column {
	const char *title;
	bool right; /* for numbers */
};

struct table;

struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table);

/* One cell after the other, line by line. Takes text over and frees it; whatever it holds is made
 * printable. NULL prints as "-". */
void table_add(struct table *table, char *text);

void table_print(struct table *table, FILE *out);

#endif

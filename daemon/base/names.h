/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of enum values: the words of log lines, columns, JSON and profiles.
 *
 * A table is a `const char *const NAME[COUNT]` indexed by the enum, with every entry set;
 * NAMES_COMPLETE() next to it fails to compile when an enum value is added without its name.
 */
#ifndef QSOAK_BASE_NAMES_H
#define QSOAK_BASE_NAMES_H

#include <stddef.h>

#define NAMES_COMPLETE(table, count) \
	_Static_assert(sizeof(table) / sizeof((table)[0]) == (count), #table " names every value")

/* The name of value; "?" outside the table, so that a log line never crashes. */
const char *names_of(const char *const *table, size_t count, size_t value);

/* The value of name, or -1. */
int names_find(const char *const *table, size_t count, const char *name);

/* "a, b or c", for error texts; the caller frees. */
char *names_list(const char *const *table, size_t count);

#endif

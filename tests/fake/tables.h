/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that the fake knows, and what no schema tells of them. */
#ifndef QSOAK_TESTS_FAKE_TABLES_H
#define QSOAK_TESTS_FAKE_TABLES_H

#include <stdbool.h>
#include <stdio.h>

struct request;

struct command {
	const char *name;
	void (*run)(struct request *request);
	bool oob;	  /* run() keeps its hands off what the BQL guards */
	bool late_faults; /* run() itself calls strike() */
	bool late_slow;	  /* run() itself looks at slow_ms */
};

/* NULL if there is none. */
const struct command *tables_find(const char *name);

void tables_print(FILE *file);

/* How wide the integer argument of that name is; NULL: of none. */
int tables_bits(const char *name);

#endif

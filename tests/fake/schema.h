/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands: names, arguments and their types as in QEMU 7.2, and who executes them. */
#ifndef QSOAK_TESTS_FAKE_SCHEMA_H
#define QSOAK_TESTS_FAKE_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct request;

enum arg_type {
	ARG_STR,
	ARG_BOOL,
	ARG_UINT8,
	ARG_UINT32,
	ARG_UINT64,
	ARG_STR_OR_NULL,
	ARG_ENUM,    /* one of names */
	ARG_STRS,    /* array of strings */
	ARG_ENUMS,   /* array of names */
	ARG_OBJECTS, /* array of objects with members */
};

struct arg {
	const char *name; /* NULL ends a table */
	enum arg_type type;
	bool optional;
	const char *const *names;  /* ARG_ENUM, ARG_ENUMS: ends with NULL */
	const char *names_type;	   /* what query-qmp-schema calls them */
	const struct arg *members; /* ARG_OBJECTS */
};

struct command {
	const char *name;
	const struct arg *args;	   /* or NULL: none */
	const struct arg *returns; /* as far as query-qmp-schema tells it */
	void (*run)(struct request *request);
	bool oob;	  /* also out-of-band; run() then keeps its hands off what the BQL guards */
	bool late_faults; /* run() itself calls strike() */
	bool late_slow;	  /* run() itself looks at slow_ms */
};

/* NULL if there is none. */
const struct command *schema_find(const char *name);

/* Checks arguments; false with QEMU's own sentence in ret_why. */
bool schema_check(const struct command *command, const json_t *args, char *ret_why, size_t size);

/* The value of query-qmp-schema, of what the fake knows. */
json_t *schema_introspect(void);

/* From now on no enumeration has this value: a build without a feature. */
void schema_lack(const char *value);
bool schema_lacks(const char *value);

void schema_print_names(FILE *file);

#endif

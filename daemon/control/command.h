/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the control socket, as a table: what a peer may send, checked before it is
 * executed, and what introspection tells about it.
 *
 * A command is executed on the loop, or it only reads: then it knows nothing of the daemon but its
 * state folder, is executed by the reader's thread, and by qsoak itself where it looks at a state
 * without a daemon.
 */
#ifndef QSOAK_CONTROL_COMMAND_H
#define QSOAK_CONTROL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct client;

enum argument_type {
	ARGUMENT_STRING,
	ARGUMENT_INTEGER,
	ARGUMENT_BOOLEAN,
	ARGUMENT_BUILDS,       /* list of {"name", "binary"} */
	ARGUMENT_REGISTERED,   /* list of {"file", "text"} */
	ARGUMENT_NUMBER,       /* 64 unsigned bits: decimal digits in a string, or an integer */
	ARGUMENT_REPLAY,       /* {"slot", "vm", "first-loop", "loops", "attempts"} */
	ARGUMENT_SEARCH,       /* {"signature", "times", "loops"} */
	ARGUMENT_CAPABILITIES, /* list of words */
	ARGUMENT_TYPE_COUNT,
};

struct argument {
	const char *name; /* NULL: the end */
	enum argument_type type;
	bool required;
};

struct command {
	const char *name;
	const struct argument *arguments;
	/* One of the two; arguments is an object that has passed command_check(). */
	int (*execute)(struct client *client, json_t *arguments, json_t **ret_value,
		       struct err *err);
	int (*read)(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
	bool changes; /* not for those who may only read */
};

/* The table, in the order of the names; ends with a NULL name. */
extern const struct command commands[];

const struct command *command_find(const char *name);

/* Whether arguments has what the command needs and nothing else; -EINVAL says what. */
int command_check(const struct command *command, json_t *arguments, struct err *err);

/* What a value of this type is, for error texts: "a whole number". */
const char *command_expected(enum argument_type type);

/* Executes a command that reads, on the state folder. arguments is borrowed. */
int command_read(const char *state, const char *name, json_t *arguments, json_t **ret_value,
		 struct err *err);

#endif

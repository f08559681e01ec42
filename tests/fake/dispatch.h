/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a message to its command and back: the checks that QEMU makes, execution, the reply. */
#ifndef QSOAK_TESTS_FAKE_DISPATCH_H
#define QSOAK_TESTS_FAKE_DISPATCH_H

#include <jansson.h>
#include <stdbool.h>

#include "fault.h"

#define FAKE_MICRO 99

struct fake;
struct message;

/* One command in execution. */
struct request {
	struct fake *fake;
	const struct command *command;
	json_t *args; /* checked; an object, never NULL */
	json_t *id;   /* or NULL */
	struct hits hits;
	unsigned slow_ms;
	bool slow; /* slow_ms was asked for */
	bool replied;
};

/* Replies; takes the value, of which the schema decides what is told. A command that does not reply itself gets {} as its reply. */
void request_return(struct request *request, json_t *value);
void request_error(struct request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The main loop's part, with the BQL held. */
void dispatch_message(struct fake *fake, struct message *message);

/* The monitor thread's part. */
bool dispatch_is_oob(const json_t *object);
void dispatch_oob(struct fake *fake, json_t *object);

/* The value of query-version. */
json_t *dispatch_version(void);

#endif

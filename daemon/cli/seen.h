/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The failures of a campaign that a client has seen, each once, whatever order they come in. */
#ifndef QSOAK_CLI_SEEN_H
#define QSOAK_CLI_SEEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen;

/* Failures of one build with one signature. */
struct seen_kind {
	const char *build, *signature; /* borrowed */
	int64_t count, newest;	       /* the highest id of them */
};

struct seen *seen_new(void);
void seen_free(struct seen *seen); /* takes NULL */

/* data: of a FAILURE, or a row of query-failures. False: it had been seen. */
bool seen_add(struct seen *seen, json_t *data);

/* The id of the failure that data tells of. */
int64_t seen_id(const json_t *data);

/* How many there are of each class: an object, borrowed. */
json_t *seen_classes(const struct seen *seen);

/* The kinds that came last, newest first, at most max; returns how many. */
size_t seen_newest(const struct seen *seen, struct seen_kind *ret_kinds, size_t max);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The legal orders of what a QEMU says: run states, statuses of jobs and of migrations.
 *
 * The tables are those of QEMU 7.2 to 10.0: job.c, system/runstate.c, migration/migration.c. Statuses
 * are an open set: one that no table knows is logged once, and whatever follows it is legal.
 */
#ifndef QSOAK_WATCH_PROTOCOL_H
#define QSOAK_WATCH_PROTOCOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* More jobs at a time than this are not followed. */
#define PROTOCOL_JOBS_MAX 8
#define PROTOCOL_NAME_MAX 64

/* What is said of an operation, by name, that is over while its guest stands. */
#define PROTOCOL_NO_RESUME "%s has ended without RESUME"

enum protocol_run {
	PROTOCOL_RUN_UNKNOWN, /* it has said nothing yet */
	PROTOCOL_RUNS,
	PROTOCOL_STANDS,
	PROTOCOL_SHUT, /* SHUTDOWN */
	PROTOCOL_RUN_COUNT,
};

/* Words of QEMU that no table knows and that have been logged; one for all VMs. */
#define PROTOCOL_WORDS_MAX 16

struct protocol_words {
	char word[PROTOCOL_WORDS_MAX][PROTOCOL_NAME_MAX];
	size_t count;
};

/* What one QEMU has said so far. Zeroed memory with words set: nothing. */
struct protocol {
	struct protocol_words *words;
	enum protocol_run run;
	int migration; /* of a table in protocol.c, as are the statuses of jobs */
	struct {
		char id[PROTOCOL_NAME_MAX]; /* "": free */
		int status;
	} jobs[PROTOCOL_JOBS_MAX];
};

/* Takes part in an event. False if it is illegal here; then text (of size bytes) says why. */
bool protocol_event(struct protocol *protocol, const char *name, const json_t *data, char *text,
		    size_t size);

/* The same of what query-status said. io-error is legal: it is the host's. */
bool protocol_status(struct protocol *protocol, const char *status, char *text, size_t size);

/* The guest was seen to run. */
void protocol_set_running(struct protocol *protocol);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader: a thread that executes commands which read results, one after the other.
 *
 * An export may read for seconds; on the loop that would be seconds in which no deadline of an
 * operation is looked at, and in everybody's timings.
 */
#ifndef QSOAK_CONTROL_READER_H
#define QSOAK_CONTROL_READER_H

#include <ev.h>
#include <jansson.h>

#include "control/command.h"

struct reader;
struct reader_job;

/* text is the answer as JSON, stolen by fn; NULL: err says why there is none. */
typedef void (*reader_fn)(void *ctx, char *text, const struct err *err);

struct reader *reader_new(struct ev_loop *loop, const char *state);

/* Waits for the job in progress and drops the others; takes NULL. */
void reader_free(struct reader *reader);

/* Executes command, whose arguments have passed the check and are copied; fn is called once, from
 * the loop. The job is gone when it returns. */
struct reader_job *reader_submit(struct reader *reader, const struct command *command,
				 json_t *arguments, reader_fn fn, void *ctx);

/* fn is not called any more; nor is the command executed, unless that has begun. */
void reader_cancel(struct reader_job *job);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations and their steps as JSON (see reproducer-trace.h), and how they are cut into loops. */
#ifndef QSOAK_TRIAGE_REPRODUCER_LOOPS_H
#define QSOAK_TRIAGE_REPRODUCER_LOOPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* All jobs have this name: there is one at a time, and it is dismissed. */
#define LOOPS_JOB "job"

#define LOOPS_SAVE "snapshot-save"

/* arguments may be NULL, and is stolen. */
json_t *step_to(const char *peer, const char *command, json_t *arguments);

/* Adds an event to what a step awaits; data may be NULL, and is stolen. */
void step_await(json_t *step, const char *peer, const char *event, json_t *data);

/* NULL where the step is none that sends a command. Borrowed. */
const char *step_execute(const json_t *step);

json_t *operation_new(const char *name);
json_t *operation_steps(const json_t *operation); /* borrowed */
const char *operation_name(const json_t *operation);

/* The last element, borrowed, or NULL. */
json_t *list_last(const json_t *list);

/* The operations to be repeated, a new list. Loops begin at each snapshot-save, or at what comes first
 * where there is none; the last TRACE_LOOPS_MAX are kept, and of equal ones one. The last one has no end:
 * one before it that begins like it stands for it, else its end is added, and *ret_completed says so.
 * *ret_whole: the number of the others. */
json_t *loops_choose(json_t *operations, bool *ret_completed, size_t *ret_whole);

#endif

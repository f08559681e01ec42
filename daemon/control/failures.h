/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failures on their way from the record to clients: nobody is shown what a kill could still lose, so they wait
 * until they are durable. Each knows whether its signature was never seen before in this store.
 */
#ifndef QSOAK_CONTROL_FAILURES_H
#define QSOAK_CONTROL_FAILURES_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/record.h"

/* So many signatures are known at most; those of failures beyond are never new. */
#define FAILURES_SIGNATURES_MAX 10000

struct failures;

struct failures *failures_new(void);

/* Takes NULL. */
void failures_free(struct failures *failures);

/* A signature that has been seen; false: it was known, or there is no room for more. */
bool failures_know(struct failures *failures, const char *class, const char *title);

/* All those of the store at path. */
int failures_know_stored(struct failures *failures, const char *path, struct err *err);

/* Returns whether its signature is new. */
bool failures_add(struct failures *failures, const struct record_failure *failure);

/* Data of the event FAILURE, once: the caller owns it. NULL where there is no such failure. */
json_t *failures_take(struct failures *failures, int64_t id);

/* Those that nobody will take any more. */
void failures_forget(struct failures *failures);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The results store: a SQLite file, written by one thread of its own.
 *
 * The loop never waits for the disk: records are turned into rows on the loop and queued; the
 * writer commits them in batches. A record emitted with a callback is committed (synced) at once.
 * A record may refer only to ids whose own record was emitted before it.
 */
#ifndef QSOAK_STORE_STORE_H
#define QSOAK_STORE_STORE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/record.h"

/* So many rows may wait for the disk (an operation is some ten rows); more fail the store. */
#define STORE_QUEUE_MAX 65536

/* The disk may take so long for one batch, until the writer is called dead. */
#define STORE_BATCH_LIMIT_NS (10 * 60 * CLOCK_NS_PER_S)

struct store;

/* The results store of a state folder; the caller frees. */
char *store_path(const char *state);

/* Opens or creates the file at path (mode 0600; its directory must be there), brings an older
 * schema up to date, marks operations and runs that were in flight as "interrupted", and starts the
 * writer. So it does with campaigns; keep_open: but for the newest, if it can go on.
 * Refuses a newer schema and a file that is no store, and leaves both untouched;
 * -EBUSY: another process writes to this store. ret_first_id: for records_new(). */
int store_open(struct ev_loop *loop, const char *path, bool keep_open, struct store **ret_store,
	       int64_t *ret_first_id, struct err *err);

/* Stores every record that is emitted from now on; the store must outlive the last emit. */
void store_subscribe(struct store *store, struct records *records);

/* fn is called once, on the loop, when the writer could not write or could not keep up: nothing
 * that is emitted from now on is stored. Nobody is left waiting: callbacks of records that were not
 * stored are called too, always after fn. Set it before the first record. */
void store_on_failure(struct store *store, void (*fn)(void *ctx, const struct err *err), void *ctx);

/* Whether the writer has answered since the last time it was asked by this, or is at work on a batch for less than
 * STORE_BATCH_LIMIT_NS: a disk that is slow or full is no dead writer. Asks it again. */
bool store_answers(struct store *store);

/* Makes all summaries of the store at path anew; -EBUSY: another process writes to it. */
int store_rebuild(const char *path, struct err *err);

/* fn is called on the loop when rows cannot be written for a reason that may pass (err), and when all were (NULL). They
 * wait in their order meanwhile, and their callbacks with them. Set it before the first record. */
void store_on_trouble(struct store *store, void (*fn)(void *ctx, const struct err *err), void *ctx);

/* Commits what is queued, ends the writer and closes the file; takes NULL. Callbacks that are still
 * due are dropped. Not from within a callback. Returns 0, or the error that kept rows from being
 * stored. */
int store_close(struct store *store, struct err *err);

#endif

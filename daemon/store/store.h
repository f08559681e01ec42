/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The results store: a SQLite file, written by one thread of its own.
 *
 * The loop never waits for the disk: records are turned into rows on the loop and queued; the
 * writer commits them in batches. A record emitted with a callback is committed (synced) at once.
 */
#ifndef QSOAK_STORE_STORE_H
#define QSOAK_STORE_STORE_H

#include <ev.h>
#include <stdint.h>

#include "base/err.h"
#include "base/record.h"

struct store;

/* Opens or creates the file at path, brings an older schema up to date, marks operations that were
 * in flight as "interrupted", and starts the writer. Refuses a newer schema and a file that is no
 * store, and leaves both untouched. ret_first_id: for records_new(). */
int store_open(struct ev_loop *loop, const char *path, struct store **ret_store,
	       int64_t *ret_first_id, struct err *err);

/* Stores every record that is emitted from now on; the store must outlive the last emit. */
void store_subscribe(struct store *store, struct records *records);

/* Called once, on the loop, when the writer could not write: nothing more is stored. */
void store_on_failure(struct store *store, void (*fn)(void *ctx, const struct err *err), void *ctx);

/* Commits what is queued, ends the writer and closes the file; takes NULL. Callbacks that are still
 * due are dropped. Returns 0, or the error that kept rows from being stored. */
int store_close(struct store *store, struct err *err);

#endif

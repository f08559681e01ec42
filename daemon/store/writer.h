/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer: a thread that commits queued rows in batches.
 *
 * Theory of operation
 *
 * The loop appends rows to a bounded queue under a mutex that the writer holds only to take the
 * whole queue. The writer begins a batch when rows with a callback are queued, when there are
 * many, or when the first one has waited for WRITER_BATCH_NS; a batch is one transaction. Then the
 * callbacks of the batch go on a list that an ev_async makes the loop work off, in order.
 *
 * A batch with a callback is committed with synchronous=FULL: the journal is synced before COMMIT
 * returns, and with it all earlier batches, since it is one file written front to back. Others are
 * committed with synchronous=NORMAL, which outlives the daemon but not the host: five syncs a
 * second for mere timings would disturb the disk whose timings these are.
 *
 * A batch that cannot be written for a reason that may pass (sql_may_pass()) stays in its place and
 * is tried again: the loop hears of the trouble, and of its end. The first error that does not pass,
 * and a queue that is full, fail the writer: it takes no more rows, but still tries all that it had
 * taken, so that one bad row costs no other. The loop hears of the failure first; only then come
 * the callbacks of what was not stored, because somebody waits for each of them.
 */
#ifndef QSOAK_STORE_WRITER_H
#define QSOAK_STORE_WRITER_H

#include <ev.h>
#include <sqlite3.h>

#include "base/err.h"
#include "store/rows.h"

struct writer;

/* Prepares the statements and starts the thread, which alone uses db until writer_stop(). */
int writer_start(struct ev_loop *loop, sqlite3 *db, struct writer **ret_writer, struct err *err);

/* Takes the rows of one record; they are committed together. durable may be NULL. */
void writer_put(struct writer *writer, struct rows *rows, const struct record_durable *durable);

/* See store_answers(). */
bool writer_answers(struct writer *writer);

void writer_on_failure(struct writer *writer, void (*fn)(void *ctx, const struct err *err),
		       void *ctx);

/* See store_on_trouble(). */
void writer_on_trouble(struct writer *writer, void (*fn)(void *ctx, const struct err *err),
		       void *ctx);

/* Commits what is queued and ends the thread; takes NULL. Returns what failed the writer. */
int writer_stop(struct writer *writer, struct err *err);

#endif

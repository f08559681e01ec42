/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Summaries: the samples of each metric of each VM, side by side.
 *
 * They are derived from the operations, for readers that want one metric of many VMs and not all of
 * few. They are made from the records as these come, or anew from the tables. Samples of operations that
 * ended ok, in their order; those of a comparison's warm-up are kept apart.
 */
#ifndef QSOAK_STORE_SUMMARY_H
#define QSOAK_STORE_SUMMARY_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/err.h"
#include "store/rows.h"

/* So many samples are one row; a VM with more has several. */
#define SUMMARY_SAMPLES_MAX 1024

struct summaries;

struct summaries *summaries_new(void);

/* NULL is fine. */
void summaries_free(struct summaries *summaries);

/* Takes in what a record says, and adds the rows of what is complete. */
void summaries_add_record(struct summaries *summaries, const struct record *record,
			  struct rows *rows);

/* Makes the summaries of a campaign anew, or with open_only those of the last VM of each slot: the ones
 * that a qsoakd that was killed had not finished. Within the caller's transaction. */
int summaries_rebuild(sqlite3 *db, int64_t campaign, bool open_only, struct err *err);

/* Of all campaigns, in one transaction. */
int summaries_rebuild_all(sqlite3 *db, struct err *err);

#endif

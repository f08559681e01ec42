/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows: what a record changes in the store, as statements with their values.
 *
 * Made on the loop, where the record lives, and carried to the writer, which binds and runs them
 * and knows nothing of records.
 */
#ifndef QSOAK_STORE_ROWS_H
#define QSOAK_STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/record.h"

enum row_statement {
	ROW_HOST,
	ROW_CAMPAIGN_BEGIN,
	ROW_CAMPAIGN_RESUME,
	ROW_CAMPAIGN_STOP,
	ROW_CAMPAIGN_END,
	ROW_BUILD,
	ROW_LEFT_OUT,
	ROW_RUN_BEGIN,
	ROW_RUN_END,
	ROW_OPERATION_BEGIN,
	ROW_OPERATION_END,
	ROW_STEP,
	ROW_MEASURE,
	ROW_LOOP_END,
	ROW_SIGNATURE,
	ROW_ALTERNATIVE,
	ROW_INCIDENT,
	ROW_FAILURE,
	ROW_COMPARISON,
	ROW_PRIMARY_METRIC,
	ROW_ENVIRONMENT,
	ROW_LOOK,
	ROW_GAP,
	ROW_GAP_END,
	ROW_SUMMARY,
	ROW_STATEMENT_COUNT,
};

struct row_sql {
	const char *what; /* for error texts: "cannot store the end of a run" */
	const char *sql;  /* the values are ?1, ?2, ... */
	bool must_change; /* it is an error if no row is there to change */
};

enum row_type {
	ROW_NULL,
	ROW_INTEGER,
	ROW_REAL,
	ROW_TEXT,
	ROW_SAMPLES, /* a blob of doubles */
};

struct row_value {
	enum row_type type;
	union {
		int64_t integer;
		double real;
		/* in the allocation of the row */
		const char *text;
		const double *samples;
	};
	size_t sample_count;
};

struct row {
	struct row *next;
	struct record_durable durable; /* of its record, on the last row of it; fn NULL: none */
	enum row_statement statement;
	size_t count;
	struct row_value values[];
};

struct rows {
	struct row *first;
	struct row *last;
	size_t count;
};

const struct row_sql *row_sql(enum row_statement statement);

/* Appends the rows of record, in the order in which they must run. */
void rows_add_record(struct rows *rows, const struct record *record);

/* Samples of one metric of a VM, in their order. */
struct row_summary {
	int64_t campaign_id;
	const char *kind, *name;
	int64_t slot, vm;
	int64_t part;			      /* from 0, of a VM with many */
	int64_t build_id, dst_build_id;	      /* dst: of a migrate to another build, else 0 */
	bool warm_up;			      /* of a comparison: they do not count */
	int64_t began_unix_ns, ended_unix_ns; /* of the VM's operations so far */
	const double *samples;
	size_t count;
};

void rows_add_summary(struct rows *rows, const struct row_summary *summary);

/* Binds the row's values to its statement, stmt, and runs it. */
int row_write(sqlite3 *db, sqlite3_stmt *stmt, const struct row *row, struct err *err);

/* Moves all of from behind those of rows. */
void rows_move(struct rows *rows, struct rows *from);

void rows_free(struct rows *rows);

#endif

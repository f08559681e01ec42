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

#include "base/record.h"

enum row_statement {
	ROW_HOST,
	ROW_CAMPAIGN_BEGIN,
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
};

struct row_value {
	enum row_type type;
	union {
		int64_t integer;
		double real;
		const char *text; /* in the allocation of the row */
	};
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

/* Moves all of from behind those of rows. */
void rows_move(struct rows *rows, struct rows *from);

void rows_free(struct rows *rows);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a results store is upstream, and how: tables and columns as they are in the store, in the schema qsoak.
 *
 * They are taken from the store's own schema, so a column that comes there comes here. But campaigns have ids of their
 * own upstream, all of their rows are under these, and what the store says by the id of a row that many campaigns
 * share (the host, a signature) is said by its name. Rows keep the ids that they have in their store.
 */
#ifndef QSOAK_UPSTREAM_MIRROR_H
#define QSOAK_UPSTREAM_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum mirror_type {
	MIRROR_INTEGER,
	MIRROR_REAL,
	MIRROR_TEXT,
	MIRROR_BLOB,
	MIRROR_UUID,
	MIRROR_TYPE_COUNT,
};

struct mirror_column {
	char *name; /* upstream */
	enum mirror_type type;
	bool not_null;
	char *preset; /* its DEFAULT, or NULL */
	char *source; /* what it is in a store: an expression over its row t */
	char *back;   /* the store's column that is made of it; NULL: of it and the one before */
	const char *made; /* how: an expression over one or two values "?"; NULL: it is the value */
};

/* The order is that in which a campaign's rows are pushed: a row that another one names comes later, so that it is
 * upstream when all are. */
enum mirror_table_id {
	MIRROR_OPERATION,
	MIRROR_STEP,
	MIRROR_MEASURE,
	MIRROR_FAILURE,
	MIRROR_INCIDENT,
	MIRROR_VM,
	MIRROR_SUMMARY,
	MIRROR_GAP,
	MIRROR_LOOK,
	MIRROR_RUN,
	MIRROR_LEFT_OUT,
	MIRROR_ENVIRONMENT,
	MIRROR_COMPARISON,
	MIRROR_PRIMARY_METRIC,
	MIRROR_BUILD,
	MIRROR_ROW_TABLES, /* those before are of a campaign */
	MIRROR_CAMPAIGN = MIRROR_ROW_TABLES,
	MIRROR_HOST,
	MIRROR_TABLE_COUNT,
};

struct mirror_table {
	struct mirror_column *columns;
	size_t count;
};

struct mirror {
	int64_t version; /* of the store */
	struct mirror_table tables[MIRROR_TABLE_COUNT];
};

int mirror_new(struct mirror **ret_mirror, struct err *err);
void mirror_free(struct mirror *mirror);

const char *mirror_table_name(enum mirror_table_id table);

/* Rows that a push looks at together: whose number in this column is the same when it is divided by size. */
int64_t mirror_bucket_size(enum mirror_table_id table);

/* Whether its rows go with those of their operation. */
bool mirror_goes_with_operation(enum mirror_table_id table);

/* All of these are SQL that the caller frees. */

/* Of PostgreSQL: makes the tables, or brings them up to date. */
char *mirror_layout_sql(const struct mirror *mirror);

/* "SELECT bucket, rows, changes" of a campaign from a number on, by bucket: which buckets differ, has to be pushed. Of
 * a store (?1, ?2: finished rows only), or upstream ($1, $2). */
char *mirror_digest_sql(enum mirror_table_id table, bool upstream);

/* Of a store: the finished rows of campaign ?1 with numbers from ?2 to ?3. Of campaign and host: row ?1. */
char *mirror_read_sql(const struct mirror *mirror, enum mirror_table_id table);

/* Of PostgreSQL: a table of the session like this one, COPY into it, and what merges it. */
char *mirror_stage_sql(enum mirror_table_id table);
char *mirror_copy_sql(const struct mirror *mirror, enum mirror_table_id table);
char *mirror_merge_sql(const struct mirror *mirror, enum mirror_table_id table);

/* Of PostgreSQL: signatures of the failures in the session's table. */
extern const char mirror_merge_signatures[];

/* Of PostgreSQL: $1, ... are the columns. New ones only. */
char *mirror_insert_sql(const struct mirror *mirror, enum mirror_table_id table);

/* Of PostgreSQL: the campaign whose uuid is among $1, ... becomes as these are. */
char *mirror_update_campaign_sql(const struct mirror *mirror);

#endif

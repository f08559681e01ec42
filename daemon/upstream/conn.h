/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to PostgreSQL in which no wait is without a deadline: libpq, never blocking, and poll(2).
 *
 * After an error a connection is of no more use but to be closed. What the server says is quoted in errors, one line
 * of it.
 */
#ifndef QSOAK_UPSTREAM_CONN_H
#define QSOAK_UPSTREAM_CONN_H

#include <libpq-fe.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

/* Until it is connected; but the resolver of host names has limits of its own. */
#define CONN_OPEN_LIMIT_NS (10 * CLOCK_NS_PER_S)

/* What one statement may take, which the server sees to, and how long a server may be silent. */
#define CONN_STATEMENT_LIMIT_NS (60 * CLOCK_NS_PER_S)
#define CONN_SILENCE_LIMIT_NS (CONN_STATEMENT_LIMIT_NS + 10 * CLOCK_NS_PER_S)

struct conn;

/* -EINVAL: the URL is none, or has a password; else what is wrong with the server, or the way to it. */
int conn_open(const char *url, struct conn **ret_conn, struct err *err);
void conn_close(struct conn *conn);

/* Runs statements without arguments; what is for error texts: "cannot create the tables". */
int conn_exec(struct conn *conn, const char *sql, const char *what, struct err *err);

/* Runs one statement with values ($1, ...) as text, NULL for NULL. ret_result, which may be NULL, is the caller's. */
int conn_query(struct conn *conn, const char *sql, const char *const *values, int count,
	       const char *what, PGresult **ret_result, struct err *err);

/* The same, row by row: fn gets each in row 0 of result, and ends it by a negative errno. */
int conn_stream(struct conn *conn, const char *sql, const char *const *values, int count,
		const char *what, int (*fn)(void *ctx, PGresult *result, struct err *err),
		void *ctx, struct err *err);

/* Runs a COPY .. FROM STDIN with this text as its rows. */
int conn_copy(struct conn *conn, const char *sql, const char *text, size_t size, const char *what,
	      struct err *err);

/* A value as text, "" for NULL, and where the server has sent no such row or column. Borrowed. */
static inline const char *conn_value(const PGresult *result, int row, int column)
{
	return PQgetvalue(result, row, column) ?: "";
}

static inline void conn_clear_p(PGresult **result)
{
	PQclear(*result);
}

#define auto_result __attribute__((cleanup(conn_clear_p)))

#endif

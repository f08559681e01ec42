// SPDX-License-Identifier: GPL-2.0-or-later
/* Theory of operation: libpq only ever queues and parses; each time that it would wait, wait_for() does. */
#include "upstream/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/mem.h"
#include "upstream/url.h"

/* Of a COPY so much is handed to libpq at a time: it keeps no more. */
#define CHUNK_BYTES (64 * 1024)

struct conn {
	PGconn *pg;
};

/* The first line of what the server or libpq says. */
static int say(struct err *err, int code, const char *what, const char *text)
{
	return err_set(err, code, "upstream: %s: %.*s", what, (int)strcspn(text, "\n"), text);
}

static int fail(struct conn *conn, const char *what, struct err *err)
{
	return say(err, -EIO, what, PQerrorMessage(conn->pg));
}

static int fail_result(const PGresult *result, const char *what, struct err *err)
{
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!text)
		text = PQresultErrorMessage(result);
	return say(err, -EIO, what, *text ? text : "the server answers what was not asked");
}

/* Waits until the socket can do one of events. */
static int wait_for(struct conn *conn, short events, int64_t until_ns, const char *what,
		    struct err *err)
{
	struct pollfd socket = { .fd = PQsocket(conn->pg), .events = events };
	int n;

	do {
		int64_t left_ns = until_ns - clock_now_ns();

		if (left_ns <= 0)
			return err_set(err, -ETIMEDOUT,
				       "upstream: %s: the server did not answer in time", what);
		n = poll(&socket, 1, (int)(left_ns / CLOCK_NS_PER_MS) + 1);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? err_set_errno(err, errno, "upstream: poll") : 0;
}

static int connect_it(struct conn *conn, struct err *err)
{
	static const char what[] = "cannot connect";
	int64_t until_ns = clock_now_ns() + CONN_OPEN_LIMIT_NS;
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	int r = 0;

	if (PQstatus(conn->pg) == CONNECTION_BAD)
		return fail(conn, what, err);
	while (r == 0 && next != PGRES_POLLING_OK) {
		r = wait_for(conn, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ns, what,
			     err);
		if (r == 0)
			next = PQconnectPoll(conn->pg);
		if (next == PGRES_POLLING_FAILED)
			return PQconnectionNeedsPassword(conn->pg)
				       ? err_set(err, -EIO,
						 "upstream: %s: the server asks for a password; "
						 "%s",
						 what, UPSTREAM_PASSWORD_ADVICE)
				       : fail(conn, what, err);
	}
	return r;
}

/* What libpq makes of the URL. */
static int check_url(const char *url, struct err *err)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &why);
	bool password = upstream_url_has_password(url);

	if (!options) {
		say(err, -EINVAL, "the URL", why ? why : "out of memory");
		PQfreemem(why);
		return err->code;
	}
	for (const PQconninfoOption *option = options; option->keyword; option++)
		password |= option->val && strstr(option->keyword, "password");
	PQconninfoFree(options);
	return password ? err_set(err, -EINVAL, "%s", UPSTREAM_PASSWORD_ADVICE) : 0;
}

static void ignore_notice(void *ctx, const PGresult *result)
{
	(void)ctx;
	(void)result;
}

/* So that nobody else's function is called for one of PostgreSQL's own, that values are written in one way, and that
 * a server that has lost us lets go of our locks. Settings that it does not know are left alone. */
static int set_up(struct conn *conn, struct err *err)
{
	auto_free char *sql =
		mem_printf("SET search_path = pg_catalog, pg_temp; SET extra_float_digits = 3; "
			   "SET bytea_output = hex; SET statement_timeout = %lld; "
			   "SELECT set_config(name, '%lld', false) FROM pg_settings WHERE name IN "
			   "('idle_session_timeout', 'idle_in_transaction_session_timeout')",
			   (long long)(CONN_STATEMENT_LIMIT_NS / CLOCK_NS_PER_MS),
			   (long long)(2 * CONN_STATEMENT_LIMIT_NS / CLOCK_NS_PER_MS));

	return conn_exec(conn, sql, "cannot set up the session", err);
}

int conn_open(const char *url, struct conn **ret_conn, struct err *err)
{
	/* Later ones come first, so the URL may say something else. */
	const char *const keys[] = { "tcp_user_timeout", "fallback_application_name", "dbname",
				     "client_encoding", NULL };
	const char *const values[] = { "60000", "qsoak", url, "UTF8", NULL };
	struct conn *conn;
	int r;

	if (!upstream_url_is(url))
		return err_set(err, -EINVAL, "upstream: found \"%.100s\", expected %s", url,
			       UPSTREAM_URL_EXPECTED);
	r = check_url(url, err);
	if (r < 0)
		return r;
	conn = mem_new(struct conn);
	conn->pg = PQconnectStartParams(keys, values, 1);
	if (!conn->pg)
		abort();
	PQsetNoticeReceiver(conn->pg, ignore_notice, NULL);
	r = connect_it(conn, err);
	if (r == 0 && PQsetnonblocking(conn->pg, 1) < 0)
		r = fail(conn, "cannot connect", err);
	if (r == 0)
		r = set_up(conn, err);
	if (r < 0)
		conn_close(conn);
	else
		*ret_conn = conn;
	return r;
}

void conn_close(struct conn *conn)
{
	if (!conn)
		return;
	PQfinish(conn->pg);
	free(conn);
}

/* Sends all that is queued. A server that has something to say first is listened to. */
static int flush(struct conn *conn, const char *what, struct err *err)
{
	int64_t until_ns = clock_now_ns() + CONN_SILENCE_LIMIT_NS;
	int left, r = 0;

	while (r == 0 && (left = PQflush(conn->pg)) != 0) {
		if (left < 0)
			return fail(conn, what, err);
		r = wait_for(conn, POLLIN | POLLOUT, until_ns, what, err);
		if (r == 0 && !PQconsumeInput(conn->pg))
			return fail(conn, what, err);
	}
	return r;
}

/* The next result, NULL after the last one. */
static int next_result(struct conn *conn, const char *what, PGresult **ret_result, struct err *err)
{
	int64_t until_ns = clock_now_ns() + CONN_SILENCE_LIMIT_NS;
	int r = flush(conn, what, err);

	while (r == 0 && PQisBusy(conn->pg)) {
		r = wait_for(conn, POLLIN, until_ns, what, err);
		if (r == 0 && !PQconsumeInput(conn->pg))
			return fail(conn, what, err);
	}
	if (r == 0)
		*ret_result = PQgetResult(conn->pg);
	return r;
}

/* One that asks for a COPY would be asked for its next result for ever. */
static bool is_well(const PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_SINGLE_TUPLE:
		return true;
	default:
		return false;
	}
}

/* All results of what was sent; ret_result: the last one. */
static int finish(struct conn *conn, const char *what, PGresult **ret_result, struct err *err)
{
	auto_result PGresult *last = NULL;
	PGresult *result = NULL;
	int r;

	while ((r = next_result(conn, what, &result, err)) == 0 && result) {
		PQclear(last);
		last = result;
		if (!is_well(last))
			return fail_result(last, what, err);
	}
	if (r == 0 && !last)
		return fail(conn, what, err);
	if (r == 0 && ret_result)
		*ret_result = mem_steal(last);
	return r;
}

int conn_exec(struct conn *conn, const char *sql, const char *what, struct err *err)
{
	if (!PQsendQuery(conn->pg, sql))
		return fail(conn, what, err);
	return finish(conn, what, NULL, err);
}

static int send(struct conn *conn, const char *sql, const char *const *values, int count,
		const char *what, struct err *err)
{
	if (!PQsendQueryParams(conn->pg, sql, count, NULL, values, NULL, NULL, 0))
		return fail(conn, what, err);
	return 0;
}

int conn_query(struct conn *conn, const char *sql, const char *const *values, int count,
	       const char *what, PGresult **ret_result, struct err *err)
{
	int r = send(conn, sql, values, count, what, err);

	return r < 0 ? r : finish(conn, what, ret_result, err);
}

int conn_stream(struct conn *conn, const char *sql, const char *const *values, int count,
		const char *what, int (*fn)(void *ctx, PGresult *result, struct err *err),
		void *ctx, struct err *err)
{
	int r = send(conn, sql, values, count, what, err);

	if (r == 0 && !PQsetSingleRowMode(conn->pg))
		return fail(conn, what, err);
	while (r == 0) {
		auto_result PGresult *result = NULL;

		r = next_result(conn, what, &result, err);
		if (r < 0 || !result)
			break;
		if (!is_well(result))
			return fail_result(result, what, err);
		if (PQntuples(result))
			r = fn(ctx, result, err);
	}
	return r;
}

int conn_copy(struct conn *conn, const char *sql, const char *text, size_t size, const char *what,
	      struct err *err)
{
	auto_result PGresult *began = NULL;
	int r = PQsendQuery(conn->pg, sql) ? next_result(conn, what, &began, err)
					   : fail(conn, what, err);

	if (r == 0 && PQresultStatus(began) != PGRES_COPY_IN)
		return began ? fail_result(began, what, err) : fail(conn, what, err);
	for (size_t at = 0; r == 0 && at < size; at += CHUNK_BYTES) {
		size_t part = size - at < CHUNK_BYTES ? size - at : CHUNK_BYTES;

		if (PQputCopyData(conn->pg, text + at, (int)part) <= 0)
			return fail(conn, what, err);
		r = flush(conn, what, err);
	}
	if (r == 0 && PQputCopyEnd(conn->pg, NULL) <= 0)
		return fail(conn, what, err);
	return r == 0 ? finish(conn, what, NULL, err) : r;
}

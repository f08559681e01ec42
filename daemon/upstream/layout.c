// SPDX-License-Identifier: GPL-2.0-or-later
/* The version of the tables upstream, which is that of the store, and a lock by which one push at a time makes them. */
#include "upstream/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"

/* Any number that is nobody else's: "qsoak" in ASCII. */
#define LAYOUT_LOCK "487267983723"

/* 0: there are no tables. */
static int read_version(struct conn *conn, int64_t *ret_version, struct err *err)
{
	static const char what[] = "cannot read the version of the tables";
	auto_result PGresult *there = NULL, *version = NULL;
	int r = conn_query(conn, "SELECT to_regclass('qsoak.version')", NULL, 0, what, &there, err);

	*ret_version = 0;
	if (r < 0 || PQntuples(there) != 1 || PQgetisnull(there, 0, 0))
		return r;
	r = conn_query(conn, "SELECT version FROM qsoak.version", NULL, 0, what, &version, err);
	if (r == 0 && PQntuples(version))
		*ret_version = strtoll(conn_value(version, 0, 0), NULL, 10);
	return r;
}

static int refuse_newer(const struct mirror *mirror, int64_t version, struct err *err)
{
	return err_set(err, -EINVAL,
		       "upstream: its tables have version %" PRId64
		       ", this qsoak knows versions up to %" PRId64 "; nothing was changed in it",
		       version, mirror->version);
}

static int make_it(struct conn *conn, const struct mirror *mirror, struct err *err)
{
	static const char begin[] = "BEGIN; SELECT pg_advisory_xact_lock(" LAYOUT_LOCK ")";
	static const char what[] = "cannot make the tables";
	auto_free char *layout = mirror_layout_sql(mirror);
	int64_t version;
	int r = conn_exec(conn, begin, what, err);

	if (r == 0)
		r = read_version(conn, &version, err);
	if (r == 0 && version > mirror->version)
		r = refuse_newer(mirror, version, err);
	/* Somebody may have done it just now. */
	if (r == 0 && version < mirror->version)
		r = conn_exec(conn, layout, what, err);
	return r == 0 ? conn_exec(conn, "COMMIT", what, err) : r;
}

int layout_make(struct conn *conn, const struct mirror *mirror, struct err *err)
{
	int64_t version;
	int r = read_version(conn, &version, err);

	if (r < 0 || version == mirror->version)
		return r;
	return version > mirror->version ? refuse_newer(mirror, version, err)
					 : make_it(conn, mirror, err);
}

int layout_check(struct conn *conn, const struct mirror *mirror, struct err *err)
{
	int64_t version;
	int r = read_version(conn, &version, err);

	if (r < 0 || version == mirror->version)
		return r;
	if (version > mirror->version)
		return refuse_newer(mirror, version, err);
	if (!version)
		return err_set(err, -EINVAL,
			       "upstream: there are no results of qsoak yet: see "
			       "`qsoak push`");
	return err_set(err, -EINVAL,
		       "upstream: its tables have version %" PRId64
		       ", a `qsoak push` of this qsoak brings them to version %" PRId64,
		       version, mirror->version);
}

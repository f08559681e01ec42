/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upstream: a PostgreSQL that has the results of many hosts. Where it is.
 */
#ifndef QSOAK_UPSTREAM_URL_H
#define QSOAK_UPSTREAM_URL_H

#include <stdbool.h>

#define UPSTREAM_URL_MAX 2048 /* characters */

#define UPSTREAM_URL_EXPECTED "a URL like postgresql://HOST/DATABASE, in printable ASCII"
#define UPSTREAM_PASSWORD_ADVICE                                                                  \
	"a password is not for the URL, which others can read: put it into ~/.pgpass, or a file " \
	"that PGPASSFILE names"

/* Whether it looks like a URL of libpq; what it means is libpq's business. */
bool upstream_url_is(const char *text);

/* Whether such a URL has a password in it, of the user or of a key. */
bool upstream_url_has_password(const char *url);

#endif

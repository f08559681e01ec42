/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP: a page that shows what qsoakd does, and what the page asks. It listens on loopback only,
 * and only reads:
 *
 *	/			the page, and its style and scripts
 *	/api/COMMAND?KEY=VALUE	the answer of a command of the control socket that only reads, and of
 *				query-status, as JSON; {"error": {"class", "desc"}} with a status of 400,
 *				404, 500 or 503
 *	/incidents/ID/FILE	a file of the evidence
 *	/events			the control socket's events, as server-sent events of type "message" with ids
 *	/healthz		ok
 *	/metrics		numbers for Prometheus
 *
 * A request whose Host is no loopback address is refused; all limits are in limits.h.
 */
#ifndef QSOAK_HTTP_HTTP_H
#define QSOAK_HTTP_HTTP_H

#include <ev.h>

#include "base/err.h"
#include "control/control.h"

struct http;

/* address: see http_address_parse(). control outlives it. -EINVAL: no address that we serve; -EADDRINUSE. */
int http_open(struct ev_loop *loop, const char *address, struct control *control,
	      struct http **ret_http, struct err *err);

/* Where it listens, with the port that was chosen; NULL: it is none. */
const char *http_address(const struct http *http);

/* Closes all connections; takes NULL. */
void http_close(struct http *http);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where HTTP is served: on addresses of this host that no other host can reach. */
#ifndef QSOAK_HTTP_ADDRESS_H
#define QSOAK_HTTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"

/* Of "127.0.0.1:9191", "[::1]:9191" or "localhost:9191"; port 0: any that is free. -EINVAL. */
int http_address_parse(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_size,
		       struct err *err);

/* In the form that is parsed; the caller frees. */
char *http_address_text(const struct sockaddr_storage *address);

/*
 * Whether a request's Host header names this host by a loopback address or as localhost, with any
 * port: it may be forwarded. A name of somebody else's that resolves to us is how a page from
 * elsewhere would read what we say.
 */
bool http_address_is_host(const char *host);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of host.h share: libvirt's handles. */
#ifndef QSOAK_DOMAIN_HOST_CONNECTION_H
#define QSOAK_DOMAIN_HOST_CONNECTION_H

#include <libvirt/libvirt.h>
#include <stdatomic.h>

#include "domain/host.h"

struct host {
	virConnectPtr connection;
	_Atomic virDomainPtr domain; /* NULL: not started yet */
	char *uuid;
	_Atomic bool started;
	const struct host_handler *handler;
	void *ctx;
};

/* NULL: libvirt's last error says why. */
virConnectPtr host_connect(const char *uri);

/* libvirt's last words about what. Returns the code, or what they say: -EOPNOTSUPP: this libvirt cannot do it,
 * -ECANCELED: it was aborted. */
int host_error(struct err *err, int code, const char *what);

/* QEMU runs as our user, and nothing is relabelled: its files are ours, and we may look at its memory and stacks. What
 * this libvirt has no driver for is not named. The caller frees. */
char *host_labelled(struct host *host, const char *xml);

#endif

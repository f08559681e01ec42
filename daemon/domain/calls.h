/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of qsoak-domain's peer that are libvirt's, not QEMU's: each is a call of its own. */
#ifndef QSOAK_DOMAIN_CALLS_H
#define QSOAK_DOMAIN_CALLS_H

#include "domain/host.h"

struct call {
	const char *name;
	/* Returns what the command returns, for the caller to free; NULL: it failed. */
	json_t *(*make)(struct host *host, json_t *arguments, struct err *err);
	bool beside; /* not behind the others, one of which may be in progress */
};

/* NULL: name is none. */
const struct call *call_find(const char *name);

#endif

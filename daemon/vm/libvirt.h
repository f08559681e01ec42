/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The libvirt backend: a transient domain for each run, made from the same machine as direct_argv() makes its command
 * line from, and qsoak-domain, which answers for it.
 */
#ifndef QSOAK_VM_LIBVIRT_H
#define QSOAK_VM_LIBVIRT_H

#include "base/err.h"
#include "vm/run.h"

/* What the guest of a domain calls its disk. */
#define LIBVIRT_DISK_TARGET "vda"

/* Where domains run. */
struct libvirt {
	char *program;	 /* path of qsoak-domain */
	char **uris;	 /* borrowed; NULL-terminated */
	char **peer_uris; /* likewise: how another of these libvirtds reaches each; NULL: by its URI */
	size_t uri_count;
	char *owner;	 /* whose the domains are: HOST:STATE-FOLDER */
};

/* Of one of the uris. */
const char *libvirt_peer_uri(const struct libvirt *libvirt, const char *uri);

/* Of the domains of the qsoakd of that state folder on that host; the caller frees. No two folders have the same, and it
 * is the same in every spelling of XML: what is no letter, digit or one of "/._-" is %XX. */
char *libvirt_owner(const char *host, const char *state);

/* The domain's XML; the caller frees. */
char *libvirt_xml(const struct run_spec *spec, const char *name);

#endif

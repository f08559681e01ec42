/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How qsoak-domain ends, and what that says of the domain. */
#ifndef QSOAK_DOMAIN_EXIT_H
#define QSOAK_DOMAIN_EXIT_H

enum domain_exit {
	DOMAIN_EXIT_ENDED = 0, /* shut down, migrated away, or destroyed because we were asked to */
	DOMAIN_EXIT_REFUSED = 1, /* libvirt did not start it; its words are the output */
	DOMAIN_EXIT_USAGE = 2,
	/* Its QEMU has gone, not asked to. libvirt does not tell by which status or signal: the output
	 * has QEMU's last words, where they can be read. */
	DOMAIN_EXIT_CRASHED = 80,
	DOMAIN_EXIT_DESTROYED = 81,	/* by somebody else */
	DOMAIN_EXIT_LIBVIRT_GONE = 82,	/* the connection has ended */
	DOMAIN_EXIT_LIBVIRT_HANGS = 83, /* it does not answer */
};

#endif

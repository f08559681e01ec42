/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits: how long each kind of wait may take before it counts as a hang.
 *
 * The one table of defaults; a profile changes entries by name under `limits:`.
 */
#ifndef QSOAK_OP_LIMIT_H
#define QSOAK_OP_LIMIT_H

#include <stdint.h>

enum limit {
	LIMIT_BOOT,	/* from spawn to the guest's first tick, each step */
	LIMIT_REPLY,	/* a command that only answers */
	LIMIT_SAVE,	/* snapshot-save until its job is concluded */
	LIMIT_LOAD,	/* snapshot-load until its job is concluded */
	LIMIT_DELETE,	/* snapshot-delete until its job is concluded */
	LIMIT_MIGRATE,	/* migrate until source and destination say completed */
	LIMIT_SHUTDOWN, /* quit until the process has gone */
	LIMIT_IMAGE,	/* qemu-img looks at the images of a VM that stands or has ended */
	LIMIT_LIBVIRT,	/* libvirt is away, until it can be connected to */
	LIMIT_STALL,	/* within any step: main loop, monitor or guest stand still */
	LIMIT_COUNT,
};

#define LIMIT_MIN_NS 1000000ll		/* 1 ms */
#define LIMIT_STALL_MIN_NS 1000000000ll /* of LIMIT_STALL: the watch looks twice a second */
#define LIMIT_MAX_NS (24 * 3600 * 1000000000ll)

const char *limit_name(enum limit limit);

/* -1 where name is none. */
int limit_find(const char *name);

int64_t limit_default_ns(enum limit limit);

#endif

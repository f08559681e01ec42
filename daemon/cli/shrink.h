/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a reproducer's script in order to make it smaller. */
#ifndef QSOAK_CLI_SHRINK_H
#define QSOAK_CLI_SHRINK_H

#include "triage/reproducer.h"

#define SHRINK_TRIES_DEFAULT 10

/* Seconds that a try of a candidate may take, unless TRY_LIMIT says otherwise. */
#define SHRINK_TRY_LIMIT_S 120

/* Shrinks it by its own runs on this host, in a folder below TMPDIR; progress on stderr. qemu: the
 * binary to run instead of the one it failed in, or NULL. -EINTR: SIGINT or SIGTERM came. */
int shrink_here(struct reproducer *reproducer, unsigned tries, const char *qemu, struct err *err);

#endif

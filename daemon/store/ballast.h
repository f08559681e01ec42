/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ballast: space of the disk that is kept for the store, and thrown off when there is no other.
 *
 * A disk that fills up while VMs run has room, then, for what they have just done and found. It is a file whose
 * blocks are allocated; what is in it means nothing.
 */
#ifndef QSOAK_STORE_BALLAST_H
#define QSOAK_STORE_BALLAST_H

#include <stdint.h>

#include "base/err.h"

/* So much of the disk, but at most this part of it. */
#define BALLAST_BYTES (16 << 20)
#define BALLAST_PART 16

/* Allocates what is missing of the file at path; -ENOSPC: there is no room for all of it, and none is kept. */
int ballast_take(const char *path, struct err *err);

/* Gives the space back. Fine without. */
void ballast_drop(const char *path);

#endif

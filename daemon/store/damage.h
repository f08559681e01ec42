/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damage: a results store is looked through before it is used, and set aside where SQLite finds it corrupt.
 *
 * Nothing of it is changed or overwritten. It gets another name beside the old one, with its journals, and a new
 * store can be begun.
 */
#ifndef QSOAK_STORE_DAMAGE_H
#define QSOAK_STORE_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A larger file, after a qsoakd that closed it, is believed: all of it is read, some 200 MiB a second from a disk.
 * What is corrupt in it comes to light when it is used; that qsoakd ends, and the next one looks at everything. */
#define DAMAGE_CHECK_BYTES (1ll << 30)

/* ret_what: what SQLite says, or NULL: it is well, or there is none; the caller frees. An error where that could not
 * be found out. Files that are no results stores of ours, and newer ones, are no damage. */
int damage_examine(const char *path, char **ret_what, struct err *err);

/* At the next start it is looked through, whatever its size. */
void damage_suspect(const char *path);

/* ret_path: where it is now; the caller frees. ret_last_id: the highest id that can still be read from it, or 0. */
int damage_set_aside(const char *path, char **ret_path, int64_t *ret_last_id, struct err *err);

#endif

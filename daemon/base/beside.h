/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding our own files beside the running program, in a build tree or wherever it was installed. */
#ifndef QSOAK_BASE_BESIDE_H
#define QSOAK_BASE_BESIDE_H

#include <stddef.h>

/* The folder of the running program; NULL if /proc does not say. The caller frees. */
char *beside_folder(void);

/* The first of the places, relative to that folder, that access(2) allows with mode; NULL if none
 * does. The caller frees. */
char *beside_find(const char *const *places, size_t count, int mode);

#endif

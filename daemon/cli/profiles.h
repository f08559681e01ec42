/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profiles that come with qsoak. */
#ifndef QSOAK_CLI_PROFILES_H
#define QSOAK_CLI_PROFILES_H

#include "base/err.h"

/* The file that PROFILE means: a word is the name of an installed profile, anything with a '/' or a
 * '.' a path. The caller frees. */
int profiles_find(const char *profile, char **ret_path, struct err *err);

#endif

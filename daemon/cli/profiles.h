/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profiles that come with qsoak. */
#ifndef QSOAK_CLI_PROFILES_H
#define QSOAK_CLI_PROFILES_H

#include <jansson.h>

#include "base/err.h"

/* Reads PROFILE, a file (if it has a '/' or a '.') or the name of an installed profile, into the
 * arguments of the command "run", as "name" and "profile". -EINVAL says what is wrong with it. */
int profiles_add(json_t *arguments, const char *profile, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one build of a campaign: which QEMU its name means, and those that it migrates to. */
#ifndef QSOAK_CLI_CHOICE_H
#define QSOAK_CLI_CHOICE_H

#include <jansson.h>

#include "campaign/profile.h"

/* Which binary a build was, as far as somebody knows; NULL: nobody does. */
typedef const char *(*choice_known_fn)(void *ctx, const char *name);

/* Makes the build called name the only one of a campaign of the profile, in the arguments of the command
 * "run": by its binary, or with NULL the one that is known, else the profile's own, else the one that
 * is registered. Builds that migrations go to are found likewise. -EINVAL: one is nowhere. */
int choice_add(json_t *arguments, const struct profile *profile, const char *name,
	       const char *binary, choice_known_fn known, void *ctx, struct err *err);

#endif

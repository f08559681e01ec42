/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of the command "run", from a peer that nobody vouches for, as a profile. */
#ifndef QSOAK_CONTROL_ARGUMENTS_H
#define QSOAK_CONTROL_ARGUMENTS_H

#include <jansson.h>

#include "campaign/profile.h"

/* Parses the profile's text and applies what overrides it. -EINVAL names the argument. */
int arguments_profile(json_t *arguments, struct profile **ret_profile, struct err *err);

#endif

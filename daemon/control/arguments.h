/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of the command "run", from a peer that nobody vouches for, as a profile. */
#ifndef QSOAK_CONTROL_ARGUMENTS_H
#define QSOAK_CONTROL_ARGUMENTS_H

#include <jansson.h>

#include "campaign/profile.h"

/* Parses the profile's text and applies what overrides it. -EINVAL names the argument. */
int arguments_profile(json_t *arguments, struct profile **ret_profile, struct err *err);

/* All of them but the profile's text, as JSON, so that a campaign can go on; the caller frees. */
char *arguments_text(json_t *arguments);

/* The same profile from that and its text, which come out of a store: -EINVAL names what is wrong. */
int arguments_again(const char *text, const char *profile_text, struct profile **ret_profile,
		    struct err *err);

#endif

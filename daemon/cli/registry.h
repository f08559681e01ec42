/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registered builds: files NAME.yaml with the keys of a profile's build, so that profiles can name
 * a build without knowing where it lies.
 *
 * They lie in $XDG_CACHE_HOME/qsoak/builds (by default ~/.cache), where `make qemu-builds` puts its
 * own, and in /etc/qsoak/builds; the first file of a name counts.
 */
#ifndef QSOAK_CLI_REGISTRY_H
#define QSOAK_CLI_REGISTRY_H

#include <jansson.h>

#include "base/err.h"

/* Adds what the command "run" needs to know of the profile that stands in its arguments as "profile"
 * and "name": the registered builds that the profile names without a binary, unless "builds" has one,
 * and those of names, a list. -EINVAL: one is not registered. A profile that is no YAML is left for
 * qsoakd to refuse. */
int registry_add(json_t *arguments, json_t *names, struct err *err);

/* The one called name, as an element of "registered", with its binary in ret_binary: both the caller's.
 * where: of the name, for the error text. -EINVAL: it is not registered. */
int registry_get(const char *name, const char *where, json_t **ret_registered, char **ret_binary,
		 struct err *err);

/* All of them, identified, as a list of {"name", "version", "build_id", "sha256", "origin", "binary",
 * "error"}: the error says what keeps it from running, or is null. */
json_t *registry_list(void);

#endif

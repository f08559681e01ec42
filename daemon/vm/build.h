/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build: one QEMU under test, and what identifies it. */
#ifndef QSOAK_VM_BUILD_H
#define QSOAK_VM_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "qmp/schema.h"

struct build {
	int64_t id;	/* of its record */
	char *name;	/* as the profile calls it */
	char *binary;	/* absolute path */
	char **args;	/* appended to the command line; NULL-terminated */
	char *version;	/* first line of --version */
	char *build_id; /* GNU build-id in hex; NULL where the binary has none */
	char *sha256;	/* of the binary, in hex */
	bool sandbox;	/* runs with -sandbox on: it has seccomp, and its args do not say off */
	struct schema *schema; /* what it can do; known from the negotiation of its first run on */
};

/* Runs BINARY --version, with -sandbox on if it has that, and reads the file; the strings given are
 * copied. A binary that is missing, no regular file, or cannot be run is -EINVAL: the user named it.
 * Blocks up to twice BUILD_VERSION_LIMIT_NS. */
#define BUILD_VERSION_LIMIT_NS 10000000000ll
int build_identify(const char *name, const char *binary, const char *const *args,
		   struct build *ret_build, struct err *err);

/* The word behind -NAME in its args, "" if that is the last one; NULL if there is no such option. */
const char *build_arg(const struct build *build, const char *name);

void build_finish(struct build *build);

#endif

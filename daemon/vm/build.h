/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build: one QEMU under test, and what identifies it. */
#ifndef QSOAK_VM_BUILD_H
#define QSOAK_VM_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "qmp/schema.h"
#include "vm/identity.h"

/* What a user says of a build. The lists end in NULL and are never NULL themselves. */
struct build_spec {
	char *name;	/* letters, digits, '.', '_', '-'; begins with a letter or digit */
	char *binary;	/* absolute path */
	char *origin;	/* where it came from, for people; NULL: not known */
	int line;	/* of its entry in a profile; 0: it stands in none */
	char **args;	/* appended to QEMU's command line */
	char **data;	/* absolute paths of directories, for -L */
	char **env;	/* NAME=VALUE, over our own environment */
	char **trace;	/* patterns of events, for -trace */
	char **wrapper; /* absolute path of a program that execs what follows, and its arguments */
};

/* With empty lists; free with build_spec_finish(), which takes half-built and zeroed ones. */
void build_spec_init(struct build_spec *spec);
void build_spec_finish(struct build_spec *spec);

/* A copy of all of it; spec has a name and a binary. */
void build_spec_copy(const struct build_spec *spec, struct build_spec *ret_copy);

/* What spec does not say, but its name and line, is taken from another one, which is left valid. */
void build_spec_default(struct build_spec *spec, struct build_spec *from);

struct build {
	int64_t id; /* of its record */
	struct build_spec spec;
	char *version;		  /* line of --version that names it */
	char *machines;		  /* what -machine help says */
	struct identity identity; /* of the file that really runs */
	bool sandbox; /* runs with -sandbox on: it has seccomp, and its args do not say off */
	struct schema *schema; /* what it can do; known from the negotiation of its first run on */
};

/* Runs BINARY --version, with -sandbox on if it has that, and -machine help, and reads the file. What a wrapper or a script
 * makes of it, a process has to show (see audition.h). spec is copied. A binary that is missing, no
 * regular file, or cannot be run is -EINVAL: the user named it. Blocks up to three times
 * BUILD_VERSION_LIMIT_NS, and twice AUDITION_LIMIT_NS. */
#define BUILD_VERSION_LIMIT_NS 10000000000ll
int build_identify(const struct build_spec *spec, struct build *ret_build, struct err *err);

/* Whether each of the builds knows the versioned machine type. If not, -EINVAL: the error names the
 * build, and the types of the q35 family that all of them know. */
int build_check_machine(const struct build *builds, size_t count, const char *type,
			struct err *err);

/* Whether process pid, which was started for build with ram_fd as its RAM, is a QEMU and the one that was
 * identified; the error names the build and says what it is instead. */
int build_check_process(const struct build *build, pid_t pid, int ram_fd, struct err *err);

/* Wrapper, binary and options (until NULL); the words are borrowed, the caller frees the array. */
const char **build_argv(const struct build_spec *spec, const char *const *options);

/* The word behind -NAME in its args, "" if that is the last one; NULL if there is no such option. */
const char *build_arg(const struct build *build, const char *name);

void build_finish(struct build *build);

#endif

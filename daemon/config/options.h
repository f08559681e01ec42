/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line of qsoakd says; it comes before qsoakd.conf. */
#ifndef QSOAK_CONFIG_OPTIONS_H
#define QSOAK_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

/* Texts are those of argv; NULL: not said. */
struct options {
	const char *config;
	const char *state;
	const char *guests;
	const char *socket;
	const char *http;
	gid_t group;	/* or LISTENER_NO_GROUP */
	int control_fd; /* of a private qsoakd, or -1 */
	bool verbose, rebuild;
};

/* -1: go on; else the exit code, and all has been said. */
int options_parse(int argc, char **argv, struct options *options);

#endif

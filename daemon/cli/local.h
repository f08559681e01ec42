/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A private qsoakd: started by the client, on a socket that only the two share. */
#ifndef QSOAK_CLI_LOCAL_H
#define QSOAK_CLI_LOCAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* How long qsoakd may take to end: long enough to diagnose a failure in progress, to take its stacks
 * (INCIDENT_STACKS_LIMIT_NS), to record it, and to kill and clean up. */
#define LOCAL_END_LIMIT_NS (30 * CLOCK_NS_PER_S)

struct local {
	pid_t pid;
	int pidfd;
};

/* ret_fd is the client's end of the control connection. The daemon keeps stderr, is told to end by
 * SIGTERM when we die, and does not get the terminal's Ctrl-C, which is ours to pass on. */
int local_start(const char *state, bool verbose, struct local *ret_local, int *ret_fd,
		struct err *err);

/* Waits for its end (SIGKILL after LOCAL_END_LIMIT_NS); returns its exit code, -1 if it was killed. */
int local_finish(struct local *local);

#endif

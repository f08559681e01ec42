/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child processes that never outlive qsoakd, watched by pidfd, with their output kept.
 *
 * A child is a session of its own (a terminal's Ctrl-C is not for it), gets SIGKILL (or what it is said to get) when
 * the thread that spawned it ends, takes what it started along when it is killed or exits, and reads nothing from stdin but what it is given.
 * stdout and stderr go into one buffer that keeps the first and the last bytes. Spawn from the main thread only.
 */
#ifndef QSOAK_BASE_CHILD_H
#define QSOAK_BASE_CHILD_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* What is kept of a child's output; half of it from the beginning, half from the end. */
#define CHILD_OUTPUT_MAX (64 * 1024)

struct child;

struct child_exit {
	int status; /* 0-255, or -1: ended by a signal */
	int signal; /* 0: exited by itself */
	bool core_dumped;
};

struct child_spec {
	const char *const *argv; /* argv[0] with a path; NULL-terminated */
	const char *const *env;	 /* NAME=VALUE over our own environment, or NULL */
	const char *cwd;	 /* or NULL */
	const char *input;	 /* all that is on its stdin, or NULL: nothing */
	const int *keep_fds;	 /* inherited under the same numbers, which are above 2 */
	size_t keep_fd_count;
	size_t output_max; /* bytes; 0: CHILD_OUTPUT_MAX */
	int cgroup_fd;	   /* cgroup.procs of its control group, open for writing; 0: ours */
	int death_signal;  /* that it gets when the thread that spawned it ends; 0: SIGKILL */
	int nice;	   /* 0 to 19: how much of the CPU it leaves to others */
	bool limits_core;  /* to core_max; else a core is as large as our own soft limit says */
	uint64_t core_max; /* bytes, as far as the hard limit allows; 0: none is dumped */
	/* Called once, on the loop, after the last output was read; the child stays valid until
	 * child_free(), which may be called from here. */
	void (*exited)(void *ctx, const struct child_exit *how);
	void *ctx;
};

/* -ENOENT, -EACCES, ... are those of execve(). */
int child_spawn(struct ev_loop *loop, const struct child_spec *spec, struct child **ret_child,
		struct err *err);

/* Kills with SIGKILL and reaps what is still alive (waiting at most CHILD_REAP_LIMIT_NS). NULL is
 * fine. exited is not called. */
#define CHILD_REAP_LIMIT_NS 2000000000ll
void child_free(struct child *child);

pid_t child_pid(const struct child *child);

/* SIGKILL is for its whole process group. Does nothing once the child has been reaped: a pidfd never
 * names another process. */
void child_kill(struct child *child, int signal);

/* NULL while it is alive. */
const struct child_exit *child_exited(const struct child *child);

/* A NUL-terminated copy of the output so far, "\n[... N bytes left out ...]\n" where it was cut.
 * ret_size may be NULL; the caller frees. */
char *child_output(const struct child *child, size_t *ret_size);

/* Runs a program to its end on a loop of its own (exited and ctx are not used) and returns its output;
 * a failure, a signal or a passed limit is an error that quotes the output's first line. For start-up,
 * not beside VMs. */
int child_run(const struct child_spec *spec, int64_t limit_ns, char **ret_output, struct err *err);

#endif

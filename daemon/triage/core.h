/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel puts the core of a QEMU that was ended by a signal, by core(5).
 */
#ifndef QSOAK_TRIAGE_CORE_H
#define QSOAK_TRIAGE_CORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum core_route {
	CORE_FILE,	  /* a file, whose name the pattern gives */
	CORE_COREDUMPCTL, /* systemd-coredump has it, coredumpctl(1) gives it back */
	CORE_LOST,
	CORE_ROUTE_COUNT,
};

const char *core_route_name(enum core_route route);

struct core_place {
	enum core_route route;
	char *glob;	/* of a file: glob(7) pattern of an absolute path; else NULL */
	bool names_pid; /* that has the process's id in it: it is no other one's */
	char *why;	/* if it is lost: why, and what would be right; else NULL */
};

/* By what /proc/sys/kernel/core_pattern says, without its newline; for a process that died in cwd (NULL: a daemon, in
 * the root folder). hard_limit: RLIMIT_CORE in bytes. What of a name is not known (a time, a thread) is a wildcard. */
void core_locate(const char *pattern, bool uses_pid, int64_t hard_limit, const char *cwd, pid_t pid,
		 struct core_place *ret_place);
void core_place_finish(struct core_place *place);

/* As it is on this host right now. */
void core_locate_here(const char *cwd, pid_t pid, struct core_place *ret_place);

/* The newest regular file of ours that the pattern finds and that is not older than since_unix_ns, when
 * the process began; -ENOENT where there is none. The caller frees the path. */
int core_find(const char *glob, int64_t since_unix_ns, char **ret_path, struct err *err);

#endif

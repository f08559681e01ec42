/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the threads and stacks of a process or a core file by libdwfl of elfutils.
 *
 * May block for as long as a thread stays in D state: only for a process that others watch.
 */
#ifndef QSOAK_STACK_UNWIND_H
#define QSOAK_STACK_UNWIND_H

#include "base/err.h"
#include "stack/process.h"

/* A living process, each of whose threads is stopped for as long as its own stack is read. What cannot be
 * read of a thread is said in its missing. -ESRCH: it has gone; nothing is in process then. */
int unwind_process(pid_t pid, struct stack_process *process, struct err *err);

/* A core file; executable: of the process that dumped it, NULL: as the core says. */
int unwind_core(const char *core, const char *executable, struct stack_process *process,
		struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the threads and stacks of a process or a core file by libdwfl of elfutils.
 *
 * Whatever is there when the budget is spent is in the process, and what is not says so. The kernel may
 * still block the caller (a memory map that is locked, a file on a dead server): only for a process that
 * others watch.
 */
#ifndef QSOAK_STACK_UNWIND_H
#define QSOAK_STACK_UNWIND_H

#include "base/err.h"
#include "stack/budget.h"
#include "stack/process.h"

/* How long one thread may take to stop: in D state it does not, and the others are waiting. */
#define UNWIND_THREAD_LIMIT_NS (300 * CLOCK_NS_PER_MS)

/* A living process, each of whose threads is stopped for as long as its own stack is read. What cannot be
 * read of a thread is said in its missing. -ESRCH: it has gone, nothing is in process; any other failure:
 * no stack could be read, what /proc says of its threads is in process all the same. */
int unwind_process(pid_t pid, const struct stack_budget *budget, struct stack_process *process,
		   struct err *err);

/* A core file; executable: of the process that dumped it, NULL: as the core says. -EINVAL: it is none, or
 * has no threads; any other failure: no stack could be read. */
int unwind_core(const char *core, const char *executable, const struct stack_budget *budget,
		struct stack_process *process, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holding one thread of another process by ptrace(2) while its stack is read.
 *
 * It is seized and interrupted, not attached: that sends no SIGSTOP, which would stay behind and stop
 * the whole process if the thread sleeps uninterruptibly and we go before it wakes up.
 */
#ifndef QSOAK_STACK_TRACE_H
#define QSOAK_STACK_TRACE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct trace {
	pid_t tid;
	int signal; /* that it was about to get when it stopped; trace_release() passes it on */
};

/* Asks the thread to stop; it does when it next leaves the kernel. -EPERM: no right to, or another traces
 * it; -ESRCH: it has gone. */
int trace_seize(pid_t tid, struct trace *ret_trace, struct err *err);

/* Awaits the stop for at most limit_ns, which may be 0. -ETIMEDOUT: it may be awaited again, and is let
 * go with the end of this program at the latest; -ESRCH: it has gone. Only from the thread that seized. */
int trace_await(struct trace *trace, int64_t limit_ns, struct err *err);

/* Lets a thread go that has stopped. */
void trace_release(const struct trace *trace);

#endif

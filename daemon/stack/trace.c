// SPDX-License-Identifier: GPL-2.0-or-later
/* Stopping a thread and letting it go. */
#include "stack/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/clock.h"

int trace_seize(pid_t tid, struct trace *ret_trace, struct err *err)
{
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0)
		return err_set_errno(err, errno, "cannot trace thread %d", tid);
	/* It fails only where the thread has gone, which waiting tells. */
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	*ret_trace = (struct trace){ .tid = tid };
	return 0;
}

/* 0: it has stopped; -EAGAIN: not yet. */
static int look(struct trace *trace)
{
	int status;
	pid_t tid;

	do
		tid = waitpid(trace->tid, &status, __WALL | WNOHANG);
	while (tid < 0 && errno == EINTR);
	if (tid == 0)
		return -EAGAIN;
	if (tid < 0 || !WIFSTOPPED(status))
		return -ESRCH;
	/* A stop that is no event is the arrival of a signal. */
	trace->signal = status >> 16 ? 0 : WSTOPSIG(status);
	return 0;
}

int trace_await(struct trace *trace, int64_t limit_ns, struct err *err)
{
	int64_t end_ns = clock_now_ns() + limit_ns, left_ns = limit_ns;
	sigset_t child, before;
	int r;

	/* The kernel tells of each stop by SIGCHLD: while that is blocked, none is missed. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	while ((r = look(trace)) == -EAGAIN && left_ns > 0) {
		struct timespec left = { left_ns / CLOCK_NS_PER_S, left_ns % CLOCK_NS_PER_S };

		sigtimedwait(&child, NULL, &left);
		left_ns = end_ns - clock_now_ns();
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (r == -EAGAIN)
		return err_set(err, -ETIMEDOUT, "it did not leave the kernel within %lld ms",
			       (long long)(limit_ns / CLOCK_NS_PER_MS));
	if (r < 0)
		return err_set(err, r, "it has gone");
	return 0;
}

void trace_release(const struct trace *trace)
{
	ptrace(PTRACE_DETACH, trace->tid, NULL, (void *)(intptr_t)trace->signal);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A thread has the mask of signals that its creator has. */
#include "base/thread.h"

#include <signal.h>

int thread_start(pthread_t *ret_thread, void *(*fn)(void *ctx), void *ctx)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(ret_thread, NULL, fn, ctx);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

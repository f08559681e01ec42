/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads beside the main one. */
#ifndef QSOAK_BASE_THREAD_H
#define QSOAK_BASE_THREAD_H

#include <pthread.h>

/* Runs fn(ctx) in a thread that gets no signals: those are for the main thread. Returns 0 or a positive errno. */
int thread_start(pthread_t *ret_thread, void *(*fn)(void *ctx), void *ctx);

#endif

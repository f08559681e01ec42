/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A known regression, for LD_PRELOAD into a QEMU: each snapshot-save takes DELAY_US microseconds longer.
 *
 * save_snapshot() asks GLib once for the local time, which is what the snapshot is dated with; nothing else of
 * QEMU does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

void *g_date_time_new_now_local(void);

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

void *g_date_time_new_now_local(void)
{
	void *(*next)(void) = (void *(*)(void))dlsym(RTLD_NEXT, "g_date_time_new_now_local");
	const char *delay = getenv("DELAY_US");
	int64_t end = now_ns() + (delay ? atoll(delay) : 0) * 1000;

	/* Asleep it would be longer by what waking up takes. */
	while (now_ns() < end)
		;
	return next();
}

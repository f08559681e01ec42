/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the fake QEMU share: the process's options, its big lock and its parts. */
#ifndef QSOAK_TESTS_FAKE_FAKE_H
#define QSOAK_TESTS_FAKE_FAKE_H

#include <pthread.h>
#include <stdbool.h>

struct faults;
struct log;
struct migration;
struct monitor;
struct vm;

struct fake {
	/* From the command line, constant after it was read. */
	const char *name;
	bool incoming;
	bool autostart;

	/* The big QEMU lock: vm, jobs and migration are touched under it. The main loop lets it go
	 * while it waits for work, and the vCPU needs it for every tick. */
	pthread_mutex_t bql;

	struct log *log;
	struct faults *faults;
	struct monitor *monitor;
	struct vm *vm;
	struct jobs *jobs;
	struct migration *migration;

	/* The main loop's own: quit was asked for. */
	bool quit;
	bool quit_sticks;
	unsigned quit_ms;
};

/* The name of QEMU's function, which a stack shows. */
void bql_lock_impl(struct fake *fake);

static inline void bql_unlock(struct fake *fake)
{
	pthread_mutex_unlock(&fake->bql);
}

/* Ends the process at once. Not exit(): other threads still run, and a leak check of a sanitizer
 * has no place in a test's exit status. */
_Noreturn void fake_exit(struct fake *fake, int status);

/* What SIGTERM and `quit` have in common: the SHUTDOWN event, and the main loop's end after it.
 * sticks: the process stays, its main loop does not come back. */
void fake_quit(struct fake *fake, const char *reason, bool sticks);

/* Starts a thread with a name, as debuggers and /proc show it. Signals stay with the main loop. */
void fake_thread(const char *name, void *(*run)(void *), void *arg);

void fake_sleep_ms(unsigned ms);
long long fake_now_ns(void);

/* A line on standard error as QEMU writes it: "NAME: ...". */
void fake_stderr(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

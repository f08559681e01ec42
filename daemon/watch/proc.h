/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of the threads of a process. */
#ifndef QSOAK_WATCH_PROC_H
#define QSOAK_WATCH_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_THREADS_MAX 1024
#define PROC_SYSCALL_ARGS 6

struct proc_thread {
	pid_t tid;
	char name[32];	/* e.g. "CPU 0/TCG"; the main thread has the program's name */
	char state;	/* 'R', 'S', 'D', 'T', 't', 'Z', ... */
	char wchan[64]; /* kernel function it sleeps in, "" if unknown */
	long syscall;	/* number of the system call it is in, -1 if unknown or running */
	uint64_t args[PROC_SYSCALL_ARGS]; /* of that call */
	uint64_t cpu_ticks;		  /* user and system, in units of sysconf(_SC_CLK_TCK) */
};

/* All threads, the main thread first; ret_threads is for free(). Returns their number, 0 when the
 * process has gone. */
size_t proc_threads(pid_t pid, struct proc_thread **ret_threads);

/* One thread alone; false when it has gone. */
bool proc_thread(pid_t pid, pid_t tid, struct proc_thread *ret_thread);

/* How long it has waited for a CPU, in nanoseconds; 0 where the kernel does not count it. */
int64_t proc_run_delay_ns(pid_t pid, pid_t tid);

/* Whether it has died and the kernel still writes its core. */
bool proc_dumps_core(pid_t pid);

/* Open descriptors of a process; -1 when it has gone. */
int64_t proc_descriptors(pid_t pid);

/* Its resident memory that it shares with nobody: guest RAM, a memfd of ours, is not part of it. -1
 * when it has gone. */
int64_t proc_own_bytes(pid_t pid);

/* Whether a thread cannot run: stopped, traced, or in an uninterruptible sleep. */
bool proc_thread_halted(const struct proc_thread *thread);

/* Whether it waits in futex(2): a mutex, a condition, a semaphore. */
bool proc_thread_in_futex(const struct proc_thread *thread);

#endif

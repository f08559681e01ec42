/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb with QEMU's own scripts as a second source: libdwfl sees a coroutine up to its entry, they also see
 * who entered it.
 *
 * QEMU's script calls functions in the process and changes registers meanwhile. One that ends in between
 * (its limit has passed) leaves a process that cannot go on: only for one that is given up anyway.
 */
#ifndef QSOAK_STACK_GDB_H
#define QSOAK_STACK_GDB_H

#include <stdint.h>

#include "base/err.h"
#include "stack/process.h"

/* gdb has to read all of the debug information. */
#define GDB_LIMIT_NS (7 * CLOCK_NS_PER_S)
#define GDB_OUTPUT_MAX (256 * 1024)

/* Threads that are in coroutines and are told of; there is one main loop, and an IO thread has another. */
#define GDB_THREADS_MAX 16

/* Of a process that nobody traces. script: QEMU's qemu-gdb.py; NULL: one of those that QEMU's build leaves
 * around the binary. The text is printable but for newlines and tabs, the caller frees it. -ENOENT: there
 * is no thread in a coroutine, no gdb in PATH, or no script; -EINVAL: the process has no symbols; -EBUSY:
 * one of its threads cannot run; -ETIMEDOUT, -EIO: what became of gdb. */
int gdb_tell_coroutines(const struct stack_process *process, const char *script, int64_t limit_ns,
			char **ret_text, struct err *err);

#endif

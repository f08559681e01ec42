/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wait-for graph: what each blocked thread of a QEMU waits for, who can end that, and who waits for
 * each other in a circle.
 *
 * What the kernel and glibc know is read (which mutex, its owner, which thread is joined); what only
 * QEMU's design says (that pausing waits for the vCPUs, that the main loop completes a vCPU's I/O, ...) is
 * in one table of functions.
 */
#ifndef QSOAK_STACK_WAITS_H
#define QSOAK_STACK_WAITS_H

#include "stack/process.h"

/* Reads the owner of the glibc mutex at address, a thread id, 0: nobody; false if it cannot be read. */
typedef bool (*waits_owner_fn)(void *ctx, uint64_t address, pid_t *ret_owner);

/* owner_fn for a living process; ctx is its struct stack_process. */
bool waits_read_owner(void *ctx, uint64_t address, pid_t *ret_owner);

/* Fills in the waits of all threads and the circle. */
void waits_find(struct stack_process *process, waits_owner_fn owner_fn, void *ctx);

#endif

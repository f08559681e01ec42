/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a thread of QEMU is for: "main", "vCPU 0", "migration", "multifd send 3", "worker", ... */
#ifndef QSOAK_STACK_ROLE_H
#define QSOAK_STACK_ROLE_H

#include "stack/process.h"

/* From its name; with names that QEMU does not use, the name itself. The caller frees. */
char *stack_role(const char *name, bool main);

/* Of threads whose names say nothing, from the functions that they run: a core has no names, and nor have
 * the threads of a QEMU that was not told to set them. */
void stack_roles_by_frames(struct stack_process *process);

/* How a sentence names it: "main" alone would be no name, nor is a role without a number. The caller
 * frees. */
char *stack_thread_title(const struct stack_thread *thread);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reading a process and reading a core have in common: frames as libdwfl has them. */
#ifndef QSOAK_STACK_FRAMES_H
#define QSOAK_STACK_FRAMES_H

#include <elfutils/libdwfl.h>

#include "base/err.h"
#include "stack/budget.h"
#include "stack/process.h"

/* The function of QEMU in which the stack of a coroutine begins. */
#define FRAMES_COROUTINE "coroutine_trampoline"

/* Callback of libdwfl; arg: the struct stack_thread to which the frame is added, with its address alone. */
int frames_add(Dwfl_Frame *state, void *arg);

/* Gives the frames of all threads their names, and the threads their roles; dwfl: of their process. */
void frames_name(Dwfl *dwfl, struct stack_process *process, const struct stack_budget *budget);

/* result: what a function of libdwfl returned, an errno or -1 for its own error. */
int frames_error(struct err *err, int result, const char *what);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that wait for each other. */
#ifndef QSOAK_STACK_CIRCLE_H
#define QSOAK_STACK_CIRCLE_H

#include "stack/process.h"

/* The circle in words, by the waits of the threads; NULL: there is none. The caller frees. */
char *circle_find(const struct stack_process *process);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as text for people: the circle, what each thread waits for, then the stacks. */
#ifndef QSOAK_STACK_PRINT_H
#define QSOAK_STACK_PRINT_H

#include <stdio.h>

#include "stack/process.h"

/* Its second line: who waits for each other, or that nobody does. */
#define STACK_CIRCLE "circle: "
#define STACK_NO_CIRCLE "none was found"

void stack_print(const struct stack_process *process, FILE *out);

#endif

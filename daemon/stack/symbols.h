/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for addresses: functions, files, source lines, inlined functions; by libdwfl. */
#ifndef QSOAK_STACK_SYMBOLS_H
#define QSOAK_STACK_SYMBOLS_H

#include <elfutils/libdwfl.h>

#include "stack/budget.h"
#include "stack/process.h"

/* The ELF file and function of each frame, by symbol tables, and the address of the big lock. Until the
 * budget is spent; threads that then have no names say so. */
void symbols_name(Dwfl *dwfl, struct stack_process *process, const struct stack_budget *budget);

/* Source lines, and frames for inlined functions: needs debug information, and may be slow. Until the
 * budget is spent. */
void symbols_locate(Dwfl *dwfl, struct stack_process *process, const struct stack_budget *budget);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Titles of failures by the frames of their stacks, without addresses, numbers and line numbers. */
#ifndef QSOAK_TRIAGE_TITLE_H
#define QSOAK_TRIAGE_TITLE_H

#include <jansson.h>

#include "watch/failure.h"

/* Functions of one thread in a title: those that say where it is. */
#define TITLE_FUNCTIONS_MAX 4

/* By the stacks of the QEMU at fault, as qsoak-stack --json writes them. Of one that died: where its thread
 * did, "crash by SIGSEGV in f < g < h"; of a hang: where the main thread is, and the migration thread,
 * "hang of main-loop: main in f < g, migration in h". NULL where no stack names a function, and for
 * failures that have no place in the code. The caller frees; printable ASCII. */
char *title_of_stacks(const struct failure *failure, json_t *stacks);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a comparison makes of an exit code. */
#ifndef QSOAK_CLI_COMPARE_H
#define QSOAK_CLI_COMPARE_H

#include <jansson.h>

/* code, or if that is EXIT_CLEAN, what the comparison (or null) says: a regression is EXIT_FAILURES, one that is
 * unclear EXIT_INCONCLUSIVE. */
int compare_exit_code(json_t *comparison, int code);

#endif

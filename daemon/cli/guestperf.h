/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exporting migrations as reports of QEMU's guestperf. */
#ifndef QSOAK_CLI_GUESTPERF_H
#define QSOAK_CLI_GUESTPERF_H

#include "cli/source.h"

/* Prints a report for each migration of the campaign that has ended, a line each; with operation
 * not 0 for that one only: -EINVAL if it is none. */
int guestperf_export(struct source *source, int64_t campaign, int64_t operation, FILE *out,
		     struct err *err);

#endif

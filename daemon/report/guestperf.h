/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Migrations as the reports of QEMU's guestperf (tests/migration-stress/guestperf in its tree). */
#ifndef QSOAK_REPORT_GUESTPERF_H
#define QSOAK_REPORT_GUESTPERF_H

#include <jansson.h>
#include <stdbool.h>

/* Rows of "export", borrowed; any may be NULL or lack members: they are a peer's. */
struct guestperf_migration {
	json_t *campaign;  /* of "campaigns" */
	json_t *build;	   /* of "builds": the source's */
	json_t *run;	   /* of "runs": any of that build */
	json_t *operation; /* of "operations" */
	json_t *steps;	   /* of the operation, in their order */
	json_t *measures;  /* of the operation */
};

/* Whether a row of "operations" is a migration that has ended. */
bool guestperf_is_migration(const json_t *operation);

/* A report that guestperf's loader takes, in the shape of its newest version. What qsoak never asks
 * of a migration is off; what the store does not know is null or an empty list: there are no
 * timings of CPUs and none of a guest that tells its own, and of the history the begin of setup, of
 * the copy, and the end. What the store knows besides is in "qsoak". The caller owns it. */
json_t *guestperf_report(const struct guestperf_migration *migration);

#endif

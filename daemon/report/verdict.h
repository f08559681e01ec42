/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts: what the VMs of a campaign say of its builds, as JSON with 95 % confidence.
 *
 * A VM counts for the build that it booted with. It has failed with one signature, in the loop after
 * the last that it finished; for every other signature it is censored there, as is one that was shut
 * down or interrupted. Its shutdown counts as one more loop for what fails in shutdowns. Failures of the host say nothing. The caller owns what is returned.
 */
#ifndef QSOAK_REPORT_VERDICT_H
#define QSOAK_REPORT_VERDICT_H

#include <jansson.h>

#include "store/query.h"

/* What an interval is made for, and what the chance of an error is to stay below. */
#define VERDICT_CONFIDENCE 0.95

/* Failures of both builds that a log-rank test takes: of fewer its chi-square says too much, and a single
 * one where few are left at risk would be a difference. */
#define VERDICT_LOGRANK_MIN 5

/* [{"build", "version", "verdict", "vms", "loops", "wanted_loops", "failures"}]: failed where a VM has failed;
 * inconclusive with fewer loops than were wanted, or none; else clean. */
json_t *verdict_builds(const struct query_vms *vms);

/* {"median", "lower", "upper"}: loops to failure by that signature, as Kaplan and Meier estimate them;
 * null: not reached, or not known. An object of nulls for a build that no VM booted with. */
json_t *verdict_median(const struct query_vms *vms, const char *build, const char *class,
		       const char *signature);

/* [{"build", "class", "signature", "points": [[loops, survival, lower, upper, at_risk]]}]: the curve of Kaplan and Meier
 * with Greenwood's band, from (0, 1) on, of each build and each of the VERDICT_CURVES_MAX signatures that came first; of
 * VERDICT_POINTS_MAX steps at most. Bounds are null where there is no variance. */
#define VERDICT_CURVES_MAX 8
#define VERDICT_POINTS_MAX 200
json_t *verdict_curves(const struct query_vms *vms);

/* [{"class", "signature", "a", "b", "failures_a", "loops_a", "failures_b", "loops_b", "fisher_p",
 * "logrank_p", "adjusted_p", "real"}]: for each signature and pair of builds of which one has it, whether they differ:
 * in failures per loop (Fisher's exact test) or loops to failure (log-rank; null where they cannot be
 * compared, or too few have failed). All p values of a campaign are adjusted together (Holm): adjusted_p is the smaller of the
 * two then, and real if it is below 0.05. */
json_t *verdict_differences(const struct query_vms *vms);

#endif

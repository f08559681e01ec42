/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A comparison as the tables that Go's benchstat prints, for those who read these. */
#ifndef QSOAK_REPORT_BENCHSTAT_H
#define QSOAK_REPORT_BENCHSTAT_H

#include <jansson.h>
#include <stdio.h>

/* comparison: the answer to query-comparison, from a peer. A table for each unit, with a row for
 * each metric: the medians of both builds, the change, p, and n.
 *
 * Not as benchstat has it: the change is the estimate over blocks of the ratio of a pair, not the
 * ratio of the medians beside it; p is adjusted, where the comparison has that; n counts blocks;
 * there is no "±", for a build alone says nothing; and no geomean, for metrics are not of one kind.
 * As there, "~" is a change that is not significant, which does not say that there is none. */
void benchstat_print(json_t *comparison, FILE *out);

#endif

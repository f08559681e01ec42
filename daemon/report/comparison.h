/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A comparison: what the blocks of a campaign say of its two builds, as JSON.
 *
 * Only the numbers of blocks that the profile has set are looked at, each with its share of the 5 % of false
 * alarms, and the first look that decides is the last: whoever asks, and however often, the answer
 * is the same.
 */
#ifndef QSOAK_REPORT_COMPARISON_H
#define QSOAK_REPORT_COMPARISON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "store/query-samples.h"

/* The chance of a false alarm, all looks and primary metrics together. */
#define COMPARISON_ALPHA 0.05

/* The differences of more blocks are not told, since nobody looks at each of so many. */
#define COMPARISON_DIFFERENCES_MAX 1000

struct comparison_options {
	const char *a,
		*b; /* names of the builds, to be A and B in this order; NULL: the profile's order */
	bool force;	    /* although they ran in different environments */
	size_t experiments; /* cut all blocks into experiments of so many, and judge each; 0: do not */
};

/* What qsoak-compare prints; the caller owns it. -ENOENT: there is no such campaign, or it compares nothing; -EINVAL: not these
 * builds. */
int comparison_json(struct query *query, int64_t campaign, const struct comparison_options *options,
		    json_t **ret_value, struct err *err);

/* Whether the builds' environments differ and nobody has said that it does not matter: then there are no metrics. */
bool comparison_refused(json_t *comparison);

/* What comparing the host of a campaign with itself has found last: {"campaign", "began_unix_ns", "blocks", "metrics",
 * "alarms", "detectable" (null: so few blocks find nothing), "sentence"}, or null. */
int comparison_selfcheck(struct query *query, int64_t campaign, json_t **ret_value,
			 struct err *err);

/* The name of the profile that does so. */
#define COMPARISON_SELFCHECK "selfcheck"

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All samples of one metric of a campaign, build by build, in the metric's unit. */
#ifndef QSOAK_REPORT_SAMPLES_H
#define QSOAK_REPORT_SAMPLES_H

#include "op/metric.h"
#include "store/query-samples.h"

/* Of a build, or of migrations from one to another. */
struct samples_group {
	const char *build;		 /* "SOURCE -> DESTINATION" of two: of the list */
	const struct query_build *first; /* its source, of the builds */
	double *values;			 /* in the order of VMs, not of time */
	double *times; /* seconds since the campaign began: each sample's, as far as that is known */
	size_t count;
};

struct samples {
	struct query_builds builds;
	struct samples_group *groups; /* builds in their order, which may have none, then others */
	char **names;		      /* what build points to */
	size_t count;
};

/* with_times: or times is NULL. */
int samples_read(struct query *query, int64_t campaign, int64_t began_unix_ns,
		 const struct metric *metric, bool with_times, struct samples *ret_samples,
		 struct err *err);
void samples_finish(struct samples *samples);

#endif

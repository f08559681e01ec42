/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading what a comparison and the history of a metric need: blocks, samples of VMs, environments. */
#ifndef QSOAK_STORE_QUERY_SAMPLES_H
#define QSOAK_STORE_QUERY_SAMPLES_H

#include "store/query.h"

/* How a campaign compares its two builds; strings belong to the struct. */
struct query_primary {
	char *metric;
	double margin;
};

struct query_comparison {
	int64_t campaign;
	int64_t a_id, b_id;
	char *a, *b, *a_version, *b_version;
	int64_t loops_per_vm, warm_up;
	size_t *looks; /* numbers of blocks, ascending, at least one */
	size_t look_count;
	struct query_primary *metrics;
	size_t metric_count;
};

/* -ENOENT: that campaign compares nothing. -EINVAL: what is there is none. */
int query_comparison(struct query *query, int64_t campaign, struct query_comparison *ret_comparison,
		     struct err *err);
void query_comparison_finish(struct query_comparison *comparison);

/* The newest complete campaign, or if there is none the newest, that compares the builds with these names,
 * whichever comes first; both NULL: any
 * that compares. -ENOENT: there is none. */
int query_last_comparison(struct query *query, const char *a, const char *b, int64_t *ret_campaign,
			  struct err *err);

/* The newest campaign of that name that came to its end, on the host of campaign host_of; 0: none. */
int query_last_complete(struct query *query, const char *name, int64_t host_of,
			int64_t *ret_campaign, struct err *err);

/* Two VMs of a slot, both of which did all their loops and have gone. */
struct query_block {
	int64_t slot, first_vm;
	int64_t ended_unix_ns, last_run; /* of the second one */
};

struct query_blocks {
	struct query_block *blocks; /* in the order in which they were complete */
	size_t count;
};

int query_blocks(struct query *query, const struct query_comparison *comparison,
		 struct query_blocks *ret_blocks, struct err *err);
void query_blocks_finish(struct query_blocks *blocks);

/* The samples of one metric of one VM, in their order. */
struct query_series {
	int64_t slot, vm;
	int64_t build_id, dst_build_id; /* dst: 0 where it is the same */
	int64_t began_unix_ns, ended_unix_ns;
	double *values; /* in the store's unit */
	size_t count;
};

struct query_samples {
	struct query_series *series; /* by slot, then VM */
	size_t count;
};

int query_samples(struct query *query, int64_t campaign, const char *kind, const char *name,
		  struct query_samples *ret_samples, struct err *err);
void query_samples_finish(struct query_samples *samples);

/* A build of a campaign; strings belong to the struct. */
struct query_build {
	int64_t id;
	char *name, *version;
};

struct query_builds {
	struct query_build *builds; /* in the order of the profile */
	size_t count;
};

int query_builds(struct query *query, int64_t campaign, struct query_builds *ret_builds,
		 struct err *err);
void query_builds_finish(struct query_builds *builds);

/* The ids of all campaigns that have samples of the metric, oldest first; the caller frees. */
int query_campaigns_with(struct query *query, const char *kind, const char *name,
			 int64_t **ret_campaigns, size_t *ret_count, struct err *err);

/* Facts of the host (build 0) and of the builds of a campaign, by build and key: fn is called for each. Neither is
 * NULL. */
int query_environment(struct query *query, int64_t campaign,
		      void (*fn)(void *ctx, int64_t build_id, const char *key, const char *value),
		      void *ctx, struct err *err);

#endif

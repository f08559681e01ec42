/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a results store: what the printers need. Reads beside a live writer (WAL). Lists are in
 * query-rows.h.
 *
 * The build of an operation or a failure is that of its source run; where the destination's is
 * another one, "SOURCE -> DESTINATION"; NULL where no run is known.
 */
#ifndef QSOAK_STORE_QUERY_H
#define QSOAK_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Of the other titles of failures that share a signature so many are told: the most frequent. */
#define QUERY_ALTERNATIVES_MAX 16

struct query;

/* Opens the store at path for reading. A missing file is -ENOENT. All answers of one query are of
 * one moment, that of the first; open a new one to see what came later. Close it soon: the
 * write-ahead log grows while it is open. */
int query_open(const char *path, struct query **ret_query, struct err *err);

/* Takes NULL. */
void query_close(struct query *query);

/* The id of the newest campaign; -ENOENT where there is none. */
int query_last_campaign(struct query *query, int64_t *ret_campaign, struct err *err);

/* One campaign as a whole; strings belong to the struct. */
struct query_campaign {
	int64_t id;
	char *name;
	char *seed;
	char *accel;
	char *machine;
	int64_t vms;
	int64_t began_unix_ns;
	int64_t ended_unix_ns; /* 0: not ended */
	char *end;	       /* NULL: not ended */
	int64_t exit_code;     /* -1: not ended, or the daemon was killed */
	int64_t loops;
	int64_t operations; /* that ended ok or failed */
	int64_t failures;
	int64_t expected; /* of these, by the profile */
	int64_t gap_ns;	  /* in which it did nothing, of those that have ended */
};

/* -ENOENT where there is no such campaign. */
int query_campaign(struct query *query, int64_t campaign, struct query_campaign *ret_campaign,
		   struct err *err);
void query_campaign_finish(struct query_campaign *campaign);

/* Durations of the operations of one kind on one build that ended ok, in ascending order, with the
 * numbers of all outcomes. */
struct query_timing {
	char *build;
	char *kind;
	int64_t *duration_ns; /* sorted */
	size_t count;	      /* outcome ok */
	int64_t failed;
	int64_t interrupted;
};

struct query_timings {
	struct query_timing *timings; /* by build (in the order of the profile), then kind */
	size_t count;
};

int query_timings(struct query *query, int64_t campaign, struct query_timings *ret_timings,
		  struct err *err);
void query_timings_finish(struct query_timings *timings);

/* Failures that share a signature on one build. */
struct query_signature {
	char *build;
	char *class;
	char *signature;
	int64_t count;
	int64_t expected;    /* of these, by the profile */
	int64_t first_loops; /* loops to failure: the fewest */
	char *incident;	     /* of the newest one; or NULL */
	char *versions;	     /* JSON array: what the builds say of themselves, one or two */
	char *alternatives;  /* JSON object: their other titles, and how many have each */
	/* over the whole store */
	int64_t first_seen_unix_ns;
	int64_t last_seen_unix_ns;
};

struct query_signatures {
	struct query_signature *signatures; /* by build, then most frequent first */
	size_t count;
};

int query_signatures(struct query *query, int64_t campaign, struct query_signatures *ret_signatures,
		     struct err *err);
void query_signatures_finish(struct query_signatures *signatures);

/* Calls fn for each signature of the store, the one seen last first. */
int query_signature_names(struct query *query,
			  void (*fn)(void *ctx, const char *class, const char *title), void *ctx,
			  struct err *err);

/* A VM, from its cold boot to its end. */
struct query_vm {
	size_t build;	/* that it booted with: index of query_vms.builds */
	int64_t loops;	/* finished */
	bool shut_down; /* to the end, as it should */
	/* of the failure that ended it; NULL: there was none */
	char *class;
	char *signature;
	bool in_shutdown; /* and that it came in its shutdown */
};

struct query_vms {
	char **builds;	 /* names, in the order of the profile */
	char **versions; /* of these builds, as --version says it */
	size_t build_count;
	struct query_vm *vms; /* in no order */
	size_t count;
	int64_t loops_per_build; /* that each build was to do; 0: as many as came */
};

int query_vms(struct query *query, int64_t campaign, struct query_vms *ret_vms, struct err *err);
void query_vms_finish(struct query_vms *vms);

/* Samples of one measure of the operations of one kind on one build. */
struct query_measure {
	int64_t build_id, dst_build_id; /* dst: 0 where it is the same */
	char *build;
	char *kind;
	char *name;
	double *values; /* sorted */
	size_t count;
};

struct query_measures {
	struct query_measure *measures; /* by kind, name, then build in the order of the profile */
	size_t count;
};

int query_measures(struct query *query, int64_t campaign, struct query_measures *ret_measures,
		   struct err *err);
void query_measures_finish(struct query_measures *measures);

#endif

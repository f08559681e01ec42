/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Campaigns that look for one failure on one build after another. */
#ifndef QSOAK_CLI_TRIAL_H
#define QSOAK_CLI_TRIAL_H

#include "cli/session.h"

struct trials;

/* Of --profile, with --vms, by a session of their own, which the first one starts. -EINVAL: what is wrong
 * with these. */
int trials_new(const struct cli *cli, struct trials **ret_trials, struct err *err);

/* --loops, 1 to PROFILE_STOP_LOOPS_MAX; 0 where it is not given. */
int trials_loops(const struct cli *cli, int64_t *ret_loops, struct err *err);

/* Ends it: as session_end(). Takes NULL. */
int trials_end(struct trials *trials, int r, const struct err *err);

/* What came of one. */
struct trial {
	int64_t campaign;
	int64_t loops;	     /* finished */
	int64_t loops_begun; /* at most: with those that failed, and what was cut short at the end */
	int64_t matches;     /* failures whose signature, or another title, matched */
	int64_t age_loops; /* that a fleet does until all VMs are as old as the oldest of these was */
	int64_t others;	   /* that did not, neither by the host's fault */
	int64_t host;
	int64_t duration_ns;
	bool cannot_boot;
	json_t *others_of; /* of which classes they are: {CLASS: count} */
	/* The most frequent of those that matched, or NULL; of a crash the title without frames, which
	 * other builds may have otherwise. */
	char *signature, *class;
};

/* A campaign with this build alone, until `times` failures have come of which a title matches the
 * fnmatch(3) pattern, or so many loops. The seed is a new one: each trial is independent of all others. Returns 1
 * where the user has ended it. */
int trial_run(struct trials *trials, const struct cli_build *build, const char *pattern,
	      int64_t times, int64_t loops, struct trial *ret_trial, struct err *err);
void trial_finish(struct trial *trial);

/* "bad": the failure came; "good": it did not in so many loops; "unclear": they were fewer. */
const char *trial_verdict(const struct trial *trial, int64_t loops);

/* As JSON, with the verdict on the build; the caller's. NULL: the name is not UTF-8. */
json_t *trial_describe(const struct trial *trial, const char *build, int64_t loops);

#endif

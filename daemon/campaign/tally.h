/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tally of a campaign: what its slots have done and found, whether that is enough, and what it
 * amounts to.
 *
 * Two kinds of failures say nothing against a build: those of the host, and those that the profile
 * expects of it. They are counted apart.
 */
#ifndef QSOAK_CAMPAIGN_TALLY_H
#define QSOAK_CAMPAIGN_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "campaign/profile.h"

/* Exit codes of a campaign and of qsoak. */
enum exit_code {
	EXIT_CLEAN = 0,
	EXIT_FAILURES = 1,
	EXIT_USAGE = 2,
	EXIT_HOST = 3,
	EXIT_INCONCLUSIVE = 4,
	EXIT_INTERRUPTED = 130,
};

struct tally;

/* The profile outlives the tally. */
struct tally *tally_new(const struct profile *profile);

/* NULL is fine. */
void tally_free(struct tally *tally);

void tally_operations(struct tally *tally, int64_t count);

/* A VM is about to boot: whether there is to be one more, which then counts. */
bool tally_vm(struct tally *tally);

/* Builds are counted by their index in the profile. */
void tally_loops(struct tally *tally, size_t build, int64_t count);

/* Whether the profile expects a failure under this title, or the other one (or NULL), of the build of that
 * name; from now on each expectation of it has been seen once more. */
bool tally_expects(struct tally *tally, const char *build, const char *signature,
		   const char *alternative);

void tally_failure(struct tally *tally, bool host, bool expected);

struct tally_counts {
	int64_t vms, operations, loops;
	int64_t failures; /* neither of the host nor expected */
	int64_t expected, host;
};

const struct tally_counts *tally_counts(const struct tally *tally);

/* Whether the stop rule has had its loops or failures. */
bool tally_done(const struct tally *tally);

/* Whether it wants no more of this build. */
bool tally_build_done(const struct tally *tally, size_t build);

/* What the counts amount to. */
enum exit_code tally_verdict(const struct tally *tally);

/* Where the stop rule wants to see what is expected: the first that was not, from *position on, which
 * begins at 0 and moves behind it. Names belong to the profile. */
struct tally_unseen {
	const char *build, *signature;
	unsigned times, wanted;
};

bool tally_next_unseen(const struct tally *tally, size_t *position,
		       struct tally_unseen *ret_unseen);

/* Likewise: the next build with a slot that has done fewer loops than the stop rule asks of each, and has not failed
 * as it should either. */
struct tally_short {
	const char *build;
	int64_t loops, wanted;
};

bool tally_next_short(const struct tally *tally, size_t *position, struct tally_short *ret_short);

#endif

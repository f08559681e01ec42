/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a campaign stood that is to go on. The plan is a pure function of seed, slot and loop, so this is what its
 * slots have begun, and what came of it. Who keeps results fills it in.
 */
#ifndef QSOAK_CAMPAIGN_RESUME_H
#define QSOAK_CAMPAIGN_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "campaign/profile.h"
#include "campaign/tally.h"

struct blocks;

struct resume_build {
	int64_t id;
	char *name, *version, *sha256;
};

/* A VM that has begun. */
struct resume_vm {
	int slot, vm;	      /* numbers */
	int64_t begun, loops; /* begun: of these, with the one that was cut short */
};

/* Failures that are alike. */
struct resume_failure {
	char *build; /* name, or NULL where none is known */
	char *signature, *alternative;
	bool host, expected;
	int64_t count;
};

/* All strings are its own. */
struct resume {
	int64_t campaign_id;
	char *name, *profile_text, *seed;
	char *request; /* JSON: what "run" was told besides the profile, or NULL: not known */
	char *accel, *accel_reason;
	int64_t active_ns, operations;
	unsigned last_look; /* blocks of a comparison that were looked at; 0: never */
	bool in_gap;	    /* it has its beginning in the store */
	int64_t gap_began_unix_ns;
	char *gap_reason;
	struct resume_build *builds; /* in the order of the profile */
	size_t build_count;
	struct resume_vm *vms; /* by slot, then vm */
	size_t vm_count;
	struct resume_failure *failures;
	size_t failure_count;
};

/* Whether these are the builds it ran with: -EINVAL names one that is not, or a slot too many. ids are set. */
int resume_match(const struct resume *resume, const struct profile *profile, struct build *builds,
		 struct err *err);

/* Counts what was done. blocks: NULL where nothing is compared. */
void resume_count(const struct resume *resume, const struct profile *profile, uint64_t seed,
		  struct tally *tally, struct blocks *blocks);

/* Where a slot goes on: the number of its next VM, and how many loops it has begun. */
void resume_slot(const struct resume *resume, int slot, int *ret_vm, uint64_t *ret_loops_begun);

void resume_finish(struct resume *resume);

#endif

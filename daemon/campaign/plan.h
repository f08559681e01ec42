/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan: what a slot does in a loop, a pure function of profile, seed, slot and loop. */
#ifndef QSOAK_CAMPAIGN_PLAN_H
#define QSOAK_CAMPAIGN_PLAN_H

#include <stddef.h>

#include "campaign/profile.h"

struct plan {
	const struct profile_operation *operation[PROFILE_OPERATIONS_MAX]; /* of the profile */
	size_t count;
};

/* loop counts the loops that the slot has begun, over all its VMs, from 0. An operation with
 * `every: n` comes in each n-th loop, in each slot at a phase of its own, so that slots do not all
 * do the rare thing at once. Of a weighted list each loop is one unit. */
void plan_loop(const struct profile *profile, uint64_t seed, int slot, uint64_t loop,
	       struct plan *ret_plan);

/* What kind an operation of the plan of a loop is: of those with `verify: n` each n-th verifies, in
 * each slot at a phase of its own. */
enum op_kind plan_kind(const struct profile *profile, uint64_t seed, int slot, uint64_t loop,
		       const struct profile_operation *operation);

/* Whose plan a VM plays: its own, or in a replay that of the one that it is to be like. Both VMs of a
 * block play the same. */
struct plan_part {
	int slot, vm;	     /* numbers */
	uint64_t first_loop; /* of the slot, when the VM boots */
};

/* loops: that the slot has begun so far. */
struct plan_part plan_part(const struct profile *profile, int slot, int vm, uint64_t loops);

/* What the guest of the VM that plays this makes its random numbers from. */
uint64_t plan_guest_seed(uint64_t seed, const struct plan_part *part);

/* The index of the build that a VM boots with: builds are interleaved over the slots, and where they are
 * compared, over the VMs of each slot. */
size_t plan_build(const struct profile *profile, uint64_t seed, int slot, int vm);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan of a loop. */
#include "campaign/plan.h"

#include "base/random.h"

/* Each unit as often as its weight says, in the long run; the others of a unit follow its first. */
static void draw_unit(const struct profile *profile, uint64_t random, struct plan *ret_plan)
{
	uint64_t total = 0, drawn;
	size_t at = 0;

	for (size_t i = 0; i < profile->operation_count; i++)
		total += profile->operations[i].weight;
	drawn = random_below(random, total);
	while (drawn >= profile->operations[at].weight)
		drawn -= profile->operations[at++].weight;
	do
		ret_plan->operation[ret_plan->count++] = &profile->operations[at++];
	while (at < profile->operation_count && !profile->operations[at].weight);
}

void plan_loop(const struct profile *profile, uint64_t seed, int slot, uint64_t loop,
	       struct plan *ret_plan)
{
	ret_plan->count = 0;
	if (profile->order == ORDER_WEIGHTED) {
		draw_unit(profile, random_at(seed, RANDOM_UNIT, (uint64_t)slot, loop), ret_plan);
		return;
	}
	for (size_t i = 0; i < profile->operation_count; i++) {
		const struct profile_operation *operation = &profile->operations[i];
		uint64_t random = random_at(seed, RANDOM_PHASE, (uint64_t)slot, i);
		uint64_t phase = random_below(random, operation->every);

		if ((loop + phase) % operation->every == 0)
			ret_plan->operation[ret_plan->count++] = operation;
	}
}

static enum op_kind verifying(enum op_kind kind)
{
	return kind == OP_SNAPSHOT_SAVE	  ? OP_SNAPSHOT_SAVE_VERIFY
	       : kind == OP_SNAPSHOT_LOAD ? OP_SNAPSHOT_LOAD_VERIFY
					  : kind;
}

enum op_kind plan_kind(const struct profile *profile, uint64_t seed, int slot, uint64_t loop,
		       const struct profile_operation *operation)
{
	uint64_t index = (uint64_t)(operation - profile->operations);
	uint64_t random = random_at(seed, RANDOM_VERIFY, (uint64_t)slot, index);

	if (!operation->verify ||
	    (loop + random_below(random, operation->verify)) % operation->verify != 0)
		return operation->kind;
	return verifying(operation->kind);
}

struct plan_part plan_part(const struct profile *profile, int slot, int vm, uint64_t loops)
{
	const struct profile_replay *replay = &profile->replay;

	if (replay->attempts)
		return (struct plan_part){ replay->slot, replay->vm, replay->first_loop };
	if (profile->compare.on)
		return (struct plan_part){ slot, vm / 2, (uint64_t)vm / 2 * profile->loops_per_vm };
	return (struct plan_part){ slot, vm, loops };
}

uint64_t plan_guest_seed(uint64_t seed, const struct plan_part *part)
{
	return random_at(seed, RANDOM_GUEST, (uint64_t)part->slot, (uint64_t)part->vm);
}

size_t plan_build(const struct profile *profile, uint64_t seed, int slot, int vm)
{
	if (profile->compare.on) {
		uint64_t random = random_at(seed, RANDOM_BLOCK, (uint64_t)slot, (uint64_t)vm / 2);

		return ((uint64_t)vm & 1) ^ random_below(random, 2);
	}
	/* A replay's VM is one of the build that failed, which stands first. */
	return profile->one_build ? 0 : (size_t)slot % profile->build_count;
}

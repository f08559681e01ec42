// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations that take place in no loop, since a build, or libvirt, cannot do them. */
#include "campaign/slot-parts.h"

#include "base/log.h"
#include "base/mem.h"

/* Once for each operation: the other loops are no different. */
static void leave_out(struct slot *slot, size_t position, const struct build *build,
		      const char *why)
{
	const struct profile_operation *operation = &slot->spec.profile->operations[position];
	struct record_left_out left_out = {
		.campaign_id = slot->spec.campaign_id,
		.build_id = build->id,
		.position = (int)position,
		.kind = op_kind_name(operation->kind),
		.reason = why,
	};

	if (slot->left_out & 1ull << position)
		return;
	slot->left_out |= 1ull << position;
	log_info("slot %d: operations[%zu] (%s) is left out: %s", slot->spec.number, position,
		 left_out.kind, why);
	records_emit(slot->spec.records,
		     &(struct record){ .type = RECORD_LEFT_OUT, .left_out = left_out });
}

/* It was the last one that was planned. */
void slot_leave_out_refused(struct slot *slot, const char *why)
{
	const struct profile_operation *operation = slot->plan.operation[slot->plan_at - 1];
	size_t position = (size_t)(operation - slot->spec.profile->operations);

	leave_out(slot, position, run_build(vm_run(slot->vm)), why);
	slot->refused |= 1ull << position;
}

/* Whether loops have something to do without it: then what libvirt cannot do is no failure. Snapshots need each
 * other. */
bool slot_may_be_refused(const struct slot *slot, const struct profile_operation *operation)
{
	const struct profile *profile = slot->spec.profile;

	if (!op_kind_of_libvirt(operation->kind) && operation->kind != OP_MIGRATE &&
	    operation->kind != OP_MIGRATE_CANCEL)
		return false;
	for (size_t i = 0; i < profile->operation_count; i++) {
		const struct profile_operation *other = &profile->operations[i];

		if (other != operation && other->every == 1 && !other->optional &&
		    !(slot->refused & 1ull << i))
			return true;
	}
	return false;
}

/* Whether the operation is to be left out: libvirt cannot do it, or it is optional, and one of the builds lacks it. */
static bool left_out(struct slot *slot, const struct profile_operation *operation)
{
	size_t position = (size_t)(operation - slot->spec.profile->operations);
	const struct build *builds[] = { run_build(vm_run(slot->vm)),
					 slot_find_build(slot, operation->to) };
	struct err err = { 0 };

	if (slot->refused & 1ull << position)
		return true;
	for (size_t i = 0; operation->optional && i < ARRAY_SIZE(builds); i++) {
		if (!builds[i] || !schema_known(builds[i]->schema) ||
		    !op_lacks(builds[i], &operation->migration, &err))
			continue;
		leave_out(slot, position, builds[i], err.text);
		return true;
	}
	return false;
}

/* To the next operation of the loop that takes place, or to the loop's end. */
void slot_skip_left_out(struct slot *slot)
{
	while (slot->plan_at < slot->plan.count &&
	       left_out(slot, slot->plan.operation[slot->plan_at]))
		slot->plan_at++;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of a failure: diagnosis, evidence, its record, and the hold or the kill. */
#include "campaign/slot-parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static void hold(struct slot *slot)
{
	slot->held = true;
	slot->spec.handler.hold_changed(slot->spec.handler.ctx, "it has failed");
}

void slot_let_go(struct slot *slot, const char *why)
{
	slot->held = false;
	slot->spec.handler.hold_changed(slot->spec.handler.ctx, why);
	slot_kill_vm(slot);
}

static void failure_durable(void *ctx)
{
	struct slot *slot = ctx;

	slot->spec.handler.failed(slot->spec.handler.ctx,
				  &(struct slot_failure){ .id = slot->failure_id,
							  .failure = &slot->failure,
							  .booted = slot->booted,
							  .expected = slot->expected });
	if (!slot->vm && slot->vm_hopeless)
		slot_stopped(slot);
	else if (!slot->vm)
		slot_leave_vm(slot);
	else if (slot->may_hold && slot->stop != SLOT_KILL && !slot->expected && vm_alive(slot->vm))
		hold(slot);
	else
		slot_kill_vm(slot);
}

/* The one at fault: after a migration to another build it is not the slot's. */
static const struct build *failed_build(const struct slot *slot)
{
	struct run *run = slot->failure.run;

	if (!run && slot->vm)
		run = vm_run(slot->vm);
	return run ? run_build(run) : slot_own_build(slot);
}

/* incident: relative to the state folder, or NULL where there is no evidence. */
void slot_emit_failure(struct slot *slot, const char *incident, const char *alternative)
{
	struct record_failure failure = {
		.id = slot->failure_id,
		.campaign_id = slot->spec.campaign_id,
		.operation_id = slot->operation_id,
		.src_run_id = slot->src_run_id,
		.dst_run_id = slot->dst_run_id,
		.slot = slot->spec.number,
		.vm = slot->vm_number,
		.loops = slot->loops_ended,
		.at_unix_ns = slot->failed_unix_ns,
		.class = failure_class_name(slot->failure.class),
		.place = failure_place_name(slot->failure.place),
		.kind = op_kind_name(slot->failure.kind),
		.step = slot->failure.step,
		.build = slot_own_build(slot)->spec.name,
		.signature = slot->signature,
		.alternative = alternative,
		.detail = slot->failure.detail,
		.incident = incident,
	};

	slot->expected = failure.expected =
		slot->failure.class != FAILURE_HOST &&
		slot->spec.handler.expects(slot->spec.handler.ctx, failed_build(slot),
					   slot->signature, alternative);
	records_emit_durable(slot->spec.records,
			     &(struct record){ .type = RECORD_FAILURE, .failure = failure },
			     (struct record_durable){ failure_durable, slot });
}

static void evidence_taken(void *ctx, const struct incident_result *result)
{
	struct slot *slot = ctx;
	auto_free char *relative =
		mem_printf("%s/%" PRId64, strrchr(slot->spec.incidents, '/') + 1, slot->failure_id);
	auto_free char *alternative = result->alternative ? mem_strdup(result->alternative) : NULL;
	bool kept = result->kept;

	if (result->complaint)
		log_warning("slot %d: evidence of failure %" PRId64 " is incomplete: %s",
			    slot->spec.number, slot->failure_id, result->complaint);
	snprintf(slot->signature, sizeof(slot->signature), "%s", result->signature);
	incident_free(slot->incident);
	slot->incident = NULL;
	if (kept) {
		evidence_add(slot->spec.evidence, slot->failure_id, slot->signature);
		evidence_prune(slot->spec.evidence, &slot->spec.profile->evidence);
	}
	slot_emit_failure(slot, kept ? relative : NULL, alternative);
}

void slot_identify_failure(struct slot *slot, const struct failure *failure,
			   const struct op_result *result)
{
	slot->failure = *failure;
	slot->host_failed = failure->class == FAILURE_HOST;
	slot->failed_unix_ns = clock_unix_ns();
	slot->failure_id = records_new_id(slot->spec.records);
	slot->operation_id = result->operation_id;
	slot->src_run_id = result->src_run_id;
	slot->dst_run_id = result->dst_run_id;
	signature_make(&slot->failure, slot->signature, sizeof(slot->signature));
}

static void diagnosed(void *ctx, const struct failure *failure)
{
	struct slot *slot = ctx;
	auto_free char *folder = NULL;
	struct incident_spec spec;

	slot_identify_failure(slot, failure, &slot->result);
	diagnosis_free(slot->diagnosis);
	slot->diagnosis = NULL;
	folder = mem_printf("%s/%" PRId64, slot->spec.incidents, slot->failure_id);
	spec = (struct incident_spec){
		.vm = slot->vm,
		.guard = slot->guard,
		.failure = &slot->failure,
		.signature = slot->signature,
		.folder = folder,
		.failure_id = slot->failure_id,
		.operation_id = slot->operation_id,
		.at_unix_ns = slot->failed_unix_ns,
		.cores = slot->spec.profile->evidence.cores,
		/* Not of a VM that somebody will want to look at. */
		.gdb = slot->spec.profile->evidence.gdb && !slot->may_hold,
		.profile_text = slot->spec.profile->text,
		.fleet = slot->spec.profile->vms,
		.seed = slot->spec.seed,
		.plan_slot = slot->part.slot,
		.plan_vm = slot->part.vm,
		.first_loop = (int64_t)slot->part.first_loop,
		.loops = slot->loops_ended,
	};
	slot->incident = incident_start(slot->loop, &spec, evidence_taken, slot);
}

void slot_diagnose(struct slot *slot)
{
	struct diagnosis_spec spec = {
		.vm = slot->vm,
		.result = &slot->result,
		.found = guard_found(slot->guard),
		.host = slot->spec.host,
		.stolen_max = slot->spec.profile->watch.stolen_max,
		.done = diagnosed,
		.ctx = slot,
	};

	slot->diagnosis = diagnosis_start(slot->loop, &spec);
	/* One verdict a VM. */
	guard_stop(slot->guard);
}

bool slot_release(struct slot *slot)
{
	bool held = slot->held;

	if (held)
		slot_let_go(slot, "it was released");
	return held;
}

void slot_stop_holding(struct slot *slot)
{
	slot->may_hold = false;
	if (slot->held)
		slot_let_go(slot, "the campaign is to end");
}

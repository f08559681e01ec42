// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: next() looks at the VM and starts the one thing that is due: a boot, the
 * next operation of the loop, a shutdown. The guard watches beside them. When an operation has
 * failed, or the guard has found something, the way is always
 *
 *	diagnosis -> evidence -> failure is durable -> (held ->) kill -> gone -> next VM
 *
 * and nothing is killed before the failure can no longer be lost. A VM is held until somebody lets
 * it go, or its last process has gone; nobody watches it or talks to it meanwhile. Each of these ends
 * in a callback from the loop, so next() never runs below a listener.
 *
 * A VM that cannot be made because the disk is full ends like one whose boot has failed. After a failure of
 * the host the next VM comes SLOT_HOST_REST_NS later: until then a shortage has paused the campaign, and a
 * host that is short of something is not asked for it at once again, until the campaign gives up.
 */
#include "campaign/slot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"
#include "campaign/plan.h"
#include "triage/incident.h"
#include "triage/signature.h"
#include "watch/diagnosis.h"
#include "watch/guard.h"

struct slot {
	struct ev_loop *loop;
	struct slot_spec spec;
	enum slot_stop stop;
	bool stopped;
	bool may_hold, held;
	bool paused, waits; /* waits: for the end of the pause, without a VM */

	struct vm *vm;
	int vm_number;
	struct boots_turn turn;
	struct op *op;
	struct guard *guard; /* NULL: no VM; stopped: it has failed */
	struct run_listener owner;

	struct plan_part part; /* that the VM plays */
	struct plan plan;
	size_t plan_at;
	uint64_t loops_begun; /* of the slot: position in the plan */
	int64_t loops_ended;  /* of the VM */
	bool in_loop, booted;
	uint64_t left_out; /* a bit for each operation of the profile that was */
	uint64_t refused;  /* likewise: that libvirt cannot do */

	struct op_result result; /* of the last operation */

	/* of the failure in progress */
	struct diagnosis *diagnosis;
	struct incident *incident;
	struct failure failure;
	bool host_failed; /* the last VM by it */
	bool vm_hopeless; /* none can be made */
	char signature[SIGNATURE_MAX];
	bool expected;
	int64_t failure_id, operation_id, src_run_id, dst_run_id, failed_unix_ns;

	struct deadline kick, kill_limit;
};

_Static_assert(PROFILE_OPERATIONS_MAX <= 64, "an operation is a bit of left_out");

static void next(void *ctx);
static void let_go(struct slot *slot, const char *why);

static void stopped(struct slot *slot)
{
	if (slot->stopped)
		return;
	slot->stopped = true;
	slot->spec.handler.stopped(slot->spec.handler.ctx);
}

size_t slot_build(const struct slot *slot)
{
	return plan_build(slot->spec.profile, slot->spec.seed, slot->spec.number, slot->vm_number);
}

static const struct build *own_build(const struct slot *slot)
{
	return &slot->spec.builds[slot_build(slot)];
}

static void emit_vm_end(const struct slot *slot)
{
	struct record_vm_end end = {
		.campaign_id = slot->spec.campaign_id,
		.slot = slot->spec.number,
		.vm = slot->vm_number,
	};

	records_emit(slot->spec.records, &(struct record){ .type = RECORD_VM_END, .vm_end = end });
}

static void leave_vm(struct slot *slot)
{
	emit_vm_end(slot);
	slot->spec.handler.vm_ended(slot->spec.handler.ctx, slot->loops_ended);
	slot->vm_number++;
	deadline_start(slot->loop, &slot->kick,
		       slot->host_failed && slot->stop == SLOT_GOES_ON ? SLOT_HOST_REST_NS : 0);
}

static void vm_gone(void *ctx)
{
	struct slot *slot = ctx;

	deadline_stop(slot->loop, &slot->kill_limit);
	if (vm_state(slot->vm) != VM_ENDED)
		vm_set_state(slot->vm, VM_ENDED);
	guard_free(slot->guard);
	slot->guard = NULL;
	vm_free(slot->vm);
	slot->vm = NULL;
	leave_vm(slot);
}

/* A kill comes to its end when the last run has exited, and so does a hold. */
static void run_gone(void *ctx, struct run *run)
{
	struct slot *slot = ctx;

	(void)run;
	if (slot->held && !vm_alive(slot->vm))
		let_go(slot, "its last process has gone");
	else if (ev_is_active(&slot->kill_limit.timer) && !vm_alive(slot->vm))
		deadline_start(slot->loop, &slot->kill_limit, 0);
}

static void kill_vm(struct slot *slot)
{
	guard_free(slot->guard);
	slot->guard = NULL;
	vm_kill(slot->vm);
	deadline_start(slot->loop, &slot->kill_limit,
		       vm_alive(slot->vm) ? vm_kill_limit_ns(slot->vm) : 0);
}

static void hold(struct slot *slot)
{
	slot->held = true;
	slot->spec.handler.hold_changed(slot->spec.handler.ctx, "it has failed");
}

static void let_go(struct slot *slot, const char *why)
{
	slot->held = false;
	slot->spec.handler.hold_changed(slot->spec.handler.ctx, why);
	kill_vm(slot);
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
		stopped(slot);
	else if (!slot->vm)
		leave_vm(slot);
	else if (slot->may_hold && slot->stop != SLOT_KILL && !slot->expected && vm_alive(slot->vm))
		hold(slot);
	else
		kill_vm(slot);
}

/* The one at fault: after a migration to another build it is not the slot's. */
static const struct build *failed_build(const struct slot *slot)
{
	struct run *run = slot->failure.run;

	if (!run && slot->vm)
		run = vm_run(slot->vm);
	return run ? run_build(run) : own_build(slot);
}

/* incident: relative to the state folder, or NULL where there is no evidence. */
static void emit_failure(struct slot *slot, const char *incident, const char *alternative)
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
		.build = own_build(slot)->spec.name,
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
	emit_failure(slot, kept ? relative : NULL, alternative);
}

static void identify_failure(struct slot *slot, const struct failure *failure,
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

	identify_failure(slot, failure, &slot->result);
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

static void diagnose(struct slot *slot)
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
static void leave_out_refused(struct slot *slot, const char *why)
{
	const struct profile_operation *operation = slot->plan.operation[slot->plan_at - 1];
	size_t position = (size_t)(operation - slot->spec.profile->operations);

	leave_out(slot, position, run_build(vm_run(slot->vm)), why);
	slot->refused |= 1ull << position;
}

static void operation_done(void *ctx, const struct op_result *result)
{
	struct slot *slot = ctx;

	guard_operation_ended(slot->guard, result);
	op_free(slot->op);
	slot->op = NULL;
	slot->result = *result;
	if (result->kind == OP_BOOT)
		boots_leave(slot->spec.boots, &slot->turn);
	if (result->refused)
		leave_out_refused(slot, result->err.text);
	if (result->outcome == OP_INTERRUPTED) {
		kill_vm(slot);
		return;
	}
	/* As the store counts them. */
	if (result->outcome == OP_FAILED || !result->stood_still)
		slot->spec.handler.operation_ended(slot->spec.handler.ctx);
	if (result->outcome == OP_FAILED) {
		diagnose(slot);
		return;
	}
	if (result->kind == OP_BOOT)
		slot->booted = true;
	next(slot);
}

static const struct build *find_build(const struct slot *slot, const char *name)
{
	for (size_t i = 0; name && i < slot->spec.profile->build_count; i++)
		if (!strcmp(slot->spec.builds[i].spec.name, name))
			return &slot->spec.builds[i];
	return NULL;
}

/* Whether loops have something to do without it: then what libvirt cannot do is no failure. Snapshots need each
 * other. */
static bool may_be_refused(const struct slot *slot, const struct profile_operation *operation)
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

static void start(struct slot *slot, enum op_kind kind, const struct profile_operation *operation)
{
	struct op_spec spec = {
		.kind = kind,
		.loop = operation ? (int)slot->loops_ended : -1,
		.shutdown = slot->spec.profile->shutdown,
		.limit_ns = slot->spec.profile->limit_ns,
	};

	if (operation) {
		snprintf(spec.tag, sizeof(spec.tag), "qsoak");
		spec.migration = operation->migration;
		spec.destination = find_build(slot, operation->to);
		spec.probe = operation->probe;
		spec.optional = operation->optional || may_be_refused(slot, operation);
	}
	slot->op = op_start(slot->loop, slot->vm, &spec, operation_done, slot);
	guard_operation(slot->guard, slot->op);
}

/* Whether the operation is to be left out: libvirt cannot do it, or it is optional, and one of the builds lacks it. */
static bool left_out(struct slot *slot, const struct profile_operation *operation)
{
	size_t position = (size_t)(operation - slot->spec.profile->operations);
	const struct build *builds[] = { run_build(vm_run(slot->vm)),
					 find_build(slot, operation->to) };
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
static void skip_left_out(struct slot *slot)
{
	while (slot->plan_at < slot->plan.count &&
	       left_out(slot, slot->plan.operation[slot->plan_at]))
		slot->plan_at++;
}

static void start_planned(struct slot *slot, const struct profile_operation *operation)
{
	start(slot,
	      plan_kind(slot->spec.profile, slot->spec.seed, slot->part.slot, slot->loops_begun - 1,
			operation),
	      operation);
}

static void boot(struct slot *slot)
{
	struct plan_part part = plan_part(slot->spec.profile, slot->spec.number, slot->vm_number,
					  slot->loops_begun);
	struct vm_spec spec = {
		.machine = slot->spec.machine,
		.build = own_build(slot),
		.template = slot->spec.template,
		.parent = slot->spec.vms,
		.records = slot->spec.records,
		.campaign_id = slot->spec.campaign_id,
		.slot = slot->spec.number,
		.vm = slot->vm_number,
		.guest_seed = plan_guest_seed(slot->spec.seed, &part),
	};
	struct err err = { 0 };
	int r;

	slot->part = part;
	slot->loops_begun = part.first_loop;
	slot->loops_ended = 0;
	slot->booted = slot->in_loop = slot->host_failed = false;
	r = vm_new(slot->loop, &spec, &slot->vm, &err);
	if (r < 0) {
		struct failure failure = { .class = FAILURE_HOST, .kind = OP_BOOT };

		boots_leave(slot->spec.boots, &slot->turn);
		/* Room may come; with anything else there is no use in trying again and again. */
		slot->vm_hopeless = r != -ENOSPC && r != -EDQUOT;
		log_error("slot %d %s: %s", slot->spec.number,
			  slot->vm_hopeless ? "ends" : "has no room for a VM", err.text);
		/* There is no VM to take evidence from. */
		snprintf(failure.detail, sizeof(failure.detail), "%s", err.text);
		identify_failure(slot, &failure, &(struct op_result){ 0 });
		emit_failure(slot, NULL, NULL);
		return;
	}
	vm_listen(slot->vm, RUN_ROLE_OWNER, &slot->owner);
	slot->guard = guard_new(slot->loop, slot->vm, &slot->spec.profile->watch,
				slot->spec.profile->limit_ns[LIMIT_STALL], slot->spec.words);
	start(slot, OP_BOOT, NULL);
}

static void end_loop(struct slot *slot)
{
	struct record_loop_end end = {
		.campaign_id = slot->spec.campaign_id,
		.slot = slot->spec.number,
		.vm = slot->vm_number,
		.loop = slot->loops_ended,
	};

	records_emit(slot->spec.records,
		     &(struct record){ .type = RECORD_LOOP_END, .loop_end = end });
	slot->in_loop = false;
	slot->loops_ended++;
	guard_loop_ended(slot->guard);
	slot->spec.handler.loop_ended(slot->spec.handler.ctx);
}

/* There is no VM. */
static void next_vm(struct slot *slot)
{
	if (slot->stop == SLOT_GOES_ON && slot->paused) {
		boots_leave(slot->spec.boots, &slot->turn);
		slot->waits = true;
		return;
	}
	if (slot->stop == SLOT_GOES_ON && !boots_ask(slot->spec.boots, &slot->turn))
		return; /* its turn will come */
	if (slot->stop == SLOT_GOES_ON && slot->spec.handler.wants_vm(slot->spec.handler.ctx)) {
		boot(slot);
		return;
	}
	boots_leave(slot->spec.boots, &slot->turn);
	stopped(slot);
}

/* Starts what is due. Only while no operation, failure or kill is in progress. */
static void next(void *ctx)
{
	struct slot *slot = ctx;

	if (slot->vm && vm_state(slot->vm) == VM_ENDED) {
		vm_gone(slot);
		return;
	}
	if (!slot->vm) {
		next_vm(slot);
		return;
	}
	if (slot->in_loop)
		skip_left_out(slot);
	if (slot->in_loop && slot->plan_at == slot->plan.count)
		end_loop(slot);
	if (guard_found(slot->guard)) {
		/* The last operation had ended well before. */
		slot->result.step = "end";
		vm_set_state(slot->vm, VM_FAILED);
		diagnose(slot);
		return;
	}
	if (slot->stop == SLOT_KILL) {
		kill_vm(slot);
		return;
	}
	if (slot->stop == SLOT_DRAIN || slot->paused ||
	    slot->loops_ended == slot->spec.profile->loops_per_vm) {
		start(slot, OP_SHUTDOWN, NULL);
		return;
	}
	if (!slot->in_loop) {
		plan_loop(slot->spec.profile, slot->spec.seed, slot->part.slot, slot->loops_begun++,
			  &slot->plan);
		slot->plan_at = 0;
		slot->in_loop = true;
		skip_left_out(slot);
	}
	/* All that was drawn is left out. */
	if (slot->plan_at == slot->plan.count) {
		deadline_start(slot->loop, &slot->kick, 0);
		return;
	}
	start_planned(slot, slot->plan.operation[slot->plan_at++]);
}

static void may_boot(void *ctx)
{
	struct slot *slot = ctx;

	deadline_start(slot->loop, &slot->kick, 0);
}

struct slot *slot_new(struct ev_loop *loop, const struct slot_spec *spec)
{
	struct slot *slot = mem_new(struct slot);

	slot->loop = loop;
	slot->spec = *spec;
	slot->vm_number = spec->first_vm;
	slot->loops_begun = spec->loops_begun;
	slot->may_hold = spec->profile->on_failure == ON_FAILURE_HOLD;
	slot->owner = (struct run_listener){ .exited = run_gone, .ctx = slot };
	slot->turn = (struct boots_turn){ .granted = may_boot, .ctx = slot };
	deadline_init(&slot->kick, next, slot);
	deadline_init(&slot->kill_limit, vm_gone, slot);
	deadline_start(loop, &slot->kick, 0);
	return slot;
}

void slot_free(struct slot *slot)
{
	if (!slot)
		return;
	deadline_stop(slot->loop, &slot->kick);
	deadline_stop(slot->loop, &slot->kill_limit);
	incident_free(slot->incident);
	diagnosis_free(slot->diagnosis);
	op_free(slot->op);
	guard_free(slot->guard);
	vm_free(slot->vm);
	boots_leave(slot->spec.boots, &slot->turn);
	free(slot);
}

void slot_stop(struct slot *slot, enum slot_stop stop)
{
	if (stop <= slot->stop)
		return;
	slot->stop = stop;
	/* An active kick may be one that is to come after a rest. */
	if (slot->turn.state == BOOTS_WAITS || slot->waits || ev_is_active(&slot->kick.timer))
		deadline_start(slot->loop, &slot->kick, 0);
	slot->waits = false;
	/* A failure in progress is not cut short: its evidence is what we are here for. */
	if (stop == SLOT_KILL && slot->op)
		op_interrupt(slot->op);
}

void slot_pause(struct slot *slot, bool paused)
{
	slot->paused = paused;
	if (!paused && slot->waits)
		deadline_start(slot->loop, &slot->kick, 0);
	slot->waits = slot->waits && paused;
}

bool slot_release(struct slot *slot)
{
	bool held = slot->held;

	if (held)
		let_go(slot, "it was released");
	return held;
}

void slot_stop_holding(struct slot *slot)
{
	slot->may_hold = false;
	if (slot->held)
		let_go(slot, "the campaign is to end");
}

static const char *state_name(const struct slot *slot)
{
	if (slot->held)
		return "held";
	if (slot->vm)
		return vm_state_name(vm_state(slot->vm));
	if (slot->stopped)
		return "stopped";
	if (slot->waits)
		return "paused";
	return slot->turn.state == BOOTS_WAITS || slot->host_failed ? "waiting" : "empty";
}

void slot_status(const struct slot *slot, struct slot_status *ret_status)
{
	struct run *runs[VM_RUNS_MAX] = { 0 };

	if (slot->held) {
		runs[0] = vm_run(slot->vm);
		runs[1] = vm_incoming(slot->vm);
	}
	*ret_status = (struct slot_status){
		.slot = slot->spec.number,
		.vm = slot->vm_number,
		.build = own_build(slot)->spec.name,
		.state = state_name(slot),
		.operation = slot->op ? op_kind_name(op_spec(slot->op)->kind) : NULL,
		.step = slot->op ? op_step_name(slot->op) : NULL,
		.loops = slot->vm ? slot->loops_ended : 0,
		.incident = slot->held ? slot->failure_id : 0,
	};
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		if (runs[i] && !run_exited(runs[i]))
			ret_status->pids[ret_status->pid_count++] = run_pid(runs[i]);
}

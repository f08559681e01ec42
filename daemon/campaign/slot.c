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
#include "campaign/slot-parts.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static void next(void *ctx);

void slot_stopped(struct slot *slot)
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

const struct build *slot_own_build(const struct slot *slot)
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

void slot_leave_vm(struct slot *slot)
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
	slot_leave_vm(slot);
}

/* A kill comes to its end when the last run has exited, and so does a hold. */
static void run_gone(void *ctx, struct run *run)
{
	struct slot *slot = ctx;

	(void)run;
	if (slot->held && !vm_alive(slot->vm))
		slot_let_go(slot, "its last process has gone");
	else if (ev_is_active(&slot->kill_limit.timer) && !vm_alive(slot->vm))
		deadline_start(slot->loop, &slot->kill_limit, 0);
}

void slot_kill_vm(struct slot *slot)
{
	guard_free(slot->guard);
	slot->guard = NULL;
	vm_kill(slot->vm);
	deadline_start(slot->loop, &slot->kill_limit,
		       vm_alive(slot->vm) ? vm_kill_limit_ns(slot->vm) : 0);
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
		slot_leave_out_refused(slot, result->err.text);
	if (result->outcome == OP_INTERRUPTED) {
		slot_kill_vm(slot);
		return;
	}
	/* As the store counts them. */
	if (result->outcome == OP_FAILED || !result->stood_still)
		slot->spec.handler.operation_ended(slot->spec.handler.ctx);
	if (result->outcome == OP_FAILED) {
		slot_diagnose(slot);
		return;
	}
	if (result->kind == OP_BOOT)
		slot->booted = true;
	next(slot);
}

const struct build *slot_find_build(const struct slot *slot, const char *name)
{
	for (size_t i = 0; name && i < slot->spec.profile->build_count; i++)
		if (!strcmp(slot->spec.builds[i].spec.name, name))
			return &slot->spec.builds[i];
	return NULL;
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
		spec.destination = slot_find_build(slot, operation->to);
		spec.probe = operation->probe;
		spec.optional = operation->optional || slot_may_be_refused(slot, operation);
	}
	slot->op = op_start(slot->loop, slot->vm, &spec, operation_done, slot);
	guard_operation(slot->guard, slot->op);
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
		.build = slot_own_build(slot),
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
		slot_identify_failure(slot, &failure, &(struct op_result){ 0 });
		slot_emit_failure(slot, NULL, NULL);
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
	slot_stopped(slot);
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
		slot_skip_left_out(slot);
	if (slot->in_loop && slot->plan_at == slot->plan.count)
		end_loop(slot);
	if (guard_found(slot->guard)) {
		/* The last operation had ended well before. */
		slot->result.step = "end";
		vm_set_state(slot->vm, VM_FAILED);
		slot_diagnose(slot);
		return;
	}
	if (slot->stop == SLOT_KILL) {
		slot_kill_vm(slot);
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
		slot_skip_left_out(slot);
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
		.build = slot_own_build(slot)->spec.name,
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

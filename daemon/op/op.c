// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one operation walks through its table. Whatever happens to its runs lands in
 * op->seen first and then in evaluate(), which asks the step in progress whether it has ended.
 * The first thing that ends the operation wins (finish()); what comes later is ignored. done is
 * called from a deadline of its own, so that no caller is below us on the stack.
 */
#include "op/op.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/standstill.h"
#include "op/step.h"

static const struct op_type *const types[] = {
	[OP_BOOT] = &op_type_boot,
	[OP_SNAPSHOT_SAVE] = &op_type_snapshot_save,
	[OP_SNAPSHOT_SAVE_VERIFY] = &op_type_snapshot_save_verify,
	[OP_SNAPSHOT_LOAD] = &op_type_snapshot_load,
	[OP_SNAPSHOT_LOAD_VERIFY] = &op_type_snapshot_load_verify,
	[OP_SNAPSHOT_DELETE] = &op_type_snapshot_delete,
	[OP_MIGRATE] = &op_type_migrate,
	[OP_MIGRATE_CANCEL] = &op_type_migrate_cancel,
	[OP_STOP_CONT] = &op_type_stop_cont,
	[OP_RESET] = &op_type_reset,
	[OP_LIBVIRT_SAVE_RESTORE] = &op_type_libvirt_save_restore,
	[OP_LIBVIRT_SNAPSHOT_INTERNAL] = &op_type_libvirt_snapshot_internal,
	[OP_LIBVIRT_SNAPSHOT_EXTERNAL] = &op_type_libvirt_snapshot_external,
	[OP_SHUTDOWN] = &op_type_shutdown,
};
NAMES_COMPLETE(types, OP_KIND_COUNT);

/* Where libvirt goes another way. */
static const struct op_type *const libvirt_types[OP_KIND_COUNT] = {
	[OP_BOOT] = &op_type_boot_libvirt,
	[OP_MIGRATE] = &op_type_migrate_libvirt,
	[OP_MIGRATE_CANCEL] = &op_type_migrate_cancel_libvirt,
};

/* A libvirt that is there takes far less. */
#define OP_NOTICE_NS (2 * CLOCK_NS_PER_S)

static const char *const outcome_names[] = {
	[OP_OK] = "ok",
	[OP_FAILED] = "failed",
	[OP_INTERRUPTED] = "interrupted",
};
NAMES_COMPLETE(outcome_names, OP_OUTCOME_COUNT);

const char *op_outcome_name(enum op_outcome outcome)
{
	return names_of(outcome_names, OP_OUTCOME_COUNT, outcome);
}

static void step_begin(struct op *op);

static void add_step(struct op *op)
{
	int64_t duration_ns = clock_now_ns() - op->step_began_ns;

	if (op->step_count == OP_STEPS_MAX)
		abort(); /* a table is longer than OP_STEPS_MAX */
	op->steps[op->step_count++] = (struct record_step){ op->step->name, duration_ns };
	if (op->step->ours)
		op->ours_ns += duration_ns;
}

static void finish(struct op *op, enum op_outcome outcome, enum op_cause cause, struct run *run)
{
	if (op->over)
		return;
	op->over = true;
	deadline_stop(op->loop, &op->limit);
	deadline_stop(op->loop, &op->poll);
	deadline_stop(op->loop, &op->notice);
	blackout_disarm(&op->blackout);
	image_check_free(op->image);
	op->image = NULL;
	op->result.kind = op->spec.kind;
	op->result.outcome = outcome;
	op->result.cause = cause;
	op->result.run = run;
	if (op->step->name) {
		add_step(op);
		op->result.step = op->step->name;
		op->result.place = op->step->place;
		op->result.oracle = op->step->oracle;
		op->result.guest_due = op->step->guest_due && !op->waits_for_reply;
		op->result.step_limit_ns = op->spec.limit_ns[op->step->limit];
	}
	op->result.duration_ns = clock_now_ns() - op->began_ns - op->ours_ns;
	op->result.stood_still = standstill_count(op->loop) != op->standstills;
	deadline_start(op->loop, &op->finish, 0);
}

static void fail(struct op *op, enum op_cause cause, struct run *run, const struct err *err)
{
	if (op->over)
		return;
	op->result.err = *err;
	finish(op, OP_FAILED, cause, run);
}

static void step_end(struct op *op)
{
	add_step(op);
	deadline_stop(op->loop, &op->limit);
	deadline_stop(op->loop, &op->poll);
	deadline_stop(op->loop, &op->notice);
	json_decref(op->value);
	op->value = NULL;
	op->step++;
	step_begin(op);
}

static void evaluate(struct op *op)
{
	static const enum op_cause causes[] = {
		[OP_FAILS] = OP_CAUSE_ERROR,
		[OP_DIFFERS] = OP_CAUSE_DIFFERS,
		[OP_CANNOT] = OP_CAUSE_HOST,
	};
	enum op_progress progress;
	struct err err = { 0 };

	if (op->over || op->waits_for_reply)
		return;
	progress = op->step->ended ? op->step->ended(op, &err) : OP_DONE;
	if (progress >= OP_FAILS)
		fail(op, causes[progress], op->run[op->step->side], &err);
	else if (progress == OP_GIVES_UP)
		finish(op, OP_INTERRUPTED, OP_CAUSE_NONE, NULL);
	else if (progress == OP_DONE)
		step_end(op);
	else if (op->step->poll_ns && !ev_is_active(&op->poll.timer))
		deadline_start(op->loop, &op->poll, op->step->poll_ns);
}

static void probe_in(void *ctx, const struct qmp_reply *reply)
{
	struct op *op = ctx;

	if (!op->over)
		op_measure(op, "main_loop_stall_ns", (double)(reply->at_ns - op->probe_ns));
}

/* In-band commands are answered one after the other, by the main loop: this one's round trip is how
 * long the one before kept it. */
static void send_probe(struct op *op)
{
	if (!op->step->probed || !op->spec.probe || op->probe_ns)
		return;
	op->probe_ns = clock_now_ns();
	qmp_execute(run_qmp(op->run[op->step->side]), "query-status", NULL, false, probe_in, op);
}

/* Starts the step's command; used again by steps that poll. */
static void step_send(struct op *op)
{
	struct err err = { 0 };

	if (op->step->start && op->step->start(op, &err) < 0) {
		fail(op, OP_CAUSE_HOST, NULL, &err);
		return;
	}
	send_probe(op);
	evaluate(op);
}

/* From where the operation stands to the next step that is wanted, or to the end. */
static void find_step(struct op *op)
{
	for (;;) {
		if (!op->step->name && op->before)
			op->step = op->type->steps;
		else if (op->step->name && op->step->wanted && !op->step->wanted(op))
			op->step++;
		else
			return;
		op->before = op->before && op->step != op->type->steps;
	}
}

static void blackout_over(void *ctx)
{
	struct op *op = ctx;
	int64_t length_ns, gap_ns;

	if (blackout_result(&op->blackout, &length_ns, &gap_ns)) {
		op_measure(op, "blackout_ns", (double)length_ns);
		op_measure(op, "blackout_gap_ns", (double)gap_ns);
	}
	evaluate(op);
}

/* Before the command is sent: the guest's last tick must not be missed. */
static void arm_blackout(struct op *op)
{
	const struct run *dst = op->run[OP_DST];

	blackout_arm(&op->blackout, op->loop, op->step->blackout, run_ram(op->run[OP_SRC]),
		     dst ? run_ram(dst) : NULL, blackout_over, op);
}

static void measure_standstill(struct op *op)
{
	int64_t length_ns;

	if (blackout_longest(&op->blackout, &length_ns))
		op_measure(op, "standstill_ns", (double)length_ns);
}

static void step_begin(struct op *op)
{
	find_step(op);
	if (!op->step->name) {
		measure_standstill(op);
		finish(op, OP_OK, OP_CAUSE_NONE, NULL);
		return;
	}
	op->step_began_ns = clock_now_ns();
	if (op->step->blackout)
		arm_blackout(op);
	deadline_start(op->loop, &op->limit, op->spec.limit_ns[op->step->limit]);
	if (op->step->limit == LIMIT_LIBVIRT)
		deadline_start(op->loop, &op->notice, OP_NOTICE_NS);
	step_send(op);
}

/* What one that has not even greeted has said; the caller frees. NULL: nothing. */
static char *first_words(const struct run *run)
{
	char *output;

	if (!run || qmp_greeted(run_qmp(run)))
		return NULL;
	output = run_output(run, NULL);
	output[strcspn(output, "\r\n")] = '\0';
	if (*output)
		return output;
	free(output);
	return NULL;
}

static void limit_passed(void *ctx)
{
	struct op *op = ctx;
	auto_free char *words = first_words(op->run[op->step->side]);
	struct err err = { 0 };

	err_set(&err, -ETIMEDOUT, "no end of step %s after %" PRId64 " ms%s%s", op->step->name,
		(clock_now_ns() - op->step_began_ns) / CLOCK_NS_PER_MS, words ? ": " : "",
		words ?: "");
	fail(op, op->step->place == OP_PLACE_HOST ? OP_CAUSE_HOST : OP_CAUSE_DEADLINE,
	     op->run[op->step->side], &err);
}

/* It may be long until the limit, and who looks on can do something about it. */
static void notice_passed(void *ctx)
{
	struct op *op = ctx;
	const struct run *run = op->run[op->step->side];
	auto_free char *words = first_words(run);

	log_warning("slot %d waits for libvirt, for up to %" PRId64 " s: %s%s",
		    vm_spec(op->vm)->slot, op->spec.limit_ns[op->step->limit] / CLOCK_NS_PER_S,
		    words ?: run_uri(run), words ? "" : " does not answer");
}

static void poll_passed(void *ctx)
{
	step_send(ctx);
}

void op_refused(struct op *op, const struct qmp_reply *reply)
{
	struct err err = { 0 };

	err_set(&err, -EREMOTEIO, "%s", reply->error);
	if (!reply->unsupported || !op->spec.optional) {
		fail(op, OP_CAUSE_ERROR, op->run[op->step->side], &err);
		return;
	}
	op->result.err = err;
	op->result.refused = true;
	finish(op, OP_INTERRUPTED, OP_CAUSE_NONE, NULL);
}

static void reply_in(void *ctx, const struct qmp_reply *reply)
{
	struct op *op = ctx;

	if (op->over)
		return;
	op->waits_for_reply = false;
	json_decref(op->value);
	op->value = json_incref(reply->value);
	if (reply->error)
		op_refused(op, reply);
	else
		evaluate(op);
}

static enum op_side side_of(const struct op *op, const struct run *run)
{
	return run == op->run[OP_DST] ? OP_DST : OP_SRC;
}

static void greeting_in(void *ctx, struct run *run)
{
	(void)run;
	evaluate(ctx);
}

/* Of a peer's own stamp; -1 where there is none. */
static int64_t monotonic(int64_t peer_unix_ns)
{
	return peer_unix_ns < 0 ? -1 : peer_unix_ns - (clock_wall_ns() - clock_now_ns());
}

/* What QEMU says of itself is not trusted: a time that cannot be is now. */
static int64_t within(const struct op *op, int64_t at_ns)
{
	int64_t now_ns = clock_now_ns();

	return at_ns >= op->began_ns && at_ns <= now_ns ? at_ns : now_ns;
}

static void stamp(struct op_seen *seen, const struct qmp_event *event, bool last)
{
	if (!seen->begun_peer_ns)
		seen->begun_peer_ns = event->peer_unix_ns;
	if (last)
		seen->done_peer_ns = event->peer_unix_ns;
}

static void event_in(void *ctx, struct run *run, const struct qmp_event *event)
{
	struct op *op = ctx;
	struct op_seen *seen = &op->seen[side_of(op, run)];
	const char *status = json_string_value(json_object_get(event->data, "status"));
	const char *id = json_string_value(json_object_get(event->data, "id"));

	if (!strcmp(event->name, "STOP")) {
		if (!seen->stop_peer_ns) {
			seen->stop_peer_ns = event->peer_unix_ns;
			seen->stop_ns = within(op, monotonic(event->peer_unix_ns));
		}
		blackout_stopped(&op->blackout);
	} else if (!strcmp(event->name, "RESUME")) {
		seen->resume_peer_ns = event->peer_unix_ns;
		blackout_resumed(&op->blackout, monotonic(event->peer_unix_ns));
	} else if (!strcmp(event->name, "RESET")) {
		seen->reset = true;
		blackout_stopped(&op->blackout);
	} else if (!strcmp(event->name, "MIGRATION") && status) {
		snprintf(seen->migration, sizeof(seen->migration), "%s", status);
		if (op->type->migrates)
			stamp(seen, event, !strcmp(status, "completed"));
	} else if (!strcmp(event->name, "JOB_STATUS_CHANGE") && id && status &&
		   !strcmp(id, op->job)) {
		stamp(seen, event, !strcmp(status, "concluded"));
		if (!strcmp(status, "aborting"))
			seen->job_aborting = true;
		else if (!strcmp(status, "concluded"))
			seen->job_concluded = true;
	}
	evaluate(op);
}

static void closed_in(void *ctx, struct run *run, const struct err *err)
{
	struct op *op = ctx;

	/* A run that was asked to go closes its connection first; its exit says how it went. */
	bool leaves = run_exit_expected(run) && (err->code == -EPIPE || err->code == -ECONNRESET);

	if (!leaves)
		fail(op, OP_CAUSE_LOST, run, err);
}

static void exited_in(void *ctx, struct run *run)
{
	struct op *op = ctx;
	const struct child_exit *how = run_exited(run);
	struct err err = { 0 };

	if (run_exited_well(run)) {
		/* It will not answer any more; but the other side may have been asked. */
		if (run == op->run[op->step->side])
			op->waits_for_reply = false;
		evaluate(op);
		return;
	}
	if (how->signal)
		err_set(&err, -ECHILD, "QEMU was ended by signal %d", how->signal);
	else
		err_set(&err, -ECHILD, "QEMU exited with status %d", how->status);
	fail(op, OP_CAUSE_LOST, run, &err);
}

static void emit_begin(const struct op *op)
{
	const struct vm_spec *vm = vm_spec(op->vm);
	struct record_operation_begin begin = {
		.id = op->result.operation_id,
		.campaign_id = vm->campaign_id,
		.src_run_id = op->result.src_run_id,
		.slot = vm->slot,
		.vm = vm->vm,
		.loop = op->spec.loop,
		.kind = op_kind_name(op->spec.kind),
		.began_unix_ns = clock_unix_ns(),
	};

	records_emit(vm->records,
		     &(struct record){ .type = RECORD_OPERATION_BEGIN, .operation_begin = begin });
}

/* By QEMU's own stamps, which are of the wall clock: of two readings of a clock that was set in between
 * the difference says nothing. */
static bool wall_clock_jumped(const struct op *op)
{
	int64_t ahead_ns = clock_wall_ns() - clock_now_ns() - op->wall_ahead_ns;

	return llabs(ahead_ns) > OP_SLEW_NS + op->result.duration_ns / OP_SLEW_SHARE;
}

/* libvirt takes its own time for whatever it is asked: what QEMU did in an operation is told by QEMU, where it does. */
static int64_t duration_ns(const struct op *op)
{
	int64_t from_ns = op->seen[OP_SRC].begun_peer_ns, to_ns = op->seen[OP_SRC].done_peer_ns;

	if (op->type->stamps)
		op->type->stamps(op, &from_ns, &to_ns);
	return vm_spec(op->vm)->machine->libvirt && from_ns > 0 && to_ns >= from_ns &&
			       op->result.outcome == OP_OK && !wall_clock_jumped(op)
		       ? to_ns - from_ns
		       : op->result.duration_ns;
}

/* One that ended well, but across a standstill, took no time that means anything: it is stored as
 * interrupted, and measured nothing. */
static void emit_end(const struct op *op)
{
	const struct op_seen *seen = &op->seen[OP_SRC];
	bool spoilt = op->result.stood_still && op->result.outcome == OP_OK;
	struct record_operation_end end = {
		.id = op->result.operation_id,
		.src_run_id = op->result.src_run_id,
		.dst_run_id = op->result.dst_run_id,
		.outcome = op_outcome_name(spoilt ? OP_INTERRUPTED : op->result.outcome),
		.duration_ns = duration_ns(op),
		.stall_ns = -1,
		.steps = op->steps,
		.step_count = op->step_count,
		.measures = op->measures,
		.measure_count = op->result.stood_still ? 0 : op->measure_count,
	};

	/* In a migration the guest resumes elsewhere, by another QEMU's clock. */
	if (op->spec.kind != OP_MIGRATE && seen->stop_peer_ns > 0 &&
	    seen->resume_peer_ns >= seen->stop_peer_ns && !op->result.stood_still &&
	    !wall_clock_jumped(op))
		end.stall_ns = seen->resume_peer_ns - seen->stop_peer_ns;
	records_emit(vm_spec(op->vm)->records,
		     &(struct record){ .type = RECORD_OPERATION_END, .operation_end = end });
}

/* Once; the runs may be freed afterwards. */
static void detach(struct op *op)
{
	for (int side = 0; side < OP_SIDE_COUNT; side++) {
		if (!op->run[side])
			continue;
		run_listen(op->run[side], RUN_ROLE_OPERATION, NULL);
		qmp_forget(run_qmp(op->run[side]), op);
		op->run[side] = NULL;
	}
}

static void finished(void *ctx)
{
	struct op *op = ctx;
	struct op_result result;

	detach(op);
	emit_end(op);
	if (op->result.outcome != OP_OK) {
		vm_set_state(op->vm, VM_FAILED);
	} else {
		if (op->type->completed)
			op->type->completed(op);
		/* The guest has it long before the next save waits for it. */
		vm_ask_generation(op->vm);
		vm_set_state(op->vm, op->spec.kind == OP_SHUTDOWN ? VM_ENDED : VM_RUNNING);
	}
	/* The caller may free us from within. */
	result = op->result;
	op->done(op->ctx, &result);
}

struct op *op_start(struct ev_loop *loop, struct vm *vm, const struct op_spec *spec,
		    void (*done)(void *ctx, const struct op_result *result), void *ctx)
{
	struct op *op = mem_new(struct op);

	op->loop = loop;
	op->vm = vm;
	op->spec = *spec;
	op->type = vm_spec(vm)->machine->libvirt && libvirt_types[spec->kind]
			   ? libvirt_types[spec->kind]
			   : types[spec->kind];
	op->before = op->type->before != NULL;
	op->step = op->before ? op->type->before : op->type->steps;
	op->done = done;
	op->ctx = ctx;
	op->listener = (struct run_listener){
		.greeting = greeting_in,
		.event = event_in,
		.closed = closed_in,
		.exited = exited_in,
		.ctx = op,
	};
	deadline_init(&op->limit, limit_passed, op);
	deadline_init(&op->poll, poll_passed, op);
	deadline_init(&op->notice, notice_passed, op);
	deadline_init(&op->finish, finished, op);
	op->standstills = standstill_count(loop);
	op->began_ns = op->step_began_ns = clock_now_ns();
	op->wall_ahead_ns = clock_wall_ns() - op->began_ns;
	op->result.operation_id = records_new_id(vm_spec(vm)->records);
	snprintf(op->job, sizeof(op->job), "qsoak-%" PRId64, op->result.operation_id);
	vm_set_state(vm, spec->kind == OP_BOOT	     ? VM_BOOTING
			 : spec->kind == OP_SHUTDOWN ? VM_SHUTTING_DOWN
						     : VM_BUSY);
	if (vm_run(vm))
		op_join(op, OP_SRC, vm_run(vm));
	emit_begin(op);
	if (!op->over)
		step_begin(op);
	return op;
}

void op_interrupt(struct op *op)
{
	finish(op, OP_INTERRUPTED, OP_CAUSE_NONE, NULL);
}

void op_fail(struct op *op, struct run *run, const struct err *err)
{
	fail(op, OP_CAUSE_WATCH, run, err);
}

bool op_busy_main_loop(const struct op *op)
{
	return op->step->busy_main_loop;
}

const struct run *op_guest_due(const struct op *op)
{
	bool due = op->step->guest_due && !op->waits_for_reply && !op->over;

	return due ? op->run[op->step->side] : NULL;
}

void op_free(struct op *op)
{
	if (!op)
		return;
	deadline_stop(op->loop, &op->limit);
	deadline_stop(op->loop, &op->poll);
	deadline_stop(op->loop, &op->notice);
	deadline_stop(op->loop, &op->finish);
	blackout_disarm(&op->blackout);
	image_check_free(op->image);
	detach(op);
	json_decref(op->value);
	free(op);
}

const struct op_spec *op_spec(const struct op *op)
{
	return &op->spec;
}

const char *op_step_name(const struct op *op)
{
	return op->step->name ? op->step->name : "end";
}

void op_execute(struct op *op, const char *command, json_t *arguments)
{
	op->waits_for_reply = true;
	qmp_execute(run_qmp(op->run[op->step->side]), command, arguments, false, reply_in, op);
}

void op_look(struct op *op)
{
	evaluate(op);
}

void op_join(struct op *op, enum op_side side, struct run *run)
{
	op->run[side] = run;
	if (side == OP_SRC)
		op->result.src_run_id = run_id(run);
	else
		op->result.dst_run_id = run_id(run);
	run_listen(run, RUN_ROLE_OPERATION, &op->listener);
	/* It may have gone while nobody listened. */
	if (run_exited(run))
		exited_in(op, run);
	else if (run_closed(run)->code)
		closed_in(op, run, run_closed(run));
}

void op_measure(struct op *op, const char *name, double value)
{
	if (op->measure_count == OP_MEASURES_MAX)
		abort(); /* an operation measures more than OP_MEASURES_MAX */
	op->measures[op->measure_count++] = (struct record_measure){ name, value };
}

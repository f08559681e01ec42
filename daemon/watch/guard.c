// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a timer looks at each QEMU of the VM, and one ward a QEMU remembers what was
 * seen. Wards are matched by the run's id: a run is freed behind our back when a migration ends, and
 * the next one may lie at the same address. A QEMU that was asked to go is left alone: it answers
 * nothing any more, and the limit of the step that waits for it is its judge.
 */
#include "watch/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"
#include "base/names.h"
#include "watch/history.h"
#include "watch/host.h"
#include "watch/leak.h"
#include "watch/proc.h"
#include "watch/sanitizer.h"
#include "watch/stall.h"

/* So often in a row QEMU has to say that a guest which has to run by now does not. */
#define NO_RESUME_ANSWERS 2

/* One QEMU under watch. */
struct ward {
	struct guard *guard;
	struct run *run; /* may be gone; only compared until its id was */
	int64_t run_id;	 /* 0: the ward is free */
	struct stall stall;
	struct history history;
	struct protocol protocol;
	struct leak descriptors, bytes;
	int64_t in_band_sent_ns, out_of_band_sent_ns; /* 0: none waits */
	int64_t in_band_answered_ns;
	bool in_band_asked, out_of_band_asked, status_running;
	size_t output_size;    /* at the last look */
	int64_t resume_due_ns; /* since when the guest should run although it stands; 0: is well */
	enum op_kind resume_due_kind;
	unsigned not_running; /* answers since then that it does not */
};

struct guard {
	struct ev_loop *loop;
	struct vm *vm;
	const struct guard_rules *rules;
	int64_t stall_ns;
	struct protocol_words *words;
	struct op *op;
	bool ran;	   /* the guest, when the operation began */
	const char *moved; /* kind of what moved the guest's memory last */
	struct run_listener listener;
	struct ward ward[VM_RUNS_MAX];
	struct deadline look;
	unsigned looks;
	bool found, stopped;
	struct failure failure;
};

const struct guard_rules guard_rules_default = {
	.heartbeat = true,
	.leak_descriptors = 64,
	.leak_bytes = 256ll << 20,
	.stolen_max = HOST_STOLEN_MAX_DEFAULT,
};

static void find(struct guard *guard, enum failure_class class, enum failure_place place,
		 struct run *run, const char *detail)
{
	struct err err = { 0 };

	if (guard->found || guard->stopped)
		return;
	guard->found = true;
	guard->failure.class = class;
	guard->failure.place = place;
	guard->failure.run = run;
	failure_set_detail(&guard->failure, detail);
	deadline_stop(guard->loop, &guard->look);
	if (!guard->op)
		return;
	err_set(&err, -EIO, "%s", detail);
	op_fail(guard->op, run, &err);
}

static void judge_status(struct ward *ward, const char *status)
{
	char text[ERR_TEXT_MAX];

	if (!protocol_status(&ward->protocol, status, text, sizeof(text)))
		find(ward->guard, FAILURE_PROTOCOL, PLACE_NONE, ward->run, text);
	/* QEMU waits for us to cure the host. */
	if (!strcmp(status, "io-error"))
		find(ward->guard, FAILURE_HOST, PLACE_NONE, ward->run,
		     "the run state is io-error: QEMU cannot write its images");
}

static void set_resume_due(struct ward *ward, enum op_kind kind)
{
	if (ward->resume_due_ns || ward->protocol.run != PROTOCOL_STANDS)
		return;
	ward->resume_due_ns = clock_now_ns();
	ward->resume_due_kind = kind;
	ward->not_running = 0;
}

/* No order of a job's replies and events counts here: the question was asked when all of them had come,
 * and its answer comes after a RESUME that came before it. */
static void judge_resume(struct ward *ward, int64_t asked_ns)
{
	auto_free char *detail = NULL;

	if (!ward->resume_due_ns || asked_ns < ward->resume_due_ns || ward->status_running ||
	    ++ward->not_running < NO_RESUME_ANSWERS)
		return;
	detail = mem_printf(PROTOCOL_NO_RESUME, op_kind_name(ward->resume_due_kind));
	find(ward->guard, FAILURE_PROTOCOL, PLACE_NONE, ward->run, detail);
}

static void in_band_in(void *ctx, const struct qmp_reply *reply)
{
	struct ward *ward = ctx;
	const char *status =
		reply->value ? json_string_value(json_object_get(reply->value, "status")) : NULL;

	int64_t asked_ns = ward->in_band_sent_ns;

	ward->in_band_sent_ns = 0;
	ward->in_band_answered_ns = reply->at_ns;
	ward->status_running = status && !strcmp(status, "running");
	if (!status)
		return;
	judge_status(ward, status);
	judge_resume(ward, asked_ns);
}

static void out_of_band_in(void *ctx, const struct qmp_reply *reply)
{
	struct ward *ward = ctx;

	/* Even an error is an answer. */
	(void)reply;
	ward->out_of_band_sent_ns = 0;
}

static void send_heartbeat(struct ward *ward)
{
	struct qmp *qmp = run_qmp(ward->run);
	bool oob = run_oob(ward->run) && ward->guard->looks % 2;

	if (oob && !ward->out_of_band_sent_ns) {
		ward->out_of_band_asked = true;
		ward->out_of_band_sent_ns = clock_now_ns();
		qmp_execute(qmp, "query-yank", NULL, true, out_of_band_in, ward);
	} else if (!oob && !ward->in_band_sent_ns && ward->guard->looks % 2 == 0) {
		ward->in_band_asked = true;
		ward->in_band_sent_ns = clock_now_ns();
		qmp_execute(qmp, "query-status", NULL, false, in_band_in, ward);
	}
}

static bool lives(const struct guard *guard, const struct ward *ward)
{
	const struct run *runs[] = { vm_run(guard->vm), vm_incoming(guard->vm) };

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		if (runs[i] && run_id(runs[i]) == ward->run_id)
			return true;
	return false;
}

/* The ward of a run of the VM, a new one if it has none. */
static struct ward *ward_of(struct guard *guard, struct run *run)
{
	struct ward *vacant = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(guard->ward); i++) {
		struct ward *ward = &guard->ward[i];

		if (ward->run_id == run_id(run))
			return ward;
		if (!lives(guard, ward))
			vacant = ward;
	}
	if (!vacant)
		abort(); /* a VM has at most VM_RUNS_MAX runs */
	*vacant = (struct ward){ .guard = guard,
				 .run = run,
				 .run_id = run_id(run),
				 .protocol = { .words = guard->words } };
	return vacant;
}

static const char *describe(const struct hang_signals *signals, enum failure_place place)
{
	switch (place) {
	case PLACE_PROCESS:
		return "the main thread is stopped or in D state each time we look";
	case PLACE_VCPU:
		return "all answers and the status is running, but the guest stands";
	case PLACE_MAIN_LOOP:
		return signals->out_of_band == HANG_ANSWERS
			       ? "in-band commands are not answered, out-of-band ones are"
			       : "in-band commands are not answered, the main thread waits on a "
				 "futex";
	default:
		return "commands are not answered";
	}
}

/* What the main thread does: false if it has gone. Of a QEMU that answers, and whose guest has moved
 * since the last look, nothing is asked that costs anything: its threads run. */
static bool look_at_thread(const struct ward *ward, struct stall_look *look)
{
	const struct stall_look *last = &ward->stall.last;
	pid_t pid = run_pid(ward->run);
	struct proc_thread thread;

	look->run_delay_ns = proc_run_delay_ns(pid, pid);
	if (look->telemetry && look->ticks != last->ticks && !look->in_band_sent_ns &&
	    !look->out_of_band_sent_ns) {
		look->state = 'S';
		look->state_assumed = true;
		look->cpu_ticks = last->cpu_ticks + 1;
		return true;
	}
	if (!proc_thread(pid, pid, &thread))
		return false;
	look->state = thread.state;
	look->in_futex = proc_thread_in_futex(&thread);
	look->cpu_ticks = thread.cpu_ticks;
	return true;
}

static void judge(struct ward *ward)
{
	struct guard *guard = ward->guard;
	pid_t pid = run_pid(ward->run);
	struct telemetry telemetry;
	struct stall_look look = {
		.at_ns = clock_now_ns(),
		.busy = guard->op && op_busy_main_loop(guard->op),
		.in_band_sent_ns = ward->in_band_sent_ns,
		.out_of_band_sent_ns = ward->out_of_band_sent_ns,
		.in_band_asked = ward->in_band_asked,
		.out_of_band_asked = ward->out_of_band_asked,
		.in_band_answered_ns = ward->in_band_answered_ns,
		.status_running = ward->status_running,
		.telemetry = ram_sample(run_ram(ward->run), &telemetry),
		.ticks = ram_ticks(run_ram(ward->run)),
	};
	auto_free char *detail = NULL;
	enum failure_place place;

	if (!look_at_thread(ward, &look))
		return;
	history_add(&ward->history, &look, guard->op ? op_step_name(guard->op) : NULL);
	place = stall_look(&ward->stall, &look, guard->stall_ns);
	/* The threads of a QEMU that dies are in D state until its core is written. */
	if (place == PLACE_NONE || proc_dumps_core(pid))
		return;
	detail = mem_printf("in the middle of step %s: %s",
			    guard->op ? op_step_name(guard->op) : "none",
			    describe(&ward->stall.signals, place));
	find(guard, FAILURE_HANG, failure_place_in(ward->run, place), ward->run, detail);
}

static void event_in(void *ctx, struct run *run, const struct qmp_event *event)
{
	struct guard *guard = ctx;
	struct ward *ward = ward_of(guard, run);
	const char *reason;
	auto_free char *detail = NULL;
	char text[ERR_TEXT_MAX];

	if (!protocol_event(&ward->protocol, event->name, event->data, text, sizeof(text)))
		find(guard, FAILURE_PROTOCOL, PLACE_NONE, run, text);
	/* Our guests do not reset themselves: it has run into what is no code of its own. */
	if (!strcmp(event->name, "RESET") && json_is_true(json_object_get(event->data, "guest")))
		find(guard, FAILURE_PROTOCOL, PLACE_NONE, run,
		     "RESET by the guest, which does no such thing");
	if (ward->protocol.run != PROTOCOL_STANDS)
		ward->resume_due_ns = 0;
	if (strcmp(event->name, "BLOCK_IO_ERROR") ||
	    !json_is_true(json_object_get(event->data, "nospace")))
		return;
	reason = json_string_value(json_object_get(event->data, "reason"));
	detail = mem_printf("the disk is full: %s", reason ? reason : event->name);
	find(guard, FAILURE_HOST, PLACE_NONE, run, detail);
}

/* Some sanitizers report and let the program go on. A report is read once nothing comes after it any
 * more; of a QEMU that dies of it the diagnosis has it all. */
static void read_output(struct ward *ward)
{
	char detail[ERR_TEXT_MAX];
	auto_free char *output = NULL;
	size_t size;

	output = run_output(ward->run, &size);
	if (size && size == ward->output_size && sanitizer_find(output, detail, sizeof(detail)))
		find(ward->guard, FAILURE_SANITIZER, PLACE_NONE, ward->run, detail);
	ward->output_size = size;
}

/* The guest latches what it sees, but a load would undo that: so here it is latched for good. */
static void read_mismatch(struct guard *guard, struct run *run)
{
	static const enum failure_place places[] = {
		[TELEMETRY_PLACE_FLASH] = PLACE_FLASH,
		[TELEMETRY_PLACE_RAM] = PLACE_RAM,
	};
	auto_free char *detail = NULL;
	struct telemetry telemetry;

	if (guard->found || !ram_sample(run_ram(run), &telemetry) ||
	    telemetry.mismatch_place == TELEMETRY_PLACE_NONE ||
	    telemetry.mismatch_place >= ARRAY_SIZE(places))
		return;
	detail = mem_printf("the guest's vCPU %" PRIu32 " found a wrong word in %s 0x%" PRIx64
			    ": expected 0x%08" PRIx64 ", found 0x%08" PRIx64 "%s",
			    telemetry.mismatch_vcpu,
			    telemetry.mismatch_place == TELEMETRY_PLACE_FLASH ? "pflash at offset"
									      : "RAM at address",
			    telemetry.mismatch_where, telemetry.mismatch_expected,
			    telemetry.mismatch_found,
			    telemetry.mismatch_expected == telemetry.mismatch_found
				    ? ", which was right at a second look"
				    : "");
	guard->failure.after = guard->moved;
	find(guard, FAILURE_CORRUPTION, places[telemetry.mismatch_place], run, detail);
}

static void look_at(struct guard *guard, struct run *run)
{
	struct ward *ward;

	if (!run || !run_negotiated(run) || run_exited(run) || run_closed(run)->code ||
	    run_exit_expected(run))
		return;
	ward = ward_of(guard, run);
	if (guard->op && guard->ran && op_guest_due(guard->op) == run)
		set_resume_due(ward, op_spec(guard->op)->kind);
	read_output(ward);
	read_mismatch(guard, run);
	judge(ward);
	if (guard->rules->heartbeat && !guard->found)
		send_heartbeat(ward);
}

static void await_look(struct guard *guard)
{
	deadline_start(guard->loop, &guard->look, clock_to_grid(clock_now_ns(), GUARD_LOOK_NS));
}

static void look(void *ctx)
{
	struct guard *guard = ctx;

	await_look(guard);
	guard->looks++;
	if (vm_state(guard->vm) == VM_NEW || vm_state(guard->vm) == VM_BOOTING)
		return;
	look_at(guard, vm_run(guard->vm));
	if (!guard->found)
		look_at(guard, vm_incoming(guard->vm));
}

struct guard *guard_new(struct ev_loop *loop, struct vm *vm, const struct guard_rules *rules,
			int64_t stall_ns, struct protocol_words *words)
{
	struct guard *guard = mem_new(struct guard);

	guard->loop = loop;
	guard->vm = vm;
	guard->rules = rules;
	guard->stall_ns = stall_ns;
	guard->words = words;
	guard->moved = op_kind_name(OP_BOOT);
	guard->listener = (struct run_listener){ .event = event_in, .ctx = guard };
	vm_listen(vm, RUN_ROLE_WATCH, &guard->listener);
	deadline_init(&guard->look, look, guard);
	await_look(guard);
	return guard;
}

void guard_stop(struct guard *guard)
{
	guard->stopped = true;
	guard->op = NULL;
	deadline_stop(guard->loop, &guard->look);
	vm_listen(guard->vm, RUN_ROLE_WATCH, NULL);
}

void guard_print_history(const struct guard *guard, const struct run *run, FILE *out)
{
	static const struct history none;
	const struct history *history = &none;

	for (size_t i = 0; i < ARRAY_SIZE(guard->ward); i++)
		if (guard->ward[i].run_id == run_id(run))
			history = &guard->ward[i].history;
	history_print(history, out);
}

void guard_free(struct guard *guard)
{
	if (!guard)
		return;
	deadline_stop(guard->loop, &guard->look);
	vm_listen(guard->vm, RUN_ROLE_WATCH, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(guard->ward); i++)
		if (lives(guard, &guard->ward[i]))
			qmp_forget(run_qmp(guard->ward[i].run), &guard->ward[i]);
	free(guard);
}

/* Whether the guest runs, as far as its QEMU has said. */
static bool guest_runs(struct guard *guard)
{
	struct run *run = vm_run(guard->vm);

	return run && ward_of(guard, run)->protocol.run == PROTOCOL_RUNS;
}

/* Operations that put the guest's memory in place anew. */
static const bool moves_memory[OP_KIND_COUNT] = {
	[OP_SNAPSHOT_LOAD] = true,
	[OP_SNAPSHOT_LOAD_VERIFY] = true,
	[OP_MIGRATE] = true,
	[OP_LIBVIRT_SAVE_RESTORE] = true,
	[OP_LIBVIRT_SNAPSHOT_INTERNAL] = true,
	[OP_RESET] = true,
};

void guard_operation(struct guard *guard, struct op *op)
{
	enum op_kind kind = op_spec(op)->kind;

	guard->op = op;
	guard->ran = guest_runs(guard);
	if (moves_memory[kind])
		guard->moved = op_kind_name(kind);
}

/* Operations after which a guest that ran before runs again. */
static const bool gives_back[] = {
	[OP_BOOT] = false,
	[OP_SNAPSHOT_SAVE] = true,
	[OP_SNAPSHOT_SAVE_VERIFY] = true,
	[OP_SNAPSHOT_LOAD] = true,
	[OP_SNAPSHOT_LOAD_VERIFY] = true,
	[OP_SNAPSHOT_DELETE] = true,
	[OP_MIGRATE] = true,
	[OP_MIGRATE_CANCEL] = true,
	[OP_STOP_CONT] = true,
	[OP_RESET] = true,
	[OP_LIBVIRT_SAVE_RESTORE] = true,
	[OP_LIBVIRT_SNAPSHOT_INTERNAL] = true,
	[OP_LIBVIRT_SNAPSHOT_EXTERNAL] = true,
	[OP_SHUTDOWN] = false,
};
NAMES_COMPLETE(gives_back, OP_KIND_COUNT);

void guard_operation_ended(struct guard *guard, const struct op_result *result)
{
	guard->op = NULL;
	if (vm_run(guard->vm))
		read_mismatch(guard, vm_run(guard->vm));
	if (result->outcome != OP_OK)
		return;
	if (result->kind == OP_BOOT)
		protocol_set_running(&ward_of(guard, vm_run(guard->vm))->protocol);
	if (gives_back[result->kind] && guard->ran)
		set_resume_due(ward_of(guard, vm_run(guard->vm)), result->kind);
}

void guard_loop_ended(struct guard *guard)
{
	struct ward *ward = ward_of(guard, vm_run(guard->vm));
	pid_t pid = run_pid(ward->run);
	int64_t descriptors = proc_descriptors(pid), bytes = proc_own_bytes(pid), grown;
	auto_free char *detail = NULL;
	uint64_t loops;

	if (descriptors < 0 || bytes < 0)
		return;
	if (leak_add(&ward->descriptors, descriptors, guard->rules->leak_descriptors, &grown,
		     &loops))
		detail = mem_printf("descriptors: %" PRId64 " more in %" PRIu64
				    " loops, now %" PRId64,
				    grown, loops, descriptors);
	else if (leak_add(&ward->bytes, bytes, guard->rules->leak_bytes, &grown, &loops))
		detail = mem_printf("memory: %" PRId64 " MiB more in %" PRIu64
				    " loops, now %" PRId64 " MiB",
				    grown >> 20, loops, bytes >> 20);
	if (detail)
		find(guard, FAILURE_LEAK, PLACE_NONE, ward->run, detail);
}

const struct failure *guard_found(const struct guard *guard)
{
	return guard->found ? &guard->failure : NULL;
}

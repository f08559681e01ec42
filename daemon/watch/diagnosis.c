// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a diagnosis waits, DIAGNOSIS_NS at most, and then decides, once. After a loss
 * it waits until all processes involved have gone: a QEMU that crashes takes its migration peer
 * along, and the kernel reports the two in any order. A migration that has failed is treated alike,
 * since the other side may be about to die of what went wrong. After a passed limit it gives the
 * probes time to answer, and the guest time to move. What the guard has found needs neither.
 */
#include "watch/diagnosis.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"
#include "base/standstill.h"
#include "watch/crash.h"
#include "watch/hang.h"
#include "watch/proc.h"
#include "watch/protocol.h"

#define LOOK_NS (50 * CLOCK_NS_PER_MS)

/* How far back an OOM kill explains a SIGKILL; the host is sampled once a second. */
#define OOM_NS (3 * CLOCK_NS_PER_S)

/* One QEMU under examination. */
struct patient {
	struct run *run;
	struct hang_signals signals;
	uint64_t ticks_before;
	bool halted_before;
};

struct diagnosis {
	struct ev_loop *loop;
	struct diagnosis_spec spec;
	struct op_result result;
	struct patient patient[VM_RUNS_MAX];
	size_t patient_count;
	struct deadline look;
	int64_t began_ns, lost_ns; /* lost: by the loop until then */
	bool found; /* by the guard: failure says what */
	struct failure failure;
};

static void out_of_band_in(void *ctx, const struct qmp_reply *reply)
{
	struct patient *patient = ctx;

	/* Even an error is an answer. */
	(void)reply;
	patient->signals.out_of_band = HANG_ANSWERS;
}

static void in_band_in(void *ctx, const struct qmp_reply *reply)
{
	struct patient *patient = ctx;
	const char *status =
		reply->value ? json_string_value(json_object_get(reply->value, "status")) : NULL;

	patient->signals.in_band = HANG_ANSWERS;
	patient->signals.status_running = status && !strcmp(status, "running");
}

static void look_at_threads(struct patient *patient)
{
	auto_free struct proc_thread *threads = NULL;
	size_t count = proc_threads(run_pid(patient->run), &threads);

	patient->signals.halted = count && proc_thread_halted(&threads[0]);
	patient->signals.main_in_futex = count && proc_thread_in_futex(&threads[0]);
}

static void examine(struct patient *patient)
{
	struct run *run = patient->run;
	struct telemetry telemetry;

	patient->ticks_before = ram_ticks(run_ram(run));
	patient->signals.guest =
		ram_sample(run_ram(run), &telemetry) ? HANG_GUEST_STANDS : HANG_GUEST_UNKNOWN;
	look_at_threads(patient);
	patient->halted_before = patient->signals.halted;
	if (!run_negotiated(run))
		return;
	patient->signals.in_band = HANG_SILENT;
	qmp_execute(run_qmp(run), "query-status", NULL, false, in_band_in, patient);
	if (!run_oob(run))
		return;
	patient->signals.out_of_band = HANG_SILENT;
	qmp_execute(run_qmp(run), "query-yank", NULL, true, out_of_band_in, patient);
}

static void set_failure(struct diagnosis *diagnosis, enum failure_class class,
			enum failure_place place, struct run *run, const char *detail)
{
	diagnosis->failure.class = class;
	diagnosis->failure.place = place;
	diagnosis->failure.run = run;
	failure_set_detail(&diagnosis->failure, detail);
}

static void decide_hang(struct diagnosis *diagnosis)
{
	static const char *const answers[] = {
		[HANG_NOT_OFFERED] = "cannot be asked",
		[HANG_ANSWERS] = "answers",
		[HANG_SILENT] = "is silent",
	};
	static const char *const guests[] = {
		[HANG_GUEST_UNKNOWN] = "is unknown",
		[HANG_GUEST_MOVES] = "moves",
		[HANG_GUEST_STANDS] = "stands",
	};
	const struct op_result *result = &diagnosis->result;
	struct patient *worst = NULL;
	enum failure_place worst_found = PLACE_NONE;
	auto_free char *detail = NULL;

	for (size_t i = 0; i < diagnosis->patient_count; i++) {
		struct patient *patient = &diagnosis->patient[i];
		enum failure_place found;

		/* Nobody asks a domain that has not arrived for good; its source can be asked. */
		if (diagnosis->patient_count > 1 && run_uri(patient->run) &&
		    !run_negotiated(patient->run))
			continue;
		look_at_threads(patient);
		patient->signals.halted = patient->signals.halted && patient->halted_before;
		if (patient->signals.guest == HANG_GUEST_STANDS &&
		    ram_ticks(run_ram(patient->run)) != patient->ticks_before)
			patient->signals.guest = HANG_GUEST_MOVES;
		/* A QEMU with which nothing is wrong is never worse than one where something is. */
		found = hang_found(&patient->signals);
		if (!worst ||
		    (found != PLACE_NONE && (worst_found == PLACE_NONE || found < worst_found))) {
			worst = patient;
			worst_found = found;
		}
	}
	if (!worst) {
		set_failure(diagnosis, FAILURE_HOST, PLACE_NONE, NULL, result->err.text);
		return;
	}
	detail = mem_printf("%s; out-of-band %s, in-band %s, the guest %s, the main thread %s%s",
			    result->err.text, answers[worst->signals.out_of_band],
			    answers[worst->signals.in_band], guests[worst->signals.guest],
			    worst->signals.halted	   ? "is halted"
			    : worst->signals.main_in_futex ? "waits on a futex"
							   : "runs or polls",
			    ram_fault(run_ram(worst->run)) == TELEMETRY_FAULT_VCPUS_MISSING
				    ? "; the guest waits for vCPUs that have not started"
				    : "");
	if (result->guest_due && worst_found == PLACE_NONE &&
	    worst->signals.in_band == HANG_ANSWERS && !worst->signals.status_running) {
		auto_free char *no_resume =
			mem_printf(PROTOCOL_NO_RESUME, op_kind_name(result->kind));

		set_failure(diagnosis, FAILURE_PROTOCOL, PLACE_NONE, worst->run, no_resume);
		return;
	}
	set_failure(diagnosis, FAILURE_HANG,
		    failure_place_in(worst->run, hang_place(&worst->signals, result->place)),
		    worst->run, detail);
}

/* Nobody but qsoak has a reason to kill a QEMU, and QEMU does not kill itself: this is the kernel
 * when memory runs out, or an administrator. */
static void describe_kill(const struct diagnosis *diagnosis, char *detail, size_t size)
{
	static const char *const whys[] = {
		[CGROUP_OOM_OWN] = "the memory limit of its control group (fleet.vm-memory)",
		[CGROUP_OOM_OTHERS] = "memory ran out, of the host or of the fleet",
	};
	enum cgroup_oom oom = cgroup_oom(vm_cgroup(diagnosis->spec.vm));
	const char *why = whys[oom];

	if (!why)
		why = host_oom_killed_since(diagnosis->spec.host, diagnosis->began_ns - OOM_NS)
			      ? "the kernel ran out of memory"
			      : "the kernel counts no lack of memory";
	snprintf(detail, size, "killed by SIGKILL, not from qsoak: %s", why);
}

/* Of several dead QEMUs: the smaller, the nearer to the cause. One that exits has often only lost its
 * peer. */
static int nearness(enum failure_class class)
{
	static const enum failure_class order[] = { FAILURE_ASSERTION, FAILURE_SANITIZER,
						    FAILURE_CRASH, FAILURE_HOST, FAILURE_EXIT };
	int i = 0;

	while (order[i] != class && order[i] != FAILURE_EXIT)
		i++;
	return i;
}

/* What crash_classify() cannot know: the words are those of qsoak-domain. */
static void blame_libvirt(const struct run *run, enum failure_class *class,
			  enum failure_place *place, char *detail, size_t size)
{
	switch (run_loss(run)) {
	case RUN_LOSS_LIBVIRT_GONE:
		*class = FAILURE_EXIT;
		*place = PLACE_LIBVIRT;
		break;
	case RUN_LOSS_LIBVIRT_HANGS:
		*class = FAILURE_HANG;
		*place = PLACE_LIBVIRT;
		break;
	case RUN_LOSS_DESTROYED:
		*class = FAILURE_HOST;
		snprintf(detail, size, "another client of libvirt destroyed the domain");
		break;
	case RUN_LOSS_SPEAKER:
		*class = FAILURE_HOST;
		snprintf(detail, size, "qsoak-domain was ended by a signal, not from qsoak");
		break;
	case RUN_LOSS_PROCESS:
		/* libvirt can be connected to, but not be used: no QEMU was asked for yet. */
		if (run_uri(run) && !qmp_greeted(run_qmp(run)))
			*class = FAILURE_HOST;
		break;
	case RUN_LOSS_UNTOLD:
		break;
	}
}

/* Of several dead QEMUs the one with the worst end is at fault. Returns false, and leaves the failure
 * alone, if none is dead. */
static bool decide_loss(struct diagnosis *diagnosis)
{
	bool found = false;

	for (size_t i = 0; i < diagnosis->patient_count; i++) {
		struct run *run = diagnosis->patient[i].run;
		const struct child_exit *how = run_exited(run);
		enum failure_place place = PLACE_NONE;
		auto_free char *output = NULL;
		char detail[ERR_TEXT_MAX];
		enum failure_class class;
		size_t size;

		if (!how || run_exited_well(run))
			continue;
		output = run_output(run, &size);
		for (size_t at = 0; at < size; at++)
			if (output[at] == '\0')
				output[at] = ' ';
		class = crash_classify(how, output, detail, sizeof(detail));
		if (how->signal == SIGKILL) {
			class = FAILURE_HOST;
			describe_kill(diagnosis, detail, sizeof(detail));
		}
		blame_libvirt(run, &class, &place, detail, sizeof(detail));
		if (!found || nearness(class) < nearness(diagnosis->failure.class)) {
			set_failure(diagnosis, class, place, run, detail);
			diagnosis->failure.exit = *how;
		}
		found = true;
	}
	return found;
}

/* What is wrong with the host explains what came of it. */
static void blame_host(struct diagnosis *diagnosis)
{
	struct failure *failure = &diagnosis->failure;
	const struct diagnosis_spec *spec = &diagnosis->spec;
	int64_t since_ns = diagnosis->began_ns - diagnosis->result.duration_ns;
	auto_free char *detail = NULL;
	unsigned stolen;

	switch (failure->class) {
	case FAILURE_HANG:
		/* A QEMU that answers may only have been too slow; one that is silent while its
		 * threads had their turn is stuck on any host. */
		stolen = host_stolen_since(spec->host, since_ns);
		if (stolen > spec->stolen_max && failure->place >= PLACE_JOB &&
		    failure->place <= PLACE_SHUTDOWN)
			detail = mem_printf("%u %% of the CPU time was stolen: %s", stolen,
					    failure->detail);
		break;
	case FAILURE_ERROR:
	case FAILURE_EXIT:
		if (host_words_of_full_disk(failure->detail) || host_disk_full(vm_folder(spec->vm)))
			detail = mem_printf("the disk is full: %s", failure->detail);
		break;
	default:
		break;
	}
	if (detail)
		set_failure(diagnosis, FAILURE_HOST, PLACE_NONE, failure->run, detail);
}

static const enum failure_place oracle_places[] = {
	[OP_ORACLE_NONE] = PLACE_NONE,
	[OP_ORACLE_IMAGE] = PLACE_IMAGE,
	[OP_ORACLE_GENERATION] = PLACE_GENERATION,
};

static bool all_exited(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->patient_count; i++)
		if (!run_exited(diagnosis->patient[i].run))
			return false;
	return true;
}

/* How long those who are asked have had time to answer. */
static int64_t waited_ns(const struct diagnosis *diagnosis)
{
	int64_t lost_ns = standstill_lost_ns(diagnosis->loop) - diagnosis->lost_ns;

	return clock_now_ns() - diagnosis->began_ns - lost_ns;
}

static void look(void *ctx)
{
	struct diagnosis *diagnosis = ctx;
	const struct op_result *result = &diagnosis->result;

	if (!diagnosis->found && !all_exited(diagnosis) && waited_ns(diagnosis) < DIAGNOSIS_NS) {
		deadline_start(diagnosis->loop, &diagnosis->look, LOOK_NS);
		return;
	}
	switch (diagnosis->found ? OP_CAUSE_WATCH : result->cause) {
	case OP_CAUSE_WATCH:
		/* It may have died of it in the meantime. */
		decide_loss(diagnosis);
		break;
	case OP_CAUSE_LOST:
		if (!decide_loss(diagnosis))
			set_failure(diagnosis, FAILURE_PROTOCOL, PLACE_NONE, result->run,
				    result->err.text);
		break;
	case OP_CAUSE_DEADLINE:
		/* It may have died of what kept it, e.g. while it wrote a long core. */
		if (!decide_loss(diagnosis))
			decide_hang(diagnosis);
		break;
	case OP_CAUSE_ERROR:
		if (!decide_loss(diagnosis))
			set_failure(diagnosis, FAILURE_ERROR, PLACE_NONE, result->run,
				    result->err.text);
		break;
	case OP_CAUSE_DIFFERS:
		if (!decide_loss(diagnosis))
			set_failure(diagnosis, FAILURE_CORRUPTION, oracle_places[result->oracle],
				    result->run, result->err.text);
		break;
	case OP_CAUSE_HOST:
	case OP_CAUSE_NONE:
		set_failure(diagnosis, FAILURE_HOST, PLACE_NONE, NULL, result->err.text);
		break;
	}
	blame_host(diagnosis);
	diagnosis->spec.done(diagnosis->spec.ctx, &diagnosis->failure);
}

static void add_patient(struct diagnosis *diagnosis, struct run *run)
{
	struct patient *patient = &diagnosis->patient[diagnosis->patient_count++];

	patient->run = run;
	if (!diagnosis->found)
		examine(patient);
}

struct diagnosis *diagnosis_start(struct ev_loop *loop, const struct diagnosis_spec *spec)
{
	const struct op_result *result = spec->result;
	const struct failure *found = spec->found;
	struct diagnosis *diagnosis = mem_new(struct diagnosis);
	struct run *runs[VM_RUNS_MAX] = { vm_run(spec->vm), vm_incoming(spec->vm) };

	/* Between equals the run that the step waited for is at fault. */
	if (result->run && result->run == runs[1]) {
		runs[1] = runs[0];
		runs[0] = result->run;
	}
	diagnosis->loop = loop;
	diagnosis->spec = *spec;
	diagnosis->result = *result;
	if (found) {
		diagnosis->found = true;
		diagnosis->failure = *found;
		/* The source of a migration that ended at the same moment has gone. */
		if (found->run != runs[0] && found->run != runs[1])
			diagnosis->failure.run = NULL;
	}
	diagnosis->failure.kind = result->kind;
	diagnosis->failure.step = result->step;
	diagnosis->lost_ns = standstill_lost_ns(loop);
	diagnosis->began_ns = clock_now_ns();
	/* The error of a single QEMU that lives is all there is to know, and what an oracle found. */
	if (found || (result->cause != OP_CAUSE_ERROR && result->cause != OP_CAUSE_DIFFERS) ||
	    (runs[0] && runs[1]))
		for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
			if (runs[i])
				add_patient(diagnosis, runs[i]);
	deadline_init(&diagnosis->look, look, diagnosis);
	deadline_start(loop, &diagnosis->look, 0);
	return diagnosis;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
	if (!diagnosis)
		return;
	deadline_stop(diagnosis->loop, &diagnosis->look);
	for (size_t i = 0; i < diagnosis->patient_count; i++)
		qmp_forget(run_qmp(diagnosis->patient[i].run), &diagnosis->patient[i]);
	free(diagnosis);
}

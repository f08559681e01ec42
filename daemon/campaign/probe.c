// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one VM boots, its guest is looked at, and then it is killed. The first thing
 * that decides wins; done is called when the QEMU has gone.
 */
#include "campaign/probe.h"

#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"
#include "campaign/slot.h"
#include "op/op.h"
#include "watch/crash.h"

/* Between two looks whether the QEMU has gone. */
#define GONE_LOOK_NS (10 * CLOCK_NS_PER_MS)

/* A QEMU that closes its connection is about to leave, and its last words say more. */
#define WORDS_NS CLOCK_NS_PER_S

struct probe {
	struct ev_loop *loop;
	struct probe_spec spec;
	struct machine machine;
	struct records *records; /* without subscribers */
	struct vm *vm;
	struct op *op;
	int64_t limit_ns[LIMIT_COUNT];
	struct deadline limit, look, gone;
	int64_t failed_ns; /* when the boot had failed; 0: it has not */
	int64_t killed_ns;
	uint64_t ticks;
	unsigned moves;
	bool works;
	char why[ERR_TEXT_MAX];
};

static void gone(void *ctx)
{
	struct probe *probe = ctx;

	if (probe->vm && vm_alive(probe->vm) &&
	    clock_now_ns() - probe->killed_ns < vm_kill_limit_ns(probe->vm)) {
		deadline_start(probe->loop, &probe->gone, GONE_LOOK_NS);
		return;
	}
	vm_free(probe->vm);
	probe->vm = NULL;
	probe->spec.done(probe->spec.ctx, probe->works ? NULL : probe->why);
}

/* works: otherwise why says why not. */
static void decide(struct probe *probe, bool works)
{
	probe->works = works;
	deadline_stop(probe->loop, &probe->limit);
	deadline_stop(probe->loop, &probe->look);
	op_free(probe->op);
	probe->op = NULL;
	if (probe->vm)
		vm_kill(probe->vm);
	probe->killed_ns = clock_now_ns();
	deadline_start(probe->loop, &probe->gone, 0);
}

/* Of a QEMU that has left by itself, its last words. Returns false if it has not. */
static bool decide_by_exit(struct probe *probe)
{
	struct run *run = probe->vm ? vm_run(probe->vm) : NULL;
	const struct child_exit *how = run ? run_exited(run) : NULL;
	auto_free char *output = NULL;

	if (!how)
		return false;
	output = run_output(run, NULL);
	crash_classify(how, output, probe->why, sizeof(probe->why));
	decide(probe, false);
	return true;
}

static void look(void *ctx)
{
	struct probe *probe = ctx;
	uint64_t ticks;

	if (decide_by_exit(probe))
		return;
	if (probe->failed_ns) {
		if (clock_now_ns() - probe->failed_ns < WORDS_NS)
			deadline_start(probe->loop, &probe->look, GONE_LOOK_NS);
		else
			decide(probe, false);
		return;
	}
	ticks = ram_ticks(run_ram(vm_run(probe->vm)));
	probe->moves += ticks > probe->ticks;
	probe->ticks = ticks;
	if (probe->moves == PROBE_MOVES)
		decide(probe, true);
	else
		deadline_start(probe->loop, &probe->look, PROBE_LOOK_NS);
}

static void booted(void *ctx, const struct op_result *result)
{
	struct probe *probe = ctx;

	op_free(probe->op);
	probe->op = NULL;
	if (result->outcome != OP_OK) {
		snprintf(probe->why, sizeof(probe->why), "%s", result->err.text);
		probe->failed_ns = clock_now_ns();
	}
	look(probe);
}

static void limit_passed(void *ctx)
{
	struct probe *probe = ctx;

	if (!probe->failed_ns)
		snprintf(probe->why, sizeof(probe->why), "the guest did not %s within %lld s",
			 probe->op ? "begin to run" : "go on running",
			 (long long)(PROBE_LIMIT_NS / CLOCK_NS_PER_S));
	decide(probe, false);
}

struct probe *probe_start(struct ev_loop *loop, const struct probe_spec *spec)
{
	struct probe *probe = mem_new(struct probe);
	struct op_spec boot = { .kind = OP_BOOT, .loop = -1, .limit_ns = probe->limit_ns };
	struct vm_spec vm = {
		.machine = &probe->machine,
		.build = spec->build,
		.template = spec->template,
		.parent = spec->vms,
	};
	struct err err = { 0 };

	probe->loop = loop;
	probe->spec = *spec;
	probe->machine = *spec->machine;
	probe->machine.accel = "kvm";
	vm.records = probe->records = records_new(1);
	for (int i = 0; i < LIMIT_COUNT; i++)
		probe->limit_ns[i] = PROBE_LIMIT_NS;
	deadline_init(&probe->limit, limit_passed, probe);
	deadline_init(&probe->look, look, probe);
	deadline_init(&probe->gone, gone, probe);
	if (vm_new(loop, &vm, &probe->vm, &err) < 0) {
		snprintf(probe->why, sizeof(probe->why), "%s", err.text);
		decide(probe, false);
		return probe;
	}
	deadline_start(loop, &probe->limit, PROBE_LIMIT_NS);
	probe->op = op_start(loop, probe->vm, &boot, booted, probe);
	return probe;
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	deadline_stop(probe->loop, &probe->limit);
	deadline_stop(probe->loop, &probe->look);
	deadline_stop(probe->loop, &probe->gone);
	op_free(probe->op);
	vm_free(probe->vm);
	records_free(probe->records);
	free(probe);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: everything that can be had at once is written at once, while one qsoak-stack for
 * each living QEMU runs; when all have ended (each has a deadline) the stacks are added, the manifest
 * is written again with the circle that they show, and the folder gets its name.
 */
#include "triage/incident.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"
#include "triage/bundle.h"
#include "triage/manifest.h"
#include "triage/title.h"
#include "triage/witness.h"
#include "vm/direct.h"
#include "watch/proc.h"

/* One QEMU of the VM. */
struct member {
	struct run *run;
	const char *role; /* see manifest_role() */
	struct witness *witness;
};

struct incident {
	struct ev_loop *loop;
	struct bundle *bundle;
	json_t *manifest;
	struct member members[VM_RUNS_MAX];
	size_t member_count;
	int64_t began_ns;
	struct deadline finish;
	struct failure failure;
	char *signature, *alternative;
	void (*done)(void *ctx, const struct incident_result *result);
	void *ctx;
};

static void write_threads(struct incident *incident, const struct member *member)
{
	auto_free struct proc_thread *threads = NULL;
	size_t count = proc_threads(run_pid(member->run), &threads);
	FILE *f = bundle_open(incident->bundle, member->role, "threads");

	if (!f)
		return;
	fprintf(f, "%8s %-16s %c %8s %10s %s\n", "tid", "name", 's', "syscall", "cpu-ticks",
		"wchan");
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%8d %-16s %c %8ld %10" PRIu64 " %s\n", threads[i].tid, threads[i].name,
			threads[i].state, threads[i].syscall, threads[i].cpu_ticks,
			threads[i].wchan);
	bundle_close(incident->bundle);
}

static void write_transcript(struct incident *incident, const struct member *member)
{
	FILE *f = bundle_open(incident->bundle, member->role, "qmp");

	if (!f)
		return;
	transcript_print(qmp_transcript(run_qmp(member->run)), f);
	bundle_close(incident->bundle);
}

/* The destination of a block migration has a flash of its own. */
static const char *flash_folder(const struct incident_spec *spec)
{
	const struct run *incoming = vm_incoming(spec->vm);

	return incoming && spec->failure->run == incoming ? vm_incoming_folder(spec->vm)
							  : vm_folder(spec->vm);
}

/* What an oracle compared: the flash as its image holds it, and as the guest knows it. */
static void write_flash(struct incident *incident, const struct incident_spec *spec)
{
	auto_free char *shadow = mem_zalloc(DIRECT_FLASH_BYTES);
	auto_free char *image = NULL;
	struct telemetry telemetry;
	const struct ram *ram;

	if (spec->failure->class != FAILURE_CORRUPTION)
		return;
	image = direct_flash_path(flash_folder(spec));
	bundle_copy(incident->bundle, image, NULL, DIRECT_NODE_FLASH ".qcow2");
	ram = run_ram(spec->failure->run ? spec->failure->run : vm_run(spec->vm));
	if (ram_sample(ram, &telemetry) && telemetry.shadow_size <= DIRECT_FLASH_BYTES &&
	    ram_read(ram, telemetry.shadow_gpa, shadow, telemetry.shadow_size))
		bundle_write(incident->bundle, NULL, "shadow.raw", shadow, telemetry.shadow_size);
	else
		bundle_miss(incident->bundle, NULL, "shadow.raw", "the guest's RAM does not say");
}

/* Puts the circle that the stacks of a QEMU show into the manifest. */
static void add_circle(struct incident *incident, const struct member *member)
{
	json_t *circle = json_object_get(witness_stacks(member->witness), "circle"), *run;
	size_t i;

	json_array_foreach(json_object_get(incident->manifest, "runs"), i, run)
		if (json_is_string(circle) &&
		    !strcmp(member->role, json_string_value(json_object_get(run, "role"))))
			json_object_set(run, "circle", circle);
}

/* By the stacks of the QEMU at fault; of the first where nobody is. */
static void add_titles(struct incident *incident)
{
	const struct member *fault = &incident->members[0];
	char *title;

	for (size_t i = 0; i < incident->member_count; i++)
		if (incident->members[i].run == incident->failure.run)
			fault = &incident->members[i];
	title = incident->member_count
			? title_of_stacks(&incident->failure, witness_stacks(fault->witness))
			: NULL;
	if (title && incident->failure.class == FAILURE_CRASH) {
		/* What it was doing tells less than where it was. */
		incident->alternative = incident->signature;
		incident->signature = title;
	} else {
		incident->alternative = title;
	}
	json_object_set_new(incident->manifest, "signature", json_string(incident->signature));
	json_object_set_new(incident->manifest, "alternative",
			    title ? json_string(incident->alternative) : json_null());
}

/* The manifest says at the end what is missing, and how long it took. */
static void write_manifest(struct incident *incident)
{
	json_object_set(incident->manifest, "missing", bundle_missing(incident->bundle));
	json_object_set_new(incident->manifest, "took-ns",
			    json_integer(clock_now_ns() - incident->began_ns));
	bundle_write_manifest(incident->bundle, incident->manifest);
}

static void finished(void *ctx)
{
	struct incident *incident = ctx;
	auto_free char *complaint = NULL;
	bool kept;

	for (size_t i = 0; i < incident->member_count; i++) {
		witness_write(incident->members[i].witness);
		add_circle(incident, &incident->members[i]);
	}
	add_titles(incident);
	write_manifest(incident);
	kept = bundle_finish(incident->bundle);
	complaint = bundle_complaint(incident->bundle);
	incident->done(incident->ctx,
		       &(struct incident_result){ .kept = kept,
						  .complaint = complaint,
						  .signature = incident->signature,
						  .alternative = incident->alternative });
}

static void witness_done(void *ctx)
{
	struct incident *incident = ctx;

	for (size_t i = 0; i < incident->member_count; i++)
		if (!witness_is_done(incident->members[i].witness))
			return;
	deadline_start(incident->loop, &incident->finish, 0);
}

/* folder: where the QEMU lives. */
static void start_witness(struct incident *incident, struct member *member, const char *folder,
			  const struct incident_spec *wanted)
{
	struct witness_spec spec = {
		.bundle = incident->bundle,
		.run = member->run,
		.role = member->role,
		.cwd = folder,
		.cores = wanted->cores,
		.gdb = wanted->gdb,
		.done = witness_done,
		.ctx = incident,
	};

	member->witness = witness_start(incident->loop, &spec);
}

static void add_member(struct incident *incident, const struct vm *vm, struct run *run)
{
	if (run)
		incident->members[incident->member_count++] =
			(struct member){ .run = run, .role = manifest_role(vm, run) };
}

static void write_history(struct incident *incident, const struct guard *guard,
			  const struct member *member)
{
	FILE *f = bundle_open(incident->bundle, member->role, "heartbeats");

	if (!f)
		return;
	guard_print_history(guard, member->run, f);
	bundle_close(incident->bundle);
}

static void write_run(struct incident *incident, const struct guard *guard, struct member *member)
{
	auto_free char *output = NULL;
	size_t size;

	output = run_output(member->run, &size);
	bundle_write(incident->bundle, member->role, "output", output, size);
	write_transcript(incident, member);
	write_history(incident, guard, member);
	if (!run_exited(member->run))
		write_threads(incident, member);
}

/* What it takes to do it again. */
static void write_plan(struct incident *incident, const struct incident_spec *spec)
{
	auto_free char *config = direct_config_path(vm_folder(spec->vm));

	bundle_write(incident->bundle, NULL, "profile.yaml", spec->profile_text,
		     strlen(spec->profile_text));
	bundle_copy(incident->bundle, vm_spec(spec->vm)->machine->firmware, NULL, "firmware.bin");
	bundle_copy(incident->bundle, config, NULL, "guest-config");
}

struct incident *incident_start(struct ev_loop *loop, const struct incident_spec *spec,
				void (*done)(void *ctx, const struct incident_result *result),
				void *ctx)
{
	struct incident *incident = mem_new(struct incident);

	incident->loop = loop;
	incident->began_ns = clock_now_ns();
	incident->done = done;
	incident->ctx = ctx;
	incident->failure = *spec->failure;
	incident->signature = mem_strdup(spec->signature);
	incident->bundle = bundle_new(spec->folder);
	deadline_init(&incident->finish, finished, incident);
	add_member(incident, spec->vm, vm_run(spec->vm));
	add_member(incident, spec->vm, vm_incoming(spec->vm));
	/* First what a full disk must not cost. */
	incident->manifest = manifest_make(spec);
	write_manifest(incident);
	for (size_t i = 0; i < incident->member_count; i++)
		write_run(incident, spec->guard, &incident->members[i]);
	for (size_t i = 0; i < incident->member_count; i++)
		start_witness(incident, &incident->members[i],
			      incident->members[i].run == vm_incoming(spec->vm)
				      ? vm_incoming_folder(spec->vm)
				      : vm_folder(spec->vm),
			      spec);
	write_plan(incident, spec);
	write_flash(incident, spec);
	if (!incident->member_count)
		deadline_start(loop, &incident->finish, 0);
	return incident;
}

void incident_free(struct incident *incident)
{
	if (!incident)
		return;
	deadline_stop(incident->loop, &incident->finish);
	for (size_t i = 0; i < incident->member_count; i++)
		witness_free(incident->members[i].witness);
	json_decref(incident->manifest);
	free(incident->signature);
	free(incident->alternative);
	bundle_free(incident->bundle);
	free(incident);
}

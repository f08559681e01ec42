// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: everything that can be had at once is written at once, while one qsoak-stack for
 * each living QEMU runs; when all have ended (or their deadline has) the stacks are added, the manifest
 * is written again with the circle that they show, and the folder gets its name.
 */
#include "triage/incident.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/folder.h"
#include "base/mem.h"
#include "stack/print.h"
#include "triage/bundle.h"
#include "triage/manifest.h"
#include "vm/direct.h"
#include "watch/proc.h"

#define STACK_PROGRAM "qsoak-stack"

/* One QEMU of the VM. */
struct witness {
	struct incident *incident;
	struct run *run;
	const char *role; /* see manifest_role() */
	struct child *stacks;
};

struct incident {
	struct ev_loop *loop;
	struct bundle *bundle;
	json_t *manifest;
	struct witness witness[VM_RUNS_MAX];
	size_t witness_count;
	int64_t began_ns;
	struct deadline finish;
	void (*done)(void *ctx, bool kept, const char *complaint);
	void *ctx;
};

static void write_threads(struct incident *incident, const struct witness *witness)
{
	auto_free struct proc_thread *threads = NULL;
	size_t count = proc_threads(run_pid(witness->run), &threads);
	FILE *f = bundle_open(incident->bundle, witness->role, "threads");

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

static void write_transcript(struct incident *incident, const struct witness *witness)
{
	FILE *f = bundle_open(incident->bundle, witness->role, "qmp");

	if (!f)
		return;
	transcript_print(qmp_transcript(run_qmp(witness->run)), f);
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

static bool stacks_wanted(const struct incident *incident)
{
	for (size_t i = 0; i < incident->witness_count; i++)
		if (incident->witness[i].stacks && !child_exited(incident->witness[i].stacks))
			return true;
	return false;
}

/* Puts the circle that the stacks of a QEMU show into the manifest. */
static void add_circle(struct incident *incident, const char *role, const char *stacks)
{
	const char *line = strstr(stacks, "\n" STACK_CIRCLE);
	auto_free char *circle = NULL;
	json_t *run;
	size_t i;

	if (!line)
		return;
	line += strlen("\n" STACK_CIRCLE);
	circle = mem_strndup(line, strcspn(line, "\n"));
	if (!strcmp(circle, STACK_NO_CIRCLE))
		return;
	json_array_foreach(json_object_get(incident->manifest, "runs"), i, run)
		if (!strcmp(role, json_string_value(json_object_get(run, "role"))))
			json_object_set_new(run, "circle", json_string(circle));
}

/* The manifest says at the end what is missing, and how long it took. */
static void write_manifest(struct incident *incident)
{
	json_object_set(incident->manifest, "missing", bundle_missing(incident->bundle));
	json_object_set_new(incident->manifest, "took-ns",
			    json_integer(clock_now_ns() - incident->began_ns));
	bundle_write_manifest(incident->bundle, incident->manifest);
}

static void add_stacks(struct incident *incident, struct witness *witness)
{
	auto_free char *text = NULL;
	size_t size;

	if (!child_exited(witness->stacks))
		bundle_miss(incident->bundle, witness->role, "stacks", "%s did not end in time",
			    STACK_PROGRAM);
	text = child_output(witness->stacks, &size);
	bundle_write(incident->bundle, witness->role, "stacks", text, size);
	add_circle(incident, witness->role, text);
}

static void finished(void *ctx)
{
	struct incident *incident = ctx;
	auto_free char *complaint = NULL;
	bool kept;

	for (size_t i = 0; i < incident->witness_count; i++)
		if (incident->witness[i].stacks)
			add_stacks(incident, &incident->witness[i]);
	write_manifest(incident);
	kept = bundle_finish(incident->bundle);
	complaint = bundle_complaint(incident->bundle);
	incident->done(incident->ctx, kept, complaint);
}

static void stacks_exited(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;
	struct incident *incident = witness->incident;

	/* If it could read nothing, its output says why. */
	if (how->signal)
		bundle_miss(incident->bundle, witness->role, "stacks", "%s was ended by signal %d",
			    STACK_PROGRAM, how->signal);
	else if (how->status)
		bundle_miss(incident->bundle, witness->role, "stacks", "%s exited with status %d",
			    STACK_PROGRAM, how->status);
	if (!stacks_wanted(incident))
		deadline_start(incident->loop, &incident->finish, 0);
}

static void start_stacks(struct witness *witness)
{
	/* In a build tree, and where it is installed. */
	static const char *const places[] = { STACK_PROGRAM, "../bin/" STACK_PROGRAM };
	auto_free char *program = beside_find(places, ARRAY_SIZE(places), X_OK);
	auto_free char *pid = mem_printf("%d", run_pid(witness->run));
	const char *argv[] = { program, "--pid", pid, NULL };
	struct child_spec spec = {
		.argv = argv,
		.output_max = INCIDENT_STACKS_MAX,
		.exited = stacks_exited,
		.ctx = witness,
	};

	struct err err = { 0 };

	if (!program)
		bundle_miss(witness->incident->bundle, witness->role, "stacks",
			    "there is no %s beside qsoakd", STACK_PROGRAM);
	else if (child_spawn(witness->incident->loop, &spec, &witness->stacks, &err) < 0)
		bundle_miss(witness->incident->bundle, witness->role, "stacks", "%s", err.text);
}

static void add_witness(struct incident *incident, const struct vm *vm, struct run *run)
{
	if (run)
		incident->witness[incident->witness_count++] = (struct witness){
			.incident = incident, .run = run, .role = manifest_role(vm, run)
		};
}

int64_t incident_sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int64_t highest = 0;

	while (dir && (entry = readdir(dir))) {
		auto_free char *path = mem_printf("%s/%s", folder, entry->d_name);
		char *end;
		int64_t number = strtoll(entry->d_name, &end, 10);

		if (!strcmp(end, BUNDLE_INCOMPLETE))
			folder_remove(path);
		if (number > highest)
			highest = number;
	}
	if (dir)
		closedir(dir);
	return highest;
}

static void write_history(struct incident *incident, const struct guard *guard,
			  const struct witness *witness)
{
	FILE *f = bundle_open(incident->bundle, witness->role, "heartbeats");

	if (!f)
		return;
	guard_print_history(guard, witness->run, f);
	bundle_close(incident->bundle);
}

static void write_run(struct incident *incident, const struct guard *guard, struct witness *witness)
{
	auto_free char *output = NULL;
	size_t size;

	output = run_output(witness->run, &size);
	bundle_write(incident->bundle, witness->role, "output", output, size);
	write_transcript(incident, witness);
	write_history(incident, guard, witness);
	if (!run_exited(witness->run))
		write_threads(incident, witness);
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
				void (*done)(void *ctx, bool kept, const char *complaint),
				void *ctx)
{
	struct incident *incident = mem_new(struct incident);

	incident->loop = loop;
	incident->began_ns = clock_now_ns();
	incident->done = done;
	incident->ctx = ctx;
	incident->bundle = bundle_new(spec->folder);
	deadline_init(&incident->finish, finished, incident);
	add_witness(incident, spec->vm, vm_run(spec->vm));
	add_witness(incident, spec->vm, vm_incoming(spec->vm));
	/* First what a full disk must not cost. */
	incident->manifest = manifest_make(spec);
	write_manifest(incident);
	for (size_t i = 0; i < incident->witness_count; i++)
		write_run(incident, spec->guard, &incident->witness[i]);
	for (size_t i = 0; i < incident->witness_count; i++)
		if (!run_exited(incident->witness[i].run))
			start_stacks(&incident->witness[i]);
	write_plan(incident, spec);
	write_flash(incident, spec);
	deadline_start(loop, &incident->finish,
		       stacks_wanted(incident) ? INCIDENT_STACKS_LIMIT_NS : 0);
	return incident;
}

void incident_free(struct incident *incident)
{
	if (!incident)
		return;
	deadline_stop(incident->loop, &incident->finish);
	for (size_t i = 0; i < incident->witness_count; i++)
		child_free(incident->witness[i].stacks);
	json_decref(incident->manifest);
	bundle_free(incident->bundle);
	free(incident);
}

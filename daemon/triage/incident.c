// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: everything that can be had at once is written at once; then one qsoak-stack for
 * each living QEMU runs, and when all have ended (or their deadline has) the stacks are added, the
 * manifest is written with the circle that they show, and the folder gets its name.
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
#include "triage/manifest.h"
#include "vm/direct.h"
#include "watch/proc.h"

/* Ends the name of a folder that is being written. */
#define INCOMPLETE ".incomplete"

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
	char *folder, *temporary;
	json_t *manifest; /* NULL: it could not be made */
	struct witness witness[VM_RUNS_MAX];
	size_t witness_count;
	struct deadline finish;
	bool late;
	struct err err;
	void (*done)(void *ctx, const struct err *err);
	void *ctx;
};

/* NULL, and the incident's error, if it cannot be made. */
static FILE *file_open(struct incident *incident, const char *role, const char *name)
{
	auto_free char *path = role ? mem_printf("%s/%s.%s", incident->temporary, role, name)
				    : mem_printf("%s/%s", incident->temporary, name);
	FILE *f = fopen(path, "wxe");

	if (!f)
		err_set_errno(&incident->err, errno, "cannot write %s", path);
	return f;
}

static void file_close(struct incident *incident, FILE *f)
{
	bool bad = ferror(f);

	if (fclose(f) != 0 || bad)
		err_set_errno(&incident->err, bad ? EIO : errno, "cannot write in %s",
			      incident->temporary);
}

static void write_bytes(struct incident *incident, const char *role, const char *name,
			const char *bytes, size_t size)
{
	FILE *f = file_open(incident, role, name);

	if (!f)
		return;
	fwrite(bytes, 1, size, f);
	file_close(incident, f);
}

static void write_threads(struct incident *incident, const struct witness *witness)
{
	auto_free struct proc_thread *threads = NULL;
	size_t count = proc_threads(run_pid(witness->run), &threads);
	FILE *f = file_open(incident, witness->role, "threads");

	if (!f)
		return;
	fprintf(f, "%8s %-16s %c %8s %10s %s\n", "tid", "name", 's', "syscall", "cpu-ticks",
		"wchan");
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%8d %-16s %c %8ld %10" PRIu64 " %s\n", threads[i].tid, threads[i].name,
			threads[i].state, threads[i].syscall, threads[i].cpu_ticks,
			threads[i].wchan);
	file_close(incident, f);
}

static void write_transcript(struct incident *incident, const struct witness *witness)
{
	FILE *f = file_open(incident, witness->role, "qmp");

	if (!f)
		return;
	transcript_print(qmp_transcript(run_qmp(witness->run)), f);
	file_close(incident, f);
}

static void write_manifest(struct incident *incident)
{
	FILE *f;

	if (!incident->manifest) {
		err_set(&incident->err, -EINVAL, "the failure's text is not UTF-8");
		return;
	}
	f = file_open(incident, NULL, "manifest.json");
	if (!f)
		return;
	json_dumpf(incident->manifest, f, JSON_INDENT(2));
	fputc('\n', f);
	file_close(incident, f);
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
	struct telemetry telemetry;
	const struct ram *ram;

	if (spec->failure->class != FAILURE_CORRUPTION)
		return;
	direct_copy_flash(flash_folder(spec), incident->temporary, &incident->err);
	ram = run_ram(spec->failure->run ? spec->failure->run : vm_run(spec->vm));
	if (ram_sample(ram, &telemetry) && telemetry.shadow_size <= DIRECT_FLASH_BYTES &&
	    ram_read(ram, telemetry.shadow_gpa, shadow, telemetry.shadow_size))
		write_bytes(incident, NULL, "shadow.raw", shadow, telemetry.shadow_size);
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

static void finished(void *ctx)
{
	struct incident *incident = ctx;

	for (size_t i = 0; i < incident->witness_count; i++) {
		struct witness *witness = &incident->witness[i];
		auto_free char *text = NULL;
		size_t size;

		if (!witness->stacks)
			continue;
		if (!child_exited(witness->stacks))
			err_set(&incident->err, -ETIMEDOUT, "%s did not end in time",
				STACK_PROGRAM);
		text = child_output(witness->stacks, &size);
		write_bytes(incident, witness->role, "stacks", text, size);
		add_circle(incident, witness->role, text);
	}
	write_manifest(incident);
	if (rename(incident->temporary, incident->folder) < 0)
		err_set_errno(&incident->err, errno, "cannot rename %s", incident->temporary);
	incident->done(incident->ctx, &incident->err);
}

static void stacks_exited(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;

	/* If it could read nothing, its output says why. */
	if (how->signal)
		err_set(&witness->incident->err, -EIO, "%s was ended by signal %d", STACK_PROGRAM,
			how->signal);
	else if (how->status)
		err_set(&witness->incident->err, -EIO, "%s exited with status %d", STACK_PROGRAM,
			how->status);
	if (!stacks_wanted(witness->incident))
		deadline_start(witness->incident->loop, &witness->incident->finish, 0);
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

	if (!program)
		err_set(&witness->incident->err, -ENOENT, "there is no %s beside qsoakd",
			STACK_PROGRAM);
	else
		child_spawn(witness->incident->loop, &spec, &witness->stacks,
			    &witness->incident->err);
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

		if (!strcmp(end, INCOMPLETE))
			folder_remove(path);
		if (number > highest)
			highest = number;
	}
	if (dir)
		closedir(dir);
	return highest;
}

struct incident *incident_start(struct ev_loop *loop, const struct incident_spec *spec,
				void (*done)(void *ctx, const struct err *err), void *ctx)
{
	struct incident *incident = mem_new(struct incident);

	incident->loop = loop;
	incident->done = done;
	incident->ctx = ctx;
	incident->folder = mem_strdup(spec->folder);
	incident->temporary = mem_printf("%s" INCOMPLETE, spec->folder);
	deadline_init(&incident->finish, finished, incident);
	add_witness(incident, spec->vm, vm_run(spec->vm));
	add_witness(incident, spec->vm, vm_incoming(spec->vm));
	folder_make(incident->temporary, 0700, &incident->err);
	for (size_t i = 0; i < incident->witness_count; i++) {
		struct witness *witness = &incident->witness[i];
		auto_free char *output = NULL;
		size_t size;

		output = run_output(witness->run, &size);
		write_bytes(incident, witness->role, "output", output, size);
		write_transcript(incident, witness);
		if (run_exited(witness->run))
			continue;
		write_threads(incident, witness);
		start_stacks(witness);
	}
	incident->manifest = manifest_make(spec);
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
	free(incident->folder);
	free(incident->temporary);
	free(incident);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: everything that can be had at once is written at once; then one eu-stack for
 * each living QEMU runs, and when all have ended (or their deadline has) the stacks are added and
 * the folder gets its name.
 */
#include "triage/incident.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/folder.h"
#include "base/mem.h"
#include "watch/proc.h"

/* Ends the name of a folder that is being written. */
#define INCOMPLETE ".incomplete"

#define EU_STACK "/usr/bin/eu-stack"

/* One QEMU of the VM. */
struct witness {
	struct incident *incident;
	struct run *run;
	const char *role; /* "source", "destination", or "qemu" where there is one */
	struct child *stacks;
};

struct incident {
	struct ev_loop *loop;
	char *folder, *temporary;
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

/* All vCPUs together. */
static json_t *describe_guest(const struct telemetry *telemetry)
{
	struct telemetry_vcpu sum = { 0 };

	for (uint32_t i = 0; i < telemetry->vcpus; i++) {
		sum.tick += telemetry->vcpu[i].tick;
		sum.flash_writes += telemetry->vcpu[i].flash_writes;
		sum.flash_erases += telemetry->vcpu[i].flash_erases;
		sum.flash_checks += telemetry->vcpu[i].flash_checks;
		sum.ram_sweeps += telemetry->vcpu[i].ram_sweeps;
	}
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "vcpus", (int)telemetry->vcpus,
			 "ticks", (json_int_t)sum.tick, "flash-writes",
			 (json_int_t)sum.flash_writes, "flash-erases", (json_int_t)sum.flash_erases,
			 "flash-checks", (json_int_t)sum.flash_checks, "ram-sweeps",
			 (json_int_t)sum.ram_sweeps, "generation",
			 (json_int_t)telemetry->generation, "mismatch-place",
			 (int)telemetry->mismatch_place);
}

/* What was set over qsoakd's own environment. */
static json_t *describe_env(const struct build_spec *spec)
{
	json_t *env = json_object();

	for (char **entry = spec->env; *entry; entry++) {
		const char *value = strchr(*entry, '=') + 1;
		auto_free char *name = mem_strndup(*entry, (size_t)(value - 1 - *entry));

		json_object_set_new(env, name, json_string(value));
	}
	return env;
}

static json_t *describe_run(const struct witness *witness)
{
	const struct build *build = run_build(witness->run);
	const struct child_exit *how = run_exited(witness->run);
	const char *const *word = run_argv(witness->run);
	json_t *argv = json_array();
	json_t *run = json_pack("{s:s, s:I, s:i, s:s, s:s, s:s, s:s?, s:s, s:s}", "role",
				witness->role, "run", (json_int_t)run_id(witness->run), "pid",
				(int)run_pid(witness->run), "build", build->spec.name, "binary",
				build->spec.binary, "version", build->version, "build-id",
				build->identity.build_id, "sha256", build->identity.sha256,
				"qmp-version", qmp_version(run_qmp(witness->run)));
	struct telemetry telemetry;

	for (; *word; word++)
		json_array_append_new(argv, json_string(*word));
	json_object_set_new(run, "argv", argv);
	json_object_set_new(run, "env", describe_env(&build->spec));
	if (how)
		json_object_set_new(run, "exit",
				    json_pack("{s:i, s:i, s:b}", "status", how->status, "signal",
					      how->signal, "core-dumped", how->core_dumped));
	if (ram_sample(run_ram(witness->run), &telemetry))
		json_object_set_new(run, "telemetry", describe_guest(&telemetry));
	return run;
}

static void write_manifest(struct incident *incident, const struct incident_spec *spec)
{
	const struct failure *failure = spec->failure;
	const struct vm_spec *vm = vm_spec(spec->vm);
	auto_free char *seed = mem_printf("%" PRIu64, spec->seed);
	json_t *runs = json_array();
	auto_json json_t *manifest = json_pack(
		"{s:I, s:I, s:I, s:i, s:i, s:I, s:s, s:I, s:s, s:s?, s:s, s:s?, s:s, s:s, s:o}",
		"failure", (json_int_t)spec->failure_id, "campaign", (json_int_t)vm->campaign_id,
		"operation", (json_int_t)spec->operation_id, "slot", vm->slot, "vm", vm->vm,
		"loops", (json_int_t)spec->loops, "seed", seed, "at-unix-ns",
		(json_int_t)clock_unix_ns(), "class", failure_class_name(failure->class), "place",
		failure_place_name(failure->place), "kind", op_kind_name(failure->kind), "step",
		failure->step, "signature", spec->signature, "detail", failure->detail, "runs",
		runs);
	FILE *f;

	if (!manifest) {
		err_set(&incident->err, -EINVAL, "the failure's text is not UTF-8");
		return;
	}
	for (size_t i = 0; i < incident->witness_count; i++)
		json_array_append_new(runs, describe_run(&incident->witness[i]));
	f = file_open(incident, NULL, "manifest.json");
	if (!f)
		return;
	json_dumpf(manifest, f, JSON_INDENT(2));
	fputc('\n', f);
	file_close(incident, f);
}

static bool stacks_wanted(const struct incident *incident)
{
	for (size_t i = 0; i < incident->witness_count; i++)
		if (incident->witness[i].stacks && !child_exited(incident->witness[i].stacks))
			return true;
	return false;
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
			err_set(&incident->err, -ETIMEDOUT, "%s did not end in time", EU_STACK);
		text = child_output(witness->stacks, &size);
		write_bytes(incident, witness->role, "stacks", text, size);
	}
	if (rename(incident->temporary, incident->folder) < 0)
		err_set_errno(&incident->err, errno, "cannot rename %s", incident->temporary);
	incident->done(incident->ctx, &incident->err);
}

static void stacks_exited(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;

	/* It exits with 1 when a single frame could not be unwound. */
	if (how->signal)
		err_set(&witness->incident->err, -EIO, "%s was ended by signal %d", EU_STACK,
			how->signal);
	if (!stacks_wanted(witness->incident))
		deadline_start(witness->incident->loop, &witness->incident->finish, 0);
}

static void start_stacks(struct witness *witness)
{
	auto_free char *pid = mem_printf("%d", run_pid(witness->run));
	/* With build-ids and offsets, so that a frame without a name can be resolved later. */
	const char *argv[] = { EU_STACK, "-m", "-b", "-p", pid, NULL };
	struct child_spec spec = {
		.argv = argv,
		.output_max = INCIDENT_STACKS_MAX,
		.exited = stacks_exited,
		.ctx = witness,
	};

	child_spawn(witness->incident->loop, &spec, &witness->stacks, &witness->incident->err);
}

static void add_witness(struct incident *incident, struct run *run, const char *role)
{
	if (run)
		incident->witness[incident->witness_count++] =
			(struct witness){ .incident = incident, .run = run, .role = role };
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
	bool two = vm_run(spec->vm) && vm_incoming(spec->vm);

	incident->loop = loop;
	incident->done = done;
	incident->ctx = ctx;
	incident->folder = mem_strdup(spec->folder);
	incident->temporary = mem_printf("%s" INCOMPLETE, spec->folder);
	deadline_init(&incident->finish, finished, incident);
	add_witness(incident, vm_run(spec->vm), two ? "source" : "qemu");
	add_witness(incident, vm_incoming(spec->vm), two ? "destination" : "qemu");
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
	write_manifest(incident, spec);
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
	free(incident->folder);
	free(incident->temporary);
	free(incident);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The manifest of an incident: what failed, where, and what QEMUs and guest were like then. */
#include "triage/manifest.h"

#include <inttypes.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"

const char *manifest_role(const struct vm *vm, const struct run *run)
{
	if (!vm_run(vm) || !vm_incoming(vm))
		return "qemu";
	return run == vm_run(vm) ? "source" : "destination";
}

/* All vCPUs together. */
static json_t *describe_guest(const struct telemetry *telemetry)
{
	struct telemetry_vcpu sum = { 0 };
	json_t *guest;

	for (uint32_t i = 0; i < telemetry->vcpus; i++) {
		sum.tick += telemetry->vcpu[i].tick;
		sum.flash_writes += telemetry->vcpu[i].flash_writes;
		sum.flash_erases += telemetry->vcpu[i].flash_erases;
		sum.flash_checks += telemetry->vcpu[i].flash_checks;
		sum.ram_sweeps += telemetry->vcpu[i].ram_sweeps;
	}
	guest = json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "vcpus", (int)telemetry->vcpus,
			  "ticks", (json_int_t)sum.tick, "flash-writes",
			  (json_int_t)sum.flash_writes, "flash-erases",
			  (json_int_t)sum.flash_erases, "flash-checks",
			  (json_int_t)sum.flash_checks, "ram-sweeps", (json_int_t)sum.ram_sweeps,
			  "generation", (json_int_t)telemetry->generation);
	if (telemetry->mismatch_place != TELEMETRY_PLACE_NONE)
		json_object_set_new(guest, "mismatch",
				    json_pack("{s:i, s:I, s:i, s:I, s:I}", "place",
					      (int)telemetry->mismatch_place, "where",
					      (json_int_t)telemetry->mismatch_where, "vcpu",
					      (int)telemetry->mismatch_vcpu, "expected",
					      (json_int_t)telemetry->mismatch_expected, "found",
					      (json_int_t)telemetry->mismatch_found));
	return guest;
}

/* Bytes that are no UTF-8 (a path may have them) become '?'. */
static json_t *text(const char *bytes)
{
	auto_free char *ascii = NULL;
	json_t *string = json_string(bytes);

	if (string || !bytes)
		return string ? string : json_null();
	ascii = mem_strdup(bytes);
	ascii_only(ascii, '?');
	return json_string(ascii);
}

/* NAME=VALUE, as a member of an object. */
static void add_variable(json_t *object, const char *entry)
{
	const char *value = strchrnul(entry, '=');
	auto_free char *name = mem_strndup(entry, (size_t)(value - entry));

	json_object_set_new(object, name, text(*value ? value + 1 : value));
}

static void add_variables(json_t *object, char *const *entries)
{
	for (char *const *entry = entries; *entry; entry++)
		add_variable(object, *entry);
}

/* Of what a QEMU inherits from us, what changes what it does: the rest may be secrets, and evidence is made
 * to be passed on. */
static bool is_telling(const char *entry)
{
	static const char *const prefixes[] = { "PATH=",   "LANG=",  "LC_",	"LD_",
						"QEMU_",   "GLIBC_", "MALLOC_", "G_",
						"TMPDIR=", "TZ=",    "ASAN_",	"UBSAN_",
						"TSAN_",   "LSAN_",  "MSAN_",	"XDG_DATA_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(entry, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* Ours, and over it what the build sets. */
static json_t *describe_environment(const struct build_spec *spec)
{
	json_t *environment = json_object();

	for (char *const *entry = environ; *entry; entry++)
		if (is_telling(*entry))
			add_variable(environment, *entry);
	add_variables(environment, spec->env);
	return environment;
}

static json_t *describe_env(const struct build_spec *spec)
{
	json_t *env = json_object();

	add_variables(env, spec->env);
	return env;
}

static json_t *describe_argv(const struct run *run)
{
	json_t *argv = json_array();

	for (const char *const *word = run_argv(run); *word; word++)
		json_array_append_new(argv, text(*word));
	return argv;
}

static json_t *describe_run(const struct vm *vm, const struct run *run)
{
	const struct build *build = run_build(run);
	const struct child_exit *how = run_exited(run);
	struct telemetry telemetry;
	json_t *described = json_pack(
		"{s:s, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "role",
		manifest_role(vm, run), "run", (json_int_t)run_id(run), "pid", (int)run_pid(run),
		"build", text(build->spec.name), "binary", text(build->spec.binary), "version",
		text(build->version), "build-id", text(build->identity.build_id), "sha256",
		text(build->identity.sha256), "qmp-version", text(qmp_version(run_qmp(run))),
		"argv", describe_argv(run), "env", describe_env(&build->spec), "environment",
		describe_environment(&build->spec));

	if (how)
		json_object_set_new(described, "exit",
				    json_pack("{s:i, s:i, s:b}", "status", how->status, "signal",
					      how->signal, "core-dumped", how->core_dumped));
	if (ram_sample(run_ram(run), &telemetry))
		json_object_set_new(described, "telemetry", describe_guest(&telemetry));
	return described;
}

static json_t *describe_host(void)
{
	struct utsname host;
	struct sysinfo info = { 0 };

	uname(&host);
	sysinfo(&info);
	return json_pack("{s:o, s:s, s:s, s:I, s:f, s:I, s:I}", "name", text(host.nodename),
			 "kernel", host.release, "machine", host.machine, "cpus",
			 (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "load",
			 (double)info.loads[0] / (1 << SI_LOAD_SHIFT), "ram-bytes",
			 (json_int_t)info.totalram * info.mem_unit, "free-ram-bytes",
			 (json_int_t)info.freeram * info.mem_unit);
}

static json_t *describe_machine(const struct vm_spec *vm)
{
	const struct machine *machine = vm->machine;
	auto_free char *seed = mem_printf("%" PRIu64, vm->guest_seed);

	return json_pack("{s:s, s:s, s:I, s:i, s:o, s:s}", "type", machine->type, "accel",
			 machine->accel, "ram-bytes", (json_int_t)machine->ram_bytes, "vcpus",
			 (int)machine->vcpus, "firmware", text(machine->firmware), "guest-seed",
			 seed);
}

json_t *manifest_make(const struct incident_spec *spec)
{
	const struct failure *failure = spec->failure;
	const struct vm_spec *vm = vm_spec(spec->vm);
	const struct run *members[VM_RUNS_MAX] = { vm_run(spec->vm), vm_incoming(spec->vm) };
	auto_free char *seed = mem_printf("%" PRIu64, spec->seed);
	json_t *runs = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (members[i])
			json_array_append_new(runs, describe_run(spec->vm, members[i]));
	return json_pack("{s:I, s:I, s:I, s:i, s:i, s:i, s:o, s:i, s:i, s:I, s:I, s:s, s:I, s:s, "
			 "s:s?, s:s, s:s?, s:s, "
			 "s:s, s:o, s:o, s:o}",
			 "failure", (json_int_t)spec->failure_id, "campaign",
			 (json_int_t)vm->campaign_id, "operation", (json_int_t)spec->operation_id,
			 "fleet", (int)spec->fleet, "slot", vm->slot, "vm", vm->vm, "build",
			 text(vm->build->spec.name), "plan-slot", spec->plan_slot, "plan-vm",
			 spec->plan_vm, "first-loop", (json_int_t)spec->first_loop, "loops",
			 (json_int_t)spec->loops, "seed", seed, "at-unix-ns",
			 (json_int_t)spec->at_unix_ns, "class", failure_class_name(failure->class),
			 "place", failure_place_name(failure->place), "kind",
			 op_kind_name(failure->kind), "step", failure->step, "signature",
			 spec->signature, "detail", failure->detail, "host", describe_host(),
			 "machine", describe_machine(vm), "runs", runs);
}

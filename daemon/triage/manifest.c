// SPDX-License-Identifier: GPL-2.0-or-later
/* The manifest of an incident: what failed, where, and what QEMUs and guest were like then. */
#include "triage/manifest.h"

#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
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

static json_t *describe_run(const struct vm *vm, const struct run *run)
{
	const struct build *build = run_build(run);
	const struct child_exit *how = run_exited(run);
	const char *const *word = run_argv(run);
	json_t *argv = json_array();
	json_t *described = json_pack("{s:s, s:I, s:i, s:s, s:s, s:s, s:s?, s:s, s:s}", "role",
				      manifest_role(vm, run), "run", (json_int_t)run_id(run), "pid",
				      (int)run_pid(run), "build", build->spec.name, "binary",
				      build->spec.binary, "version", build->version, "build-id",
				      build->identity.build_id, "sha256", build->identity.sha256,
				      "qmp-version", qmp_version(run_qmp(run)));
	struct telemetry telemetry;

	for (; *word; word++)
		json_array_append_new(argv, json_string(*word));
	json_object_set_new(described, "argv", argv);
	json_object_set_new(described, "env", describe_env(&build->spec));
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

	uname(&host);
	return json_pack("{s:s, s:s, s:s}", "name", host.nodename, "kernel", host.release,
			 "machine", host.machine);
}

static json_t *describe_machine(const struct vm_spec *vm)
{
	const struct machine *machine = vm->machine;
	auto_free char *seed = mem_printf("%" PRIu64, vm->guest_seed);

	return json_pack("{s:s, s:s, s:I, s:i, s:s, s:s}", "type", machine->type, "accel",
			 machine->accel, "ram-bytes", (json_int_t)machine->ram_bytes, "vcpus",
			 (int)machine->vcpus, "firmware", machine->firmware, "guest-seed", seed);
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
	return json_pack(
		"{s:I, s:I, s:I, s:i, s:i, s:I, s:s, s:I, s:s, s:s?, s:s, s:s?, s:s, s:s, s:o, "
		"s:o, s:o}",
		"failure", (json_int_t)spec->failure_id, "campaign", (json_int_t)vm->campaign_id,
		"operation", (json_int_t)spec->operation_id, "slot", vm->slot, "vm", vm->vm,
		"loops", (json_int_t)spec->loops, "seed", seed, "at-unix-ns",
		(json_int_t)clock_unix_ns(), "class", failure_class_name(failure->class), "place",
		failure_place_name(failure->place), "kind", op_kind_name(failure->kind), "step",
		failure->step, "signature", spec->signature, "detail", failure->detail, "host",
		describe_host(), "machine", describe_machine(vm), "runs", runs);
}

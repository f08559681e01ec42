// SPDX-License-Identifier: GPL-2.0-or-later
/* A VM's states, its folder, and its one or two runs. */
#include "vm/vm.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/folder.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/uuid.h"
#include "vm/direct.h"
#include "vm/libvirt.h"

static const char *const state_names[] = {
	[VM_NEW] = "new",
	[VM_BOOTING] = "booting",
	[VM_RUNNING] = "running",
	[VM_BUSY] = "busy",
	[VM_SHUTTING_DOWN] = "shutting-down",
	[VM_FAILED] = "failed",
	[VM_ENDED] = "ended",
};
NAMES_COMPLETE(state_names, VM_STATE_COUNT);

/* Row: from; bits: to. A VM may fail, or be ended by an interruption, at any time. */
#define TO(state) (1u << (state))
static const unsigned legal[] = {
	[VM_NEW] = TO(VM_BOOTING) | TO(VM_FAILED) | TO(VM_ENDED),
	[VM_BOOTING] = TO(VM_RUNNING) | TO(VM_FAILED) | TO(VM_ENDED),
	[VM_RUNNING] = TO(VM_BUSY) | TO(VM_SHUTTING_DOWN) | TO(VM_FAILED) | TO(VM_ENDED),
	[VM_BUSY] = TO(VM_RUNNING) | TO(VM_FAILED) | TO(VM_ENDED),
	[VM_SHUTTING_DOWN] = TO(VM_FAILED) | TO(VM_ENDED),
	[VM_FAILED] = TO(VM_ENDED),
	[VM_ENDED] = 0,
};
NAMES_COMPLETE(legal, VM_STATE_COUNT);

struct vm {
	struct ev_loop *loop;
	struct vm_spec spec;
	enum vm_state state;
	char *folder;
	char *incoming_folder; /* of images of its own; NULL: it has none */
	struct cgroup *cgroup; /* NULL: it has none */
	unsigned folders;      /* that the VM has had */
	struct run *run, *incoming;
	uint64_t generation, saved_generation;
	char uuid[UUID_TEXT_SIZE]; /* if libvirt runs it */
	const struct run_listener *listeners[RUN_ROLE_COUNT];
};

const char *vm_state_name(enum vm_state state)
{
	return names_of(state_names, VM_STATE_COUNT, state);
}

void vm_set_state(struct vm *vm, enum vm_state state)
{
	log_debug("slot %d vm %d: %s -> %s", vm->spec.slot, vm->spec.vm, vm_state_name(vm->state),
		  vm_state_name(state));
	if (!(legal[vm->state] & TO(state)))
		abort();
	vm->state = state;
}

enum vm_state vm_state(const struct vm *vm)
{
	return vm->state;
}

const struct vm_spec *vm_spec(const struct vm *vm)
{
	return &vm->spec;
}

const char *vm_folder(const struct vm *vm)
{
	return vm->folder;
}

const char *vm_incoming_folder(const struct vm *vm)
{
	return vm->incoming_folder ? vm->incoming_folder : vm->folder;
}

/* With empty images and the guest's configuration. */
static int make_folder(const struct vm_spec *spec, const char *folder, struct err *err)
{
	int r;

	if (mkdir(folder, 0700) < 0)
		return err_set_errno(err, errno, "cannot make %s", folder);
	r = direct_copy_images(spec->machine, spec->template, folder, err);
	if (r == 0)
		r = direct_write_config(&spec->machine->guest, spec->guest_seed, folder, err);
	if (r < 0)
		folder_remove(folder);
	return r;
}

/* A VM without limits is better than none, but somebody has to know. */
static struct cgroup *make_cgroup(const struct vm_spec *spec)
{
	auto_free char *name = mem_printf("%d-%d", spec->slot, spec->vm);
	struct cgroup *cgroup = NULL;
	struct err err = { 0 };

	if (spec->machine->cgroups &&
	    cgroup_new(spec->machine->cgroups, name, &spec->machine->limits, &cgroup, &err) < 0)
		log_warning("slot %d vm %d has no control group: %s", spec->slot, spec->vm,
			    err.text);
	return cgroup;
}

int vm_new(struct ev_loop *loop, const struct vm_spec *spec, struct vm **ret_vm, struct err *err)
{
	auto_free char *folder = mem_printf("%s/%d-%d", spec->parent, spec->slot, spec->vm);
	int r = make_folder(spec, folder, err);

	if (r < 0)
		return r;
	*ret_vm = mem_new(struct vm);
	(*ret_vm)->loop = loop;
	(*ret_vm)->spec = *spec;
	(*ret_vm)->generation = 1;
	uuid_make((*ret_vm)->uuid);
	(*ret_vm)->cgroup = make_cgroup(spec);
	(*ret_vm)->folder = mem_steal(folder);
	return 0;
}

static void remove_incoming_folder(struct vm *vm)
{
	if (vm->incoming_folder)
		folder_remove(vm->incoming_folder);
	free(vm->incoming_folder);
	vm->incoming_folder = NULL;
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	run_free(vm->run);
	run_free(vm->incoming);
	cgroup_free(vm->cgroup);
	remove_incoming_folder(vm);
	folder_remove(vm->folder);
	free(vm->folder);
	free(vm);
}

/* Beside the source's, so that each can name the other by a short relative path. */
static int make_incoming_folder(struct vm *vm, struct err *err)
{
	auto_free char *folder = mem_printf("%s/%d-%d.%u", vm->spec.parent, vm->spec.slot,
					    vm->spec.vm, ++vm->folders);
	int r = make_folder(&vm->spec, folder, err);

	if (r == 0)
		vm->incoming_folder = mem_steal(folder);
	return r;
}

/* It boots in turn with its slot's number, and migrates to the next one. */
static const char *uri_for(const struct vm *vm, enum vm_destination destination)
{
	const struct libvirt *libvirt = vm->spec.machine->libvirt;
	size_t at = (size_t)vm->spec.slot;

	if (!libvirt)
		return NULL;
	if (vm->run && destination == VM_SAME_HOST)
		return run_uri(vm->run);
	for (size_t i = 0; vm->run && i < libvirt->uri_count; i++)
		if (run_uri(vm->run) == libvirt->uris[i])
			at = i + 1;
	return libvirt->uris[at % libvirt->uri_count];
}

int vm_start_run(struct vm *vm, const struct build *build, enum vm_destination destination,
		 struct err *err)
{
	struct run_spec spec = {
		.machine = vm->spec.machine,
		.build = build,
		.cgroup = vm->cgroup,
		.uri = uri_for(vm, destination),
		.uuid = vm->uuid,
		.incoming = vm->run != NULL,
		.records = vm->spec.records,
		.campaign_id = vm->spec.campaign_id,
		.slot = vm->spec.slot,
		.vm = vm->spec.vm,
	};
	struct run **where = vm->run ? &vm->incoming : &vm->run;
	int r = 0;

	if (*where)
		abort();
	if (destination == VM_OWN_IMAGES)
		r = make_incoming_folder(vm, err);
	if (r < 0)
		return r;
	spec.folder = vm_incoming_folder(vm);
	r = run_start(vm->loop, &spec, where, err);
	if (r < 0)
		return r;
	for (int role = 0; role < RUN_ROLE_COUNT; role++)
		run_listen(*where, role, vm->listeners[role]);
	return 0;
}

const struct cgroup *vm_cgroup(const struct vm *vm)
{
	return vm->cgroup;
}

struct run *vm_run(const struct vm *vm)
{
	return vm->run;
}

struct run *vm_incoming(const struct vm *vm)
{
	return vm->incoming;
}

void vm_switch_run(struct vm *vm)
{
	run_free(vm->run);
	vm->run = vm->incoming;
	vm->incoming = NULL;
	if (!vm->incoming_folder)
		return;
	folder_remove(vm->folder);
	free(vm->folder);
	vm->folder = vm->incoming_folder;
	vm->incoming_folder = NULL;
}

void vm_drop_incoming(struct vm *vm)
{
	run_free(vm->incoming);
	vm->incoming = NULL;
	remove_incoming_folder(vm);
}

void vm_listen(struct vm *vm, enum run_role role, const struct run_listener *listener)
{
	vm->listeners[role] = listener;
	if (vm->run)
		run_listen(vm->run, role, listener);
	if (vm->incoming)
		run_listen(vm->incoming, role, listener);
}

uint64_t vm_generation(const struct vm *vm)
{
	return vm->generation;
}

bool vm_ask_generation(struct vm *vm)
{
	const struct ram *ram = run_ram(vm->run);
	struct telemetry telemetry;

	if (!ram_sample(ram, &telemetry) || telemetry.generation == vm->generation)
		return true;
	ram_want_generation(ram, vm->generation);
	return false;
}

void vm_generation_saved(struct vm *vm)
{
	vm->saved_generation = vm->generation++;
}

uint64_t vm_saved_generation(const struct vm *vm)
{
	return vm->saved_generation;
}

void vm_kill(struct vm *vm)
{
	if (vm->run)
		run_kill(vm->run);
	if (vm->incoming)
		run_kill(vm->incoming);
}

int64_t vm_kill_limit_ns(const struct vm *vm)
{
	return vm->run ? run_kill_limit_ns(vm->run) : 0;
}

bool vm_alive(const struct vm *vm)
{
	return (vm->run && !run_exited(vm->run)) || (vm->incoming && !run_exited(vm->incoming));
}

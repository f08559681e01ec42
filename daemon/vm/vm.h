/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM: what lives in a slot from cold boot to its end, a chain of runs joined by migrations.
 */
#ifndef QSOAK_VM_VM_H
#define QSOAK_VM_VM_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "vm/run.h"

enum vm_state {
	VM_NEW,		  /* images are there, no run */
	VM_BOOTING,	  /* first run spawned; no operation but boot */
	VM_RUNNING,	  /* the guest runs; any operation may begin */
	VM_BUSY,	  /* an operation is in progress */
	VM_SHUTTING_DOWN, /* asked to end; no operation may follow */
	VM_FAILED,	  /* something failed; kept for evidence, then killed */
	VM_ENDED,	  /* no process is left */
	VM_STATE_COUNT,
};

const char *vm_state_name(enum vm_state state);

struct vm_spec {
	const struct machine *machine;
	const struct build *build;
	const char *template; /* folder with empty images */
	const char *parent;   /* folder in which the VM's own is made */
	struct records *records;
	int64_t campaign_id;
	int slot, vm; /* numbers */
	uint64_t guest_seed;
};

/* Source and destination of a migration; otherwise one. */
#define VM_RUNS_MAX 2

struct vm;

/* Makes the VM's folder (0700) and images; starts nothing. */
int vm_new(struct ev_loop *loop, const struct vm_spec *spec, struct vm **ret_vm, struct err *err);

/* Kills its runs, reaps them, removes the folder; NULL is fine. Never from a run's listener. */
void vm_free(struct vm *vm);

/* The only place where a state changes; an illegal change is a bug and aborts. */
void vm_set_state(struct vm *vm, enum vm_state state);
enum vm_state vm_state(const struct vm *vm);

const struct vm_spec *vm_spec(const struct vm *vm);

/* Of all its processes; NULL: it has none. */
const struct cgroup *vm_cgroup(const struct vm *vm);

/* Holds the images, and is the working directory, of the run; of the incoming one it may be another. */
const char *vm_folder(const struct vm *vm);
const char *vm_incoming_folder(const struct vm *vm);

/* How a destination differs from its source. */
enum vm_destination {
	VM_NEXT_HOST,  /* of a libvirt with several; it shares the images */
	VM_SAME_HOST,  /* likewise; it takes over when the source has gone */
	VM_OWN_IMAGES, /* which are empty */
};

/* Starts the run that boots, or (a run is there) the destination of a migration, of the VM's build or
 * of another one. */
int vm_start_run(struct vm *vm, const struct build *build, enum vm_destination destination,
		 struct err *err);

/* The run the guest lives in (before a migration's end: the source), and the destination of a
 * migration in progress; NULL where there is none. */
struct run *vm_run(const struct vm *vm);
struct run *vm_incoming(const struct vm *vm);

/* After a migration: the destination becomes the run, the source, which has exited, is freed, with its
 * images if they are not the destination's. Never from a run's listener. */
void vm_switch_run(struct vm *vm);

/* After a cancelled migration: frees the destination, which has exited. Never from a run's listener. */
void vm_drop_incoming(struct vm *vm);

/* Who hears of every run of this VM in that role, also of those that start later; NULL: nobody. */
void vm_listen(struct vm *vm, enum run_role role, const struct run_listener *listener);

/* The generation (guests/telemetry.h) that the guest is to have now, above all it had before. */
uint64_t vm_generation(const struct vm *vm);

/* Asks the guest for it, while it runs; true once it has it, and always without telemetry. RAM that
 * was replaced has forgotten it, so it is asked for until it is there. */
bool vm_ask_generation(struct vm *vm);

/* A snapshot holds it, and the guest is to have another one. The last generation that was saved: 0
 * before the first. */
void vm_generation_saved(struct vm *vm);
uint64_t vm_saved_generation(const struct vm *vm);

/* SIGKILL to all runs; vm_alive() tells when they have gone. */
void vm_kill(struct vm *vm);
bool vm_alive(const struct vm *vm);
int64_t vm_kill_limit_ns(const struct vm *vm); /* see run_kill_limit_ns() */

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: of a living QEMU qsoak-stack is started at once. Of a dead one the core comes
 * first: found as a file, or asked of coredumpctl until it is there; then qsoak-stack reads it, and it is
 * packed into the bundle or removed. One child at a time; the incident's deadline ends them all.
 */
#include "triage/witness.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/file.h"
#include "base/mem.h"
#include "triage/core.h"

#define STACK_PROGRAM "qsoak-stack"
#define COREDUMPCTL "/usr/bin/coredumpctl"
#define ZSTD "/usr/bin/zstd"

struct witness {
	struct ev_loop *loop;
	struct witness_spec spec;
	struct child *child;
	char *core;   /* the core's path once it is there */
	char *stacks; /* what qsoak-stack has printed; NULL: nothing yet */
	size_t stacks_size;
	json_t *json; /* the same for programs; NULL: it is not there */
	bool by_core, done;
	struct deadline finish, ask_again;
};

static void finished(void *ctx)
{
	struct witness *witness = ctx;

	witness->done = true;
	witness->spec.done(witness->spec.ctx);
}

/* Not from within the caller's start, and not below a child's callback. */
static void finish(struct witness *witness)
{
	deadline_start(witness->loop, &witness->finish, 0);
}

static void lack(struct witness *witness, const char *why)
{
	bundle_miss(witness->spec.bundle, witness->spec.role, "stacks", "%s", why);
	finish(witness);
}

/* Starts a program in the place of the one before; on failure the witness ends. */
static bool start(struct witness *witness, const char *const *argv, size_t output_max,
		  void (*exited)(void *ctx, const struct child_exit *how))
{
	struct child_spec spec = {
		.argv = argv,
		.output_max = output_max,
		.exited = exited,
		.ctx = witness,
	};
	struct err err = { 0 };

	child_free(mem_steal(witness->child));
	if (child_spawn(witness->loop, &spec, &witness->child, &err) == 0)
		return true;
	lack(witness, err.text);
	return false;
}

static void packed(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;

	if (how->signal || how->status)
		bundle_miss(witness->spec.bundle, witness->spec.role, "core", "%s has failed",
			    ZSTD);
	unlink(witness->core);
	finish(witness);
}

static void pack_core(struct witness *witness)
{
	auto_free char *packed_path =
		bundle_path(witness->spec.bundle, witness->spec.role, "core" BUNDLE_PACKED);
	const char *argv[] = { ZSTD, "-q", "-1", "-o", packed_path, witness->core, NULL };

	if (!bundle_has_room(witness->spec.bundle, witness->spec.role, "core"))
		finish(witness);
	else
		start(witness, argv, 0, packed);
}

static char *json_path(const struct witness *witness)
{
	return bundle_path(witness->spec.bundle, witness->spec.role, "stacks.json.new");
}

/* Where it was written, it comes into the bundle as all else does. */
static void take_json(struct witness *witness)
{
	auto_free char *path = json_path(witness);
	auto_free char *text = NULL;
	struct err err = { 0 };
	size_t size;

	if (access(path, F_OK) < 0)
		return;
	if (file_read_bytes(path, WITNESS_JSON_MAX, &text, &size, &err) < 0) {
		bundle_miss(witness->spec.bundle, witness->spec.role, "stacks.json", "%s",
			    err.text);
	} else {
		witness->json = json_loadb(text, size, 0, NULL);
		bundle_write(witness->spec.bundle, witness->spec.role, "stacks.json", text, size);
	}
	unlink(path);
}

static void stacks_read(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;

	witness->stacks = child_output(witness->child, &witness->stacks_size);
	take_json(witness);
	/* If it could read nothing, its output says why. */
	if (how->signal)
		bundle_miss(witness->spec.bundle, witness->spec.role, "stacks",
			    "%s was ended by signal %d", STACK_PROGRAM, how->signal);
	else if (how->status)
		bundle_miss(witness->spec.bundle, witness->spec.role, "stacks",
			    "%s exited with status %d", STACK_PROGRAM, how->status);
	if (!witness->by_core) {
		finish(witness);
	} else if (witness->spec.cores == EVIDENCE_CORES_KEEP) {
		pack_core(witness);
	} else {
		unlink(witness->core);
		finish(witness);
	}
}

static void read_stacks(struct witness *witness)
{
	/* In a build tree, and where it is installed. */
	static const char *const places[] = { STACK_PROGRAM, "../bin/" STACK_PROGRAM };
	auto_free char *program = beside_find(places, ARRAY_SIZE(places), X_OK);
	auto_free char *pid = mem_printf("%d", run_pid(witness->spec.run));
	auto_free char *json = json_path(witness);
	const char *argv[] = { program,
			       witness->by_core ? "--core" : "--pid",
			       witness->by_core ? witness->core : pid,
			       "--json",
			       json,
			       witness->spec.gdb && !witness->by_core ? "--gdb" : NULL,
			       NULL };

	if (program)
		start(witness, argv, WITNESS_STACKS_MAX, stacks_read);
	else
		lack(witness, "there is no " STACK_PROGRAM " beside qsoakd");
}

static void ask(void *ctx);

static void asked(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;

	if (!how->signal && !how->status)
		read_stacks(witness);
	else
		deadline_start(witness->loop, &witness->ask_again, WITNESS_ASK_AGAIN_NS);
}

static void ask(void *ctx)
{
	struct witness *witness = ctx;
	auto_free char *pid = mem_printf("%d", run_pid(witness->spec.run));
	auto_free char *output = mem_printf("--output=%s", witness->core);
	const char *argv[] = { COREDUMPCTL, "-q", output, "dump", pid, NULL };

	start(witness, argv, 0, asked);
}

/* Where it was dumped, it is there; else the witness ends. */
static void find_core(struct witness *witness)
{
	const struct witness_spec *spec = &witness->spec;
	int64_t lived_ns = clock_now_ns() - run_spawned_ns(spec->run);
	struct core_place place;
	struct err err = { 0 };

	core_locate_here(spec->cwd, run_pid(spec->run), &place);
	if (place.route == CORE_LOST) {
		lack(witness, place.why);
	} else if (!run_exited(spec->run)->core_dumped) {
		lack(witness, "the kernel has dumped no core");
	} else if (place.route == CORE_COREDUMPCTL) {
		witness->core = bundle_path(spec->bundle, spec->role, "core");
		ask(witness);
	} else if (core_find(place.glob, clock_unix_ns() - lived_ns, &witness->core, &err) < 0) {
		lack(witness, err.text);
	} else {
		read_stacks(witness);
	}
	core_place_finish(&place);
}

struct witness *witness_start(struct ev_loop *loop, const struct witness_spec *spec)
{
	const struct child_exit *how = run_exited(spec->run);
	struct witness *witness = mem_new(struct witness);

	witness->loop = loop;
	witness->spec = *spec;
	deadline_init(&witness->finish, finished, witness);
	deadline_init(&witness->ask_again, ask, witness);
	witness->by_core = how != NULL;
	if (!how)
		read_stacks(witness);
	else if (how->signal && how->signal != SIGKILL && spec->cores != EVIDENCE_CORES_NONE)
		find_core(witness);
	else
		finish(witness);
	return witness;
}

void witness_free(struct witness *witness)
{
	if (!witness)
		return;
	deadline_stop(witness->loop, &witness->finish);
	deadline_stop(witness->loop, &witness->ask_again);
	child_free(witness->child);
	json_decref(witness->json);
	free(witness->core);
	free(witness->stacks);
	free(witness);
}

bool witness_is_done(const struct witness *witness)
{
	return witness->done;
}

void witness_write(struct witness *witness)
{
	const struct witness_spec *spec = &witness->spec;

	if (!witness->done)
		bundle_miss(spec->bundle, spec->role, "stacks", "not all of it came in time");
	if (!witness->stacks && witness->child && !witness->done)
		witness->stacks = child_output(witness->child, &witness->stacks_size);
	if (witness->by_core && !witness->done && witness->core)
		unlink(witness->core);
	if (witness->stacks)
		bundle_write(spec->bundle, spec->role, "stacks", witness->stacks,
			     witness->stacks_size);
}

json_t *witness_stacks(const struct witness *witness)
{
	return witness->json;
}

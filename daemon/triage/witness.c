// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: of a living QEMU qsoak-stack is started at once. Of a dead one the core comes
 * first: found as a file, or asked of coredumpctl until it is there; then qsoak-stack reads it, and it is
 * packed into the bundle or removed. One child at a time, and a deadline for each stage: when it has
 * passed, the child is killed, and the witness ends once that has gone, or a second deadline has passed.
 */
#include "triage/witness.h"

#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "triage/core.h"

#define STACK_PROGRAM "qsoak-stack"
#define COREDUMPCTL "/usr/bin/coredumpctl"
#define ZSTD "/usr/bin/zstd"

enum stage {
	STAGE_CORE,   /* coredumpctl is asked for it */
	STAGE_STACKS, /* qsoak-stack is at work */
	STAGE_PACK,   /* zstd is */
	STAGE_CUT,    /* the deadline has passed, the child is killed */
	STAGE_ENDS,   /* nothing more is waited for */
	STAGE_DONE,
};

struct witness {
	struct ev_loop *loop;
	struct witness_spec spec;
	enum stage stage;
	struct child *child;
	int64_t began_unix_ns; /* the QEMU */
	char *core;	       /* the core's path once it is there */
	bool is_sure;	       /* that it is this QEMU's */
	bool packing;
	char *stacks; /* what qsoak-stack has printed; NULL: nothing yet */
	size_t stacks_size;
	json_t *json; /* the same for programs; NULL: it is not there */
	struct deadline finish, ask_again, limit;
};

__attribute__((format(printf, 3, 4))) static void miss(struct witness *witness, const char *name,
						       const char *why, ...)
{
	char reason[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, why);
	vsnprintf(reason, sizeof(reason), why, ap);
	va_end(ap);
	bundle_miss(witness->spec.bundle, witness->spec.role, name, "%s", reason);
}

static void done(void *ctx)
{
	struct witness *witness = ctx;

	witness->stage = STAGE_DONE;
	witness->spec.done(witness->spec.ctx);
}

/* Not within the caller's start, and not below a child's callback. */
static void finish(struct witness *witness)
{
	witness->stage = STAGE_ENDS;
	deadline_stop(witness->loop, &witness->limit);
	deadline_stop(witness->loop, &witness->ask_again);
	deadline_start(witness->loop, &witness->finish, 0);
}

/* A pattern without the pid finds whatever core is there; then the core itself has to say whose it is. */
static bool is_ours(const struct witness *witness)
{
	json_t *pid = json_object_get(witness->json, "pid");

	return json_is_integer(pid) ? json_integer_value(pid) == run_pid(witness->spec.run)
				    : witness->is_sure;
}

/* What becomes of the core in the end, if it is nobody else's. */
static void remove_core(struct witness *witness)
{
	if (witness->core && is_ours(witness))
		unlink(witness->core);
}

static char *path_of(const struct witness *witness, const char *name)
{
	return bundle_path(witness->spec.bundle, witness->spec.role, name);
}

static void enter(struct witness *witness, enum stage stage, int64_t limit_ns)
{
	witness->stage = stage;
	deadline_start(witness->loop, &witness->limit, limit_ns);
}

/* Starts a program in the place of the one before. */
static bool start(struct witness *witness, const char *const *argv, size_t output_max,
		  void (*exited)(void *ctx, const struct child_exit *how), struct err *err)
{
	struct child_spec spec = {
		.argv = argv,
		.output_max = output_max,
		.nice = WITNESS_NICE,
		.exited = exited,
		.ctx = witness,
	};

	child_free(mem_steal(witness->child));
	return child_spawn(witness->loop, &spec, &witness->child, err) == 0;
}

/* Half a file is none. */
static void drop_packed(struct witness *witness, const char *why)
{
	auto_free char *path = path_of(witness, "core" BUNDLE_PACKED);

	if (why) {
		miss(witness, "core", "%s %s", ZSTD, why);
		unlink(path);
	}
	remove_core(witness);
	finish(witness);
}

static void packed(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;

	if (witness->stage >= STAGE_ENDS)
		return;
	drop_packed(witness, witness->stage == STAGE_CUT  ? "did not end in time"
			     : how->signal || how->status ? "has failed"
							  : NULL);
}

/* The last stage, if the core is there and surely ours: it is kept or not. */
static void end_core(struct witness *witness)
{
	auto_free char *path = path_of(witness, "core" BUNDLE_PACKED);
	const char *argv[] = { ZSTD, "-q", "-1", "-o", path, witness->core, NULL };
	struct err err = { 0 };

	if (witness->core && is_ours(witness) && witness->spec.cores == EVIDENCE_CORES_KEEP &&
	    bundle_has_room(witness->spec.bundle, witness->spec.role, "core")) {
		enter(witness, STAGE_PACK, WITNESS_PACK_LIMIT_NS);
		witness->packing = true;
		if (start(witness, argv, 0, packed, &err))
			return;
		miss(witness, "core", "%s", err.text);
	}
	remove_core(witness);
	finish(witness);
}

/* Of a qsoak-stack that was killed, what it had not finished stays behind. */
static void remove_unfinished(const struct witness *witness)
{
	auto_free char *path = path_of(witness, "stacks.json.new");
	auto_free char *literal = pattern_literal(path);
	auto_free char *pattern = mem_printf("%s*", literal);
	glob_t found = { 0 };

	glob(pattern, GLOB_NOSORT, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
}

/* Where it was written, it comes into the bundle as all else does. */
static void take_json(struct witness *witness, char **ret_text, size_t *ret_size)
{
	auto_free char *path = path_of(witness, "stacks.json.new");
	struct err err = { 0 };

	if (access(path, F_OK) < 0)
		remove_unfinished(witness);
	else if (file_read_bytes(path, WITNESS_JSON_MAX, ret_text, ret_size, &err) < 0)
		miss(witness, "stacks.json", "%s", err.text);
	else
		witness->json = json_loadb(*ret_text, *ret_size, 0, NULL);
	unlink(path);
}

static void stacks_read(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;
	auto_free char *text = NULL;
	size_t size = 0;

	if (witness->stage >= STAGE_ENDS)
		return;
	take_json(witness, &text, &size);
	if (witness->core && witness->json && !is_ours(witness)) {
		miss(witness, "stacks", "the core that was found, %s, is of process %lld",
		     witness->core,
		     (long long)json_integer_value(json_object_get(witness->json, "pid")));
		json_decref(mem_steal(witness->json));
		free(mem_steal(witness->core));
		finish(witness);
		return;
	}
	witness->stacks = child_output(witness->child, &witness->stacks_size);
	if (text)
		bundle_write(witness->spec.bundle, witness->spec.role, "stacks.json", text, size);
	/* If it could read nothing, its output says why. */
	if (witness->stage == STAGE_CUT)
		miss(witness, "stacks", "not all of it came in time");
	else if (how->signal)
		miss(witness, "stacks", "%s was ended by signal %d", STACK_PROGRAM, how->signal);
	else if (how->status)
		miss(witness, "stacks", "%s exited with status %d: %.*s", STACK_PROGRAM,
		     how->status, (int)strcspn(witness->stacks, "\n"), witness->stacks);
	end_core(witness);
}

static void read_stacks(struct witness *witness)
{
	/* In a build tree, and where it is installed. */
	static const char *const places[] = { STACK_PROGRAM, "../bin/" STACK_PROGRAM };
	auto_free char *program = beside_find(places, ARRAY_SIZE(places), X_OK);
	auto_free char *pid = mem_printf("%d", run_pid(witness->spec.run));
	auto_free char *json = path_of(witness, "stacks.json.new");
	const char *argv[] = { program,
			       witness->core ? "--core" : "--pid",
			       witness->core ? witness->core : pid,
			       "--json",
			       json,
			       "--limit",
			       WITNESS_STACKS_SECONDS,
			       witness->spec.gdb && !witness->core ? "--gdb" : NULL,
			       NULL };
	struct err err = { 0 };

	enter(witness, STAGE_STACKS, WITNESS_STACKS_LIMIT_NS);
	if (program && start(witness, argv, WITNESS_STACKS_MAX, stacks_read, &err))
		return;
	miss(witness, "stacks", "%s",
	     program ? err.text : "there is no " STACK_PROGRAM " beside qsoakd");
	end_core(witness);
}

static void lack(struct witness *witness, const char *why)
{
	miss(witness, "stacks", "%s", why);
	remove_core(witness);
	finish(witness);
}

static void asked(void *ctx, const struct child_exit *how)
{
	struct witness *witness = ctx;

	if (witness->stage >= STAGE_ENDS)
		return;
	if (witness->stage == STAGE_CUT)
		lack(witness, "coredumpctl did not end in time");
	else if (!how->signal && !how->status)
		read_stacks(witness);
	else
		deadline_start(witness->loop, &witness->ask_again, WITNESS_ASK_AGAIN_NS);
}

/* Of an older process with that pid there may be one, too. */
static void ask(void *ctx)
{
	struct witness *witness = ctx;
	auto_free char *pid = mem_printf("%d", run_pid(witness->spec.run));
	auto_free char *output = mem_printf("--output=%s", witness->core);
	auto_free char *since =
		mem_printf("--since=@%" PRId64, witness->began_unix_ns / CLOCK_NS_PER_S);
	const char *argv[] = { COREDUMPCTL, "-q", since, output, "dump", pid, NULL };
	struct err err = { 0 };

	if (!start(witness, argv, 0, asked, &err))
		lack(witness, err.text);
}

static void ask_coredumpctl(struct witness *witness)
{
	if (!bundle_has_room(witness->spec.bundle, witness->spec.role, "core")) {
		finish(witness);
		return;
	}
	witness->core = path_of(witness, "core");
	enter(witness, STAGE_CORE, WITNESS_STACKS_LIMIT_NS);
	ask(witness);
}

/* How a QEMU of libvirt has ended nobody says, but a core may, if it had a process here. */
static bool ends_untold(const struct run *run)
{
	const struct child_exit *how = run_exited(run);

	return how && how->status < 0 && !how->signal && run_loss(run) == RUN_LOSS_UNTOLD &&
	       run_pid(run);
}

/* Whether a core would say more. */
static bool may_have_core(const struct run *run)
{
	const struct child_exit *how = run_exited(run);

	return ends_untold(run) || (how->signal && how->signal != SIGKILL);
}

/* Where it was dumped, it is there; else the witness ends. */
static void find_core(struct witness *witness)
{
	const struct witness_spec *spec = &witness->spec;
	struct core_place place;
	struct err err = { 0 };

	core_locate_here(run_uri(spec->run) ? NULL : spec->cwd, run_pid(spec->run), &place);
	witness->is_sure = place.names_pid || place.route == CORE_COREDUMPCTL;
	if (place.route == CORE_LOST)
		lack(witness, place.why);
	else if (!ends_untold(spec->run) && !run_exited(spec->run)->core_dumped)
		lack(witness, "the kernel has dumped no core");
	else if (place.route == CORE_COREDUMPCTL)
		ask_coredumpctl(witness);
	else if (core_find(place.glob, witness->began_unix_ns, &witness->core, &err) < 0)
		lack(witness, err.text);
	else
		read_stacks(witness);
	core_place_finish(&place);
}

/* Its callback goes on, if it comes in time. */
static void cut(void *ctx)
{
	struct witness *witness = ctx;
	bool runs = witness->child && !child_exited(witness->child);

	if (witness->packing && witness->stage == STAGE_CUT) {
		drop_packed(witness, "cannot be killed");
		return;
	}
	if (witness->stage == STAGE_CUT || !runs) {
		lack(witness, runs ? "what reads them cannot be killed"
				   : "systemd-coredump has no core of it");
		return;
	}
	enter(witness, STAGE_CUT, WITNESS_KILL_LIMIT_NS);
	child_kill(witness->child, SIGKILL);
}

struct witness *witness_start(struct ev_loop *loop, const struct witness_spec *spec)
{
	const struct child_exit *how = run_exited(spec->run);
	struct witness *witness = mem_new(struct witness);

	witness->loop = loop;
	witness->spec = *spec;
	witness->began_unix_ns = clock_unix_ns() - (clock_now_ns() - run_spawned_ns(spec->run));
	deadline_init(&witness->finish, done, witness);
	deadline_init(&witness->ask_again, ask, witness);
	deadline_init(&witness->limit, cut, witness);
	if (!how && !run_pid(spec->run))
		lack(witness, "the process of the QEMU is not known");
	else if (!how)
		read_stacks(witness);
	else if (may_have_core(spec->run) && spec->cores != EVIDENCE_CORES_NONE)
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
	deadline_stop(witness->loop, &witness->limit);
	child_free(witness->child);
	json_decref(witness->json);
	free(witness->core);
	free(witness->stacks);
	free(witness);
}

bool witness_is_done(const struct witness *witness)
{
	return witness->stage == STAGE_DONE;
}

void witness_write(const struct witness *witness)
{
	if (witness->stacks)
		bundle_write(witness->spec.bundle, witness->spec.role, "stacks", witness->stacks,
			     witness->stacks_size);
}

json_t *witness_stacks(const struct witness *witness)
{
	return witness->json;
}

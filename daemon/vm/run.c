// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a run owns a child process, one end of a socket pair for QMP, and the memfd
 * of its RAM. It forwards what happens to at most one listener a role and keeps no opinion about
 * it: whether an exit or a silence is a failure is for the operation and the watch to say.
 */
#include "vm/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "domain/bridge.h"
#include "vm/backend.h"
#include "vm/libvirt.h"
#include "vm/words.h"

struct run {
	int64_t id;
	const struct backend *backend;
	const struct machine *machine;
	const char *uri;
	const struct build *build;
	struct records *records;
	struct child *child;
	struct qmp *qmp;
	struct ram *ram;
	pid_t pid; /* of its QEMU; 0: not known */
	char **argv;
	char *xml; /* NULL: it is no domain */
	const struct run_listener *listeners[RUN_ROLE_COUNT];
	struct err closed;
	struct child_exit how; /* once it has gone */
	struct child_exit end; /* as it was told */
	bool told;
	enum run_loss loss;
	int64_t spawned_ns;
	bool arrived, negotiated, oob, exit_expected, failure_expected;
};

#define RUN_TELL(run, member, ...)                                               \
	for (int role_ = 0; role_ < RUN_ROLE_COUNT; role_++) {                   \
		const struct run_listener *listener_ = (run)->listeners[role_];  \
                                                                                 \
		if (listener_ && listener_->member)                              \
			listener_->member(listener_->ctx, (run), ##__VA_ARGS__); \
	}

static void greeting_in(void *ctx)
{
	struct run *run = ctx;

	run->arrived = run->backend->is_qemu;
	RUN_TELL(run, greeting);
}

/* What a child that speaks for its QEMU says of that one's end. */
static void take_end(struct run *run, json_t *data)
{
	json_t *signal = json_object_get(data, "signal");

	run->told = true;
	run->end = (struct child_exit){
		.status = signal ? -1
				 : (int)json_integer_value(json_object_get(data, "status")),
		.signal = (int)json_integer_value(signal),
		.core_dumped = json_is_true(json_object_get(data, "core-dumped")),
	};
}

static void event_in(void *ctx, const struct qmp_event *event)
{
	struct run *run = ctx;

	if (!run->backend->is_qemu && !strcmp(event->name, BRIDGE_ARRIVED)) {
		run->pid = (pid_t)json_integer_value(json_object_get(event->data, "pid"));
		run->backend->find_ram(run->machine, run->pid, run->ram);
		run->arrived = true;
	}
	if (!run->backend->is_qemu && !strcmp(event->name, BRIDGE_ENDED)) {
		take_end(run, event->data);
		return;
	}
	RUN_TELL(run, event, event);
}

static void qmp_closed(void *ctx, const struct err *err)
{
	struct run *run = ctx;

	run->closed = *err;
	RUN_TELL(run, closed, err);
}

static const struct qmp_handler qmp_handler = {
	.greeting = greeting_in,
	.event = event_in,
	.closed = qmp_closed,
};

static void child_gone(void *ctx, const struct child_exit *how)
{
	struct run *run = ctx;

	run->how = *how;
	run->loss = run->backend->loss(&run->how);
	/* Its last events may still wait in the socket. */
	qmp_drain(run->qmp);
	if (run->loss == RUN_LOSS_UNTOLD && run->told) {
		run->how = run->end;
		run->loss = RUN_LOSS_PROCESS;
	}
	RUN_TELL(run, exited);
}

static void emit_begin(const struct run *run, const struct run_spec *spec)
{
	auto_json json_t *argv = json_array();
	auto_free char *text = NULL;

	for (char **word = run->argv; *word; word++)
		json_array_append_new(argv, json_string(*word));
	text = json_dumps(argv, JSON_COMPACT);
	records_emit(run->records, &(struct record){ .type = RECORD_RUN_BEGIN,
						     .run_begin = {
							     .id = run->id,
							     .campaign_id = spec->campaign_id,
							     .build_id = spec->build->id,
							     .slot = spec->slot,
							     .vm = spec->vm,
							     .pid = child_pid(run->child),
							     .began_unix_ns = clock_unix_ns(),
							     .argv = text,
							     .uri = run->uri,
						     } });
}

/* A core may not fill the disk on which the results are. */
static uint64_t room_for_core(const char *folder)
{
	struct statvfs fs;
	uint64_t bytes;

	if (statvfs(folder, &fs) < 0)
		return 0;
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return bytes > RUN_CORE_RESERVE_BYTES ? bytes - RUN_CORE_RESERVE_BYTES : 0;
}

static int spawn(struct ev_loop *loop, const struct run_spec *spec, struct run *run,
		 struct err *err)
{
	const struct backend *backend = run->backend;
	struct backend_child what = { 0 };
	auto_close int theirs = -1;
	struct child_spec child = {
		.env = backend->is_qemu ? (const char *const *)spec->build->spec.env : NULL,
		.cwd = spec->folder,
		.keep_fd_count = 1,
		.cgroup_fd = backend->is_qemu ? cgroup_fd(spec->cgroup) : 0,
		.death_signal = backend->death_signal,
		.limits_core = true,
		.core_max = backend->is_qemu && spec->machine->dumps_core
				    ? room_for_core(spec->folder)
				    : 0,
		.exited = child_gone,
		.ctx = run,
	};
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, errno, "socketpair");
	theirs = pair[1];
	run->qmp = qmp_new(loop, pair[0], &qmp_handler, run);
	r = backend->prepare(spec, theirs, &what, err);
	if (r < 0)
		return r;
	run->argv = what.argv;
	run->ram = what.ram;
	run->xml = what.xml;
	child.argv = (const char *const *)run->argv;
	child.input = what.reads_xml ? run->xml : NULL;
	child.keep_fds = (int[]){ theirs, ram_fd(run->ram) };
	child.keep_fd_count += what.inherits_ram;
	run->spawned_ns = clock_now_ns();
	r = child_spawn(loop, &child, &run->child, err);
	if (r == 0 && backend->is_qemu)
		run->pid = child_pid(run->child);
	return r;
}

int run_start(struct ev_loop *loop, const struct run_spec *spec, struct run **ret_run,
	      struct err *err)
{
	struct run *run = mem_new(struct run);
	int r;

	run->backend = spec->machine->libvirt ? &backend_libvirt : &backend_direct;
	run->machine = spec->machine;
	run->uri = spec->uri;
	run->records = spec->records;
	run->build = spec->build;
	r = spawn(loop, spec, run, err);
	if (r < 0) {
		run_free(run);
		return r;
	}
	run->id = records_new_id(run->records);
	emit_begin(run, spec);
	*ret_run = run;
	return 0;
}

void run_free(struct run *run)
{
	const struct child_exit *how;

	if (!run)
		return;
	if (run->child && !child_exited(run->child))
		run_kill(run);
	how = run->child ? run_exited(run) : NULL;
	if (run->id) {
		struct record_run_end end = {
			.id = run->id,
			.ended_unix_ns = clock_unix_ns(),
			/* not reaped yet: child_free() below does it */
			.exit_status = how ? how->status : -1,
			.signal = how ? how->signal : SIGKILL,
			.expected = run->exit_expected,
			.unseen = run->arrived && ram_fd(run->ram) < 0,
		};

		records_emit(run->records,
			     &(struct record){ .type = RECORD_RUN_END, .run_end = end });
	}
	child_free(run->child);
	qmp_free(run->qmp);
	ram_free(run->ram);
	words_free(run->argv);
	free(run->xml);
	free(run);
}

void run_listen(struct run *run, enum run_role role, const struct run_listener *listener)
{
	run->listeners[role] = listener;
}

int64_t run_id(const struct run *run)
{
	return run->id;
}

const struct build *run_build(const struct run *run)
{
	return run->build;
}

const char *run_uri(const struct run *run)
{
	return run->uri;
}

const char *run_peer_uri(const struct run *run)
{
	return run->uri ? libvirt_peer_uri(run->machine->libvirt, run->uri) : NULL;
}

const char *run_domain_xml(const struct run *run)
{
	return run->xml;
}

const struct ram *run_ram(const struct run *run)
{
	return run->ram;
}

struct qmp *run_qmp(const struct run *run)
{
	return run->qmp;
}

pid_t run_pid(const struct run *run)
{
	return run->pid;
}

int64_t run_spawned_ns(const struct run *run)
{
	return run->spawned_ns;
}

const char *const *run_argv(const struct run *run)
{
	return (const char *const *)run->argv;
}

const struct child_exit *run_exited(const struct run *run)
{
	return child_exited(run->child) ? &run->how : NULL;
}

enum run_loss run_loss(const struct run *run)
{
	return run->loss;
}

char *run_output(const struct run *run, size_t *ret_size)
{
	return child_output(run->child, ret_size);
}

const struct err *run_closed(const struct run *run)
{
	return &run->closed;
}

static bool has_ended(pid_t pid)
{
	auto_free char *exe = mem_printf("/proc/%d/exe", pid);
	char c;

	return readlink(exe, &c, 1) < 0 && errno == ENOENT;
}

int run_check(const struct run *run, struct err *err)
{
	struct err found = { 0 };
	int r = 0;

	if (ram_fd(run->ram) >= 0)
		r = build_check_process(run->build, run->pid, ram_fd(run->ram), &found);
	if (r == 0 || has_ended(run->pid))
		return 0;
	*err = found;
	return r;
}

bool run_arrived(const struct run *run)
{
	return run->arrived;
}

void run_set_negotiated(struct run *run, bool oob)
{
	run->negotiated = true;
	run->oob = oob;
}

bool run_negotiated(const struct run *run)
{
	return run->negotiated;
}

bool run_oob(const struct run *run)
{
	return run->oob;
}

void run_expect_exit(struct run *run)
{
	run->exit_expected = true;
}

void run_expect_failure(struct run *run)
{
	run->exit_expected = run->failure_expected = true;
}

bool run_exited_well(const struct run *run)
{
	const struct child_exit *how = run_exited(run);

	return how && run->exit_expected && how->signal == 0 &&
	       (how->status == 0 || run->failure_expected);
}

void run_terminate(struct run *run)
{
	run->exit_expected = true;
	child_kill(run->child, SIGTERM);
}

void run_kill(struct run *run)
{
	if (run_exited(run))
		return;
	run->exit_expected = true;
	child_kill(run->child, run->backend->kill_signal);
}

int64_t run_kill_limit_ns(const struct run *run)
{
	return run->backend->kill_limit_ns;
}

bool run_exit_expected(const struct run *run)
{
	return run->exit_expected;
}

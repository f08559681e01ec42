// SPDX-License-Identifier: GPL-2.0-or-later
/* One QEMU on a loop of its own, until it greets, leaves, or takes too long. */
#include "vm/audition.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"
#include "guests/telemetry.h"
#include "vm/telemetry.h"

struct audition {
	struct ev_loop *loop;
	struct ram *ram;
	struct child *child;
	ev_io greeting;
	bool greeted;
};

static void heard(struct ev_loop *loop, ev_io *watch, int revents)
{
	struct audition *audition = watch->data;
	char byte;

	(void)revents;
	/* What it says does not matter; at end of file its exit follows. */
	audition->greeted = recv(watch->fd, &byte, 1, MSG_DONTWAIT) > 0;
	ev_io_stop(loop, watch);
	if (audition->greeted)
		ev_break(loop, EVBREAK_ALL);
}

static void gone(void *ctx, const struct child_exit *how)
{
	struct audition *audition = ctx;

	(void)how;
	ev_break(audition->loop, EVBREAK_ALL);
}

static void late(void *ctx)
{
	ev_break(ctx, EVBREAK_ALL);
}

static int spawn(struct audition *audition, const struct build_spec *spec, bool sandbox, int qmp,
		 struct err *err)
{
	auto_free char *chardev = mem_printf("socket,id=qmp,fd=%d", qmp);
	auto_free char *object =
		mem_printf("memory-backend-file,id=ram,size=%d,share=on,"
			   "mem-path=/proc/self/fd/%d",
			   (int)(TELEMETRY_GPA + TELEMETRY_SIZE), ram_fd(audition->ram));
	const char *options[] = { "-machine",
				  "none",
				  "-nodefaults",
				  "-no-user-config",
				  "-display",
				  "none",
				  "-object",
				  object,
				  "-chardev",
				  chardev,
				  "-mon",
				  "chardev=qmp,mode=control",
				  sandbox ? "-sandbox" : NULL,
				  "on",
				  NULL };
	auto_free const char **argv = build_argv(spec, options);
	struct child_spec child = {
		.argv = argv,
		.env = (const char *const *)spec->env,
		.keep_fds = (int[]){ qmp, ram_fd(audition->ram) },
		.keep_fd_count = 2,
		.exited = gone,
		.ctx = audition,
	};

	return child_spawn(audition->loop, &child, &audition->child, err);
}

static int look(const struct audition *audition, const struct build_spec *spec,
		struct identity *ret_identity, struct err *err)
{
	pid_t pid = child_pid(audition->child);
	auto_close int fd = -1;
	int r = identity_check_exec(pid, ram_fd(audition->ram), spec, err);

	if (r == 0)
		r = identity_open_running(pid, spec->binary, &fd, err);
	return r < 0 ? r : identity_read(fd, spec->binary, ret_identity, err);
}

static int describe_silence(const struct audition *audition, struct err *err)
{
	const struct child_exit *how = child_exited(audition->child);
	auto_free char *output = child_output(audition->child, NULL);

	if (!how)
		return err_set(err, -ETIMEDOUT, "it did not greet within %lld ms",
			       (long long)(AUDITION_LIMIT_NS / CLOCK_NS_PER_MS));
	return err_set(err, -EIO, "it left without a greeting: %.*s", (int)strcspn(output, "\n"),
		       output);
}

int audition_identify(const struct build_spec *spec, bool sandbox, struct identity *ret_identity,
		      struct err *err)
{
	struct audition audition = { 0 };
	auto_close int ours = -1, theirs = -1;
	struct deadline deadline;
	int pair[2], r;

	r = ram_new(TELEMETRY_GPA + TELEMETRY_SIZE, &audition.ram, err);
	if (r < 0)
		return r;
	audition.loop = ev_loop_new(EVFLAG_AUTO);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		r = err_set_errno(err, errno, "socketpair");
	} else {
		ours = pair[0];
		theirs = pair[1];
		r = spawn(&audition, spec, sandbox, theirs, err);
		fd_close(&theirs);
	}
	if (r == 0) {
		ev_io_init(&audition.greeting, heard, ours, EV_READ);
		audition.greeting.data = &audition;
		ev_io_start(audition.loop, &audition.greeting);
		deadline_init(&deadline, late, audition.loop);
		deadline_start(audition.loop, &deadline, AUDITION_LIMIT_NS);
		ev_run(audition.loop, 0);
		deadline_stop(audition.loop, &deadline);
		ev_io_stop(audition.loop, &audition.greeting);
		r = audition.greeted ? look(&audition, spec, ret_identity, err)
				     : describe_silence(&audition, err);
	}
	child_free(audition.child);
	ev_loop_destroy(audition.loop);
	ram_free(audition.ram);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Spawning, watching, killing and reaping of child processes. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"
#include "base/standstill.h"

/* The first and the last bytes of a stream. */
struct capture {
	char *head, *tail; /* half bytes each; tail is a ring */
	size_t half, total;
};

struct child {
	struct ev_loop *loop;
	pid_t pid;
	int pidfd, output_fd;
	ev_io exit_watch, output_watch;
	struct capture capture;
	bool reaped;
	struct child_exit how;
	void (*exited)(void *ctx, const struct child_exit *how);
	void *ctx;
};

static void capture_add(struct capture *capture, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++, capture->total++) {
		if (capture->total < capture->half)
			capture->head[capture->total] = data[i];
		else
			capture->tail[(capture->total - capture->half) % capture->half] = data[i];
	}
}

static char *capture_text(const struct capture *capture, size_t *ret_size)
{
	char *text = NULL;
	size_t size = 0, half = capture->half, total = capture->total;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	fwrite(capture->head, 1, total < half ? total : half, f);
	if (total > 2 * half) {
		size_t at = total % half; /* (total - half) % half: the oldest byte of the ring */

		fprintf(f, "\n[... %zu bytes left out ...]\n", total - 2 * half);
		fwrite(capture->tail + at, 1, half - at, f);
		fwrite(capture->tail, 1, at, f);
	} else if (total > half) {
		fwrite(capture->tail, 1, total - half, f);
	}
	fclose(f);
	if (ret_size)
		*ret_size = size;
	return text;
}

/* Reads what a full pipe holds and no more, so that a child that never stops writing cannot keep the
 * loop busy; stops watching at end of file. */
static void output_drain(struct child *child)
{
	char buffer[16384];

	for (int i = 0; i < 8; i++) {
		ssize_t n = read(child->output_fd, buffer, sizeof(buffer));

		if (n > 0) {
			capture_add(&child->capture, buffer, (size_t)n);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			ev_io_stop(child->loop, &child->output_watch);
		return;
	}
}

static void output_ready(struct ev_loop *loop, ev_io *watch, int revents)
{
	(void)loop;
	(void)revents;
	output_drain(watch->data);
}

/* Returns false while the child is alive. */
static bool reap(struct child *child)
{
	siginfo_t info = { 0 };

	if (child->reaped)
		return true;
	if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_pid == 0)
		return false;
	/* What it started and left behind. Until it is reaped, the number is no other group's. */
	kill(-child->pid, SIGKILL);
	waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG);
	child->reaped = true;
	ev_io_stop(child->loop, &child->exit_watch);
	if (info.si_code == CLD_EXITED)
		child->how = (struct child_exit){ .status = info.si_status };
	else
		child->how = (struct child_exit){ .status = -1,
						  .signal = info.si_status,
						  .core_dumped = info.si_code == CLD_DUMPED };
	return true;
}

static void exit_ready(struct ev_loop *loop, ev_io *watch, int revents)
{
	struct child *child = watch->data;

	(void)loop;
	(void)revents;
	if (!reap(child))
		return;
	output_drain(child);
	ev_io_stop(child->loop, &child->output_watch);
	if (child->exited)
		child->exited(child->ctx, &child->how);
}

/* Whether list has the variable that entry (NAME=VALUE) names. */
static bool has_name(const char *const *list, const char *entry)
{
	size_t length = strcspn(entry, "=") + 1;

	for (; list && *list; list++)
		if (!strncmp(*list, entry, length))
			return true;
	return false;
}

/* Our environment with what is set over it; the strings are borrowed, the caller frees the array. */
static char **make_environment(const char *const *set)
{
	char **env = NULL;
	size_t count = 0;

	for (char **ours = environ; ours && *ours; ours++) {
		if (has_name(set, *ours))
			continue;
		env = mem_realloc(env, count + 1, sizeof(*env));
		env[count++] = *ours;
	}
	for (; set && *set; set++) {
		env = mem_realloc(env, count + 1, sizeof(*env));
		env[count++] = (char *)*set;
	}
	env = mem_realloc(env, count + 1, sizeof(*env));
	env[count] = NULL;
	return env;
}

/* Handlers are of no use to a program that replaces ours, and must not run while it shares our memory. */
static void forget_handlers(void)
{
	struct sigaction action;

	for (int signal = 1; signal < NSIG; signal++) {
		if (sigaction(signal, NULL, &action) < 0 || action.sa_handler == SIG_IGN)
			continue;
		action.sa_handler = SIG_DFL;
		sigaction(signal, &action, NULL);
	}
}

static void limit_core(uint64_t max)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return;
	limit.rlim_cur = max < limit.rlim_max ? max : limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
}

/* Between vfork and exec: async-signal-safe calls only, since other threads may hold any lock, and
 * nothing is written but what is on its own stack: the memory is ours. */
__attribute__((noreturn)) static void exec_child(const struct child_spec *spec, char *const *env,
						 pid_t parent, int input_fd, int output_fd,
						 int error_fd)
{
	sigset_t none;
	int code;

	forget_handlers();
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (prctl(PR_SET_PDEATHSIG, spec->death_signal ? spec->death_signal : SIGKILL) < 0)
		goto fail;
	/* The parent may have died before the request was made. */
	if (getppid() != parent)
		_exit(127);
	/* "0" is who writes it. clone3(2) could do it, too, but not on the stack that vfork shares with us. */
	if (spec->cgroup_fd && write(spec->cgroup_fd, "0", 1) != 1)
		goto fail;
	if (dup2(input_fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 ||
	    dup2(output_fd, STDERR_FILENO) < 0)
		goto fail;
	/* Ours are all close-on-exec, but what was handed to us may not be. */
	if (close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		goto fail;
	for (size_t i = 0; i < spec->keep_fd_count; i++)
		if (fcntl(spec->keep_fds[i], F_SETFD, 0) < 0)
			goto fail;
	if (spec->cwd && chdir(spec->cwd) < 0)
		goto fail;
	if (spec->limits_core)
		limit_core(spec->core_max);
	if (spec->nice && setpriority(PRIO_PROCESS, 0, spec->nice) < 0)
		goto fail;
	execve(spec->argv[0], (char *const *)spec->argv, env);
fail:
	code = errno;
	if (write(error_fd, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* As fork(2), which would cost a page fault for each page that we write afterwards. Until it execs, the
 * child takes no signal: a handler of ours would run in our memory. */
static pid_t start_child(const struct child_spec *spec, char *const *env, int input_fd,
			 int output_fd, int error_fd)
{
	const pid_t parent = getpid();
	sigset_t all, ours;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &ours);
	pid = vfork();
	if (pid == 0)
		exec_child(spec, env, parent, input_fd, output_fd, error_fd);
	/* errno is left as it is. */
	pthread_sigmask(SIG_SETMASK, &ours, NULL);
	return pid;
}

/* Waits for exec: end of file on the pipe, or the errno of what failed before it. */
static int exec_result(int error_fd)
{
	int code = 0;
	ssize_t n;

	do
		n = read(error_fd, &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	return n == sizeof(code) ? code : 0;
}

/* A file, not a pipe: nobody has to wait until it was read. */
static int open_input(const char *text)
{
	auto_close int fd = -1;

	if (!text)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return fd_steal(&fd);
}

int child_spawn(struct ev_loop *loop, const struct child_spec *spec, struct child **ret_child,
		struct err *err)
{
	auto_close int input_fd = -1, output_read = -1, output_write = -1, error_read = -1,
		       error_write = -1, pidfd = -1;
	int output[2], error[2], code;
	size_t half = ((spec->output_max ? spec->output_max : CHILD_OUTPUT_MAX) + 1) / 2;
	auto_free char **env = make_environment(spec->env);
	struct child *child;
	pid_t pid;

	input_fd = open_input(spec->input);
	if (input_fd < 0)
		return err_set_errno(err, errno, "its input");
	if (pipe2(output, O_CLOEXEC) < 0)
		return err_set_errno(err, errno, "pipe");
	output_read = output[0];
	output_write = output[1];
	if (pipe2(error, O_CLOEXEC) < 0)
		return err_set_errno(err, errno, "pipe");
	error_read = error[0];
	error_write = error[1];
	/* Only our end: a blocking stdout is what programs expect. */
	if (fcntl(output_read, F_SETFL, O_NONBLOCK) < 0)
		return err_set_errno(err, errno, "fcntl");

	pid = start_child(spec, env, input_fd, output_write, error_write);
	if (pid < 0)
		return err_set_errno(err, errno, "cannot fork for %s", spec->argv[0]);
	fd_close(&error_write);
	code = exec_result(error_read);
	pidfd = pidfd_open(pid, 0);
	if (code || pidfd < 0) {
		if (!code)
			code = errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return err_set_errno(err, code, "cannot run %s", spec->argv[0]);
	}

	child = mem_new(struct child);
	child->loop = loop;
	child->pid = pid;
	child->pidfd = fd_steal(&pidfd);
	child->output_fd = fd_steal(&output_read);
	child->exited = spec->exited;
	child->ctx = spec->ctx;
	child->capture = (struct capture){ .half = half };
	child->capture.head = mem_zalloc(half);
	child->capture.tail = mem_zalloc(half);
	ev_io_init(&child->exit_watch, exit_ready, child->pidfd, EV_READ);
	ev_io_init(&child->output_watch, output_ready, child->output_fd, EV_READ);
	child->exit_watch.data = child->output_watch.data = child;
	ev_io_start(loop, &child->exit_watch);
	ev_io_start(loop, &child->output_watch);
	*ret_child = child;
	return 0;
}

void child_free(struct child *child)
{
	if (!child)
		return;
	if (!reap(child)) {
		struct pollfd gone = { .fd = child->pidfd, .events = POLLIN };

		child_kill(child, SIGKILL);
		poll(&gone, 1, CHILD_REAP_LIMIT_NS / CLOCK_NS_PER_MS);
		reap(child);
	}
	ev_io_stop(child->loop, &child->exit_watch);
	ev_io_stop(child->loop, &child->output_watch);
	fd_close(&child->pidfd);
	fd_close(&child->output_fd);
	free(child->capture.head);
	free(child->capture.tail);
	free(child);
}

pid_t child_pid(const struct child *child)
{
	return child->pid;
}

void child_kill(struct child *child, int signal)
{
	if (child->reaped)
		return;
	if (signal == SIGKILL)
		kill(-child->pid, SIGKILL);
	pidfd_send_signal(child->pidfd, signal, NULL, 0);
}

const struct child_exit *child_exited(const struct child *child)
{
	return child->reaped ? &child->how : NULL;
}

char *child_output(const struct child *child, size_t *ret_size)
{
	return capture_text(&child->capture, ret_size);
}

static void tool_exited(void *ctx, const struct child_exit *how)
{
	(void)how;
	ev_break(ctx, EVBREAK_ALL);
}

static void tool_late(void *ctx)
{
	ev_break(ctx, EVBREAK_ALL);
}

int child_run(const struct child_spec *tool, int64_t limit_ns, char **ret_output, struct err *err)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct standstill *standstill = standstill_new(loop, NULL, NULL);
	struct child_spec spec = *tool;
	const char *name = spec.argv[0];
	struct deadline deadline;
	struct child *child = NULL;
	auto_free char *output = NULL;
	int r;

	spec.exited = tool_exited;
	spec.ctx = loop;
	r = child_spawn(loop, &spec, &child, err);
	if (r == 0) {
		const struct child_exit *how;

		deadline_init(&deadline, tool_late, loop);
		deadline_start(loop, &deadline, limit_ns);
		ev_run(loop, 0);
		deadline_stop(loop, &deadline);
		output = child_output(child, NULL);
		how = child_exited(child);
		if (!how)
			r = err_set(err, -ETIMEDOUT, "%s did not end within %lld ms", name,
				    (long long)(limit_ns / CLOCK_NS_PER_MS));
		else if (how->signal)
			r = err_set(err, -EIO, "%s was ended by signal %d: %.*s", name, how->signal,
				    (int)strcspn(output, "\n"), output);
		else if (how->status)
			r = err_set(err, -EIO, "%s exited with status %d: %.*s", name, how->status,
				    (int)strcspn(output, "\n"), output);
	}
	child_free(child);
	standstill_free(standstill);
	ev_loop_destroy(loop);
	if (r == 0 && ret_output)
		*ret_output = mem_steal(output);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting and ending a private qsoakd. */
#include "cli/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/clock.h"
#include "base/mem.h"

/* Beside us (a build tree), or in sbin beside our bin. */
static char *find_daemon(struct err *err)
{
	static const char *const places[] = { "qsoakd", "../sbin/qsoakd" };
	char *path = beside_find(places, ARRAY_SIZE(places), X_OK);
	auto_free char *folder = NULL;

	if (path)
		return path;
	folder = beside_folder();
	err_set(err, -ENOENT, "there is no qsoakd in %s, nor in sbin beside it",
		folder ? folder : "our own folder");
	return NULL;
}

__attribute__((noreturn)) static void exec_daemon(const char *const *argv, int fd, pid_t parent)
{
	static const char failed[] = "qsoak: cannot run qsoakd\n";

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	if (getppid() == parent && fcntl(fd, F_SETFD, 0) == 0)
		execv(argv[0], (char *const *)argv);
	if (write(STDERR_FILENO, failed, sizeof(failed) - 1) < 0)
		_exit(126);
	_exit(127);
}

int local_start(const char *state, bool verbose, struct local *ret_local, int *ret_fd,
		struct err *err)
{
	auto_free char *path = find_daemon(err);
	auto_free char *fd = NULL;
	auto_close int ours = -1, theirs = -1;
	int pair[2];
	pid_t pid, parent = getpid();

	if (!path)
		return err->code;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	fd = mem_printf("%d", theirs);
	pid = fork();
	if (pid < 0)
		return err_set_errno(err, errno, "cannot fork");
	if (pid == 0) {
		const char *argv[] = { path,  "--state-dir",
				       state, "--control-fd",
				       fd,    verbose ? "--verbose" : NULL,
				       NULL };

		exec_daemon(argv, theirs, parent);
	}
	ret_local->pid = pid;
	ret_local->pidfd = pidfd_open(pid, 0);
	if (ret_local->pidfd < 0) {
		err_set_errno(err, errno, "pidfd_open");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return err->code;
	}
	*ret_fd = fd_steal(&ours);
	return 0;
}

int local_finish(struct local *local)
{
	struct pollfd gone = { .fd = local->pidfd, .events = POLLIN };
	int status;

	if (poll(&gone, 1, LOCAL_END_LIMIT_NS / CLOCK_NS_PER_MS) <= 0)
		kill(local->pid, SIGKILL);
	fd_close(&local->pidfd);
	if (waitpid(local->pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the janitor sleeps in read() on a pipe whose only writing end is the
 * parent's. End of file means that the parent has gone.
 */
#include "base/janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/folder.h"
#include "base/mem.h"

struct janitor {
	int pipe, pidfd;
};

#define RETRY_MS 20

/* Where the janitor has what it keeps: not above these. */
#define KEEP_FD (STDERR_FILENO + 1)
#define KILL_FD (STDERR_FILENO + 2)

__attribute__((noreturn)) static void work(int pipe_fd, const char *folder, bool kills)
{
	int64_t end;
	char byte;

	/* A Ctrl-C or a polite signal to the group must not end it before its work is done. */
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "qsoak-janitor");
	while (read(pipe_fd, &byte, 1) < 0 && errno == EINTR)
		;
	/* What cannot be killed so has a death signal all the same. */
	if (kills && write(KILL_FD, "1", 1) < 0)
		kills = false;
	end = clock_now_ns() + JANITOR_LIMIT_NS;
	do {
		folder_remove(folder);
		if (access(folder, F_OK) < 0)
			_exit(0);
		poll(NULL, 0, RETRY_MS);
	} while (clock_now_ns() < end);
	_exit(1);
}

/* Nothing of the parent's may stay open in here: not the control socket, whose other end waits for end of file, and
 * above all not the writing end. */
static bool close_others(int pipe_fd, int keep_fd, int kill_fd)
{
	/* First out of the way of each other. */
	int pipe_copy = fcntl(pipe_fd, F_DUPFD, KILL_FD + 1);
	int keep_copy = keep_fd < 0 ? -1 : fcntl(keep_fd, F_DUPFD, KILL_FD + 1);
	int kill_copy = kill_fd < 0 ? -1 : fcntl(kill_fd, F_DUPFD, KILL_FD + 1);

	close_range(STDERR_FILENO + 1, KILL_FD, 0);
	if (dup2(pipe_copy, STDIN_FILENO) < 0 || (keep_fd >= 0 && dup2(keep_copy, KEEP_FD) < 0) ||
	    (kill_fd >= 0 && dup2(kill_copy, KILL_FD) < 0))
		return false;
	close_range(KILL_FD + 1, ~0u, 0);
	return true;
}

int janitor_start(const char *folder, int keep_fd, int kill_fd, struct janitor **ret_janitor,
		  struct err *err)
{
	auto_close int read_end = -1, write_end = -1;
	int ends[2], pidfd;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set_errno(err, errno, "pipe");
	read_end = ends[0];
	write_end = ends[1];
	pid = fork();
	if (pid < 0)
		return err_set_errno(err, errno, "cannot fork the janitor");
	if (pid == 0) {
		if (!close_others(read_end, keep_fd, kill_fd))
			_exit(1);
		work(STDIN_FILENO, folder, kill_fd >= 0);
	}
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0)
		return err_set_errno(err, errno, "pidfd_open");
	*ret_janitor = mem_new(struct janitor);
	(*ret_janitor)->pipe = fd_steal(&write_end);
	(*ret_janitor)->pidfd = pidfd;
	return 0;
}

void janitor_finish(struct janitor *janitor)
{
	struct pollfd gone;

	if (!janitor)
		return;
	fd_close(&janitor->pipe);
	gone = (struct pollfd){ .fd = janitor->pidfd, .events = POLLIN };
	if (poll(&gone, 1, (JANITOR_LIMIT_NS + CLOCK_NS_PER_S) / CLOCK_NS_PER_MS) > 0)
		waitid(P_PIDFD, (id_t)janitor->pidfd, &(siginfo_t){ 0 }, WEXITED | WNOHANG);
	fd_close(&janitor->pidfd);
	free(janitor);
}

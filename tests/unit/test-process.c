// SPDX-License-Identifier: GPL-2.0-or-later
/* The process of a domain, among all that there are. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "domain/process.h"

#define UUID "018f0000-0000-7000-8000-00000000abcd"
#define NOBODY 65534

/* One with that -uuid, which is there once this returns, and until it is killed. */
static pid_t start(uid_t uid)
{
	int ready[2], forever[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(forever, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		/* Nothing ever comes, and no end: it has both ends. */
		if (dup2(forever[0], STDIN_FILENO) < 0 || fcntl(forever[1], F_SETFD, 0) < 0 ||
		    setuid(uid) < 0)
			_exit(1);
		execl("/bin/sh", "sh", "-c", "read x", "sh", "-uuid", UUID, NULL);
		_exit(1);
	}
	close(ready[1]);
	close(forever[0]);
	close(forever[1]);
	assert_int_equal(read(ready[0], &c, 1), 0);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void it_has_the_uuid(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(process_find(UUID), 0);
	pid = start(getuid());
	assert_int_equal(process_find(UUID), pid);
	end(pid);
	assert_int_equal(process_find(UUID), 0);
}

/* Whoever gives his own process this uuid would have us look into it. */
static void it_is_ours(void **state)
{
	pid_t ours, other;

	(void)state;
	if (getuid())
		skip();
	other = start(NOBODY);
	assert_int_equal(process_find(UUID), 0);
	ours = start(0);
	assert_int_equal(process_find(UUID), ours);
	end(ours);
	end(other);
}

/* As nobody's child would be asked: before and after it is reaped. */
static void its_end_is_told(void **state)
{
	static const int signals[] = { SIGTERM, SIGKILL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct child_exit how = { .status = 99 };
		pid_t pid = start(getuid());
		int pidfd = process_open(pid, UUID);
		siginfo_t info;

		assert_true(pidfd >= 0);
		assert_false(process_ended(pidfd, pid, &how));
		kill(pid, signals[i]);
		assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
		assert_true(process_ended(pidfd, pid, &how));
		assert_int_equal(how.status, -1);
		assert_int_equal(how.signal, signals[i]);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		/* Only newer kernels know it then; none tells it wrong. */
		how = (struct child_exit){ .status = 99 };
		if (process_ended(pidfd, pid, &how))
			assert_int_equal(how.signal, signals[i]);
		else
			assert_int_equal(how.status, 99);
		close(pidfd);
	}
}

/* Its number may be another's by the time. */
static void another_one_is_not_taken_for_it(void **state)
{
	pid_t pid = start(getuid());

	(void)state;
	assert_int_equal(process_open(pid, "018f0000-0000-7000-8000-00000000ffff"), -1);
	assert_int_equal(process_open(0, UUID), -1);
	end(pid);
	assert_int_equal(process_open(pid, UUID), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_the_uuid),
		cmocka_unit_test(it_is_ours),
		cmocka_unit_test(its_end_is_told),
		cmocka_unit_test(another_one_is_not_taken_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

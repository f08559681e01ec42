// SPDX-License-Identifier: GPL-2.0-or-later
/* Child processes: what they are given, how they end, what is kept of their output. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/clock.h"

/* A child and what its `exited` saw. */
struct nursery {
	struct ev_loop *loop;
	struct child *child;
	int exits;
	struct child_exit how;
	char *output; /* when it exited */
	size_t output_size;
	bool free_at_exit;
};

static void exited(void *ctx, const struct child_exit *how)
{
	struct nursery *nursery = ctx;

	nursery->exits++;
	nursery->how = *how;
	free(nursery->output);
	nursery->output = child_output(nursery->child, &nursery->output_size);
	if (nursery->free_at_exit)
		child_free(mem_steal(nursery->child));
}

static int open_nursery(void **state)
{
	struct nursery *nursery = mem_new(struct nursery);

	nursery->loop = ev_loop_new(EVFLAG_AUTO);
	*state = nursery;
	return 0;
}

static int close_nursery(void **state)
{
	struct nursery *nursery = *state;

	child_free(nursery->child);
	ev_loop_destroy(nursery->loop);
	free(nursery->output);
	free(nursery);
	/* Neither a child nor a zombie is left. */
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static void spawn(struct nursery *nursery, struct child_spec spec)
{
	struct err err = { 0 };

	spec.exited = exited;
	spec.ctx = nursery;
	if (child_spawn(nursery->loop, &spec, &nursery->child, &err) < 0)
		fail_msg("%s", err.text);
}

static void spawn_shell(struct nursery *nursery, const char *script)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	spawn(nursery, (struct child_spec){ .argv = argv });
}

/* Runs a script to its end. */
static void run_shell(struct nursery *nursery, const char *script)
{
	spawn_shell(nursery, script);
	LOOP_UNTIL(nursery->loop, nursery->exits);
}

static void exited_with(const struct nursery *nursery, int status, const char *output)
{
	assert_int_equal(nursery->exits, 1);
	assert_string_equal(nursery->output, output);
	assert_int_equal(nursery->how.signal, 0);
	assert_int_equal(nursery->how.status, status);
	assert_false(nursery->how.core_dumped);
}

static void its_status_and_the_output_of_both_streams_are_told(void **state)
{
	struct nursery *nursery = *state;

	spawn_shell(nursery, "echo one; echo two >&2; echo three; exit 255");
	assert_null(child_exited(nursery->child));
	LOOP_UNTIL(nursery->loop, nursery->exits);
	exited_with(nursery, 255, "one\ntwo\nthree\n");
	assert_int_equal(nursery->output_size, 14);
	/* The child stays valid until it is freed. */
	assert_int_equal(child_exited(nursery->child)->status, 255);
}

static void a_signal_that_ended_it_is_told(void **state)
{
	struct nursery *nursery = *state;

	run_shell(nursery, "kill -USR1 $$");
	assert_int_equal(nursery->how.signal, SIGUSR1);
	assert_int_equal(nursery->how.status, -1);
	assert_false(nursery->how.core_dumped);
}

static void a_program_that_cannot_be_run_fails_with_the_errno_of_execve(void **state)
{
	char *folder = helper_scratch();
	auto_free char *plain = mem_printf("%s/plain", folder);
	auto_free char *junk = mem_printf("%s/junk", folder);
	auto_free char *missing = mem_printf("%s/missing", folder);
	const struct {
		const char *path, *cwd;
		int code;
	} cases[] = {
		{ missing, NULL, -ENOENT },	 { plain, NULL, -EACCES },
		{ folder, NULL, -EACCES },	 { junk, NULL, -ENOEXEC },
		{ "/bin/sh", missing, -ENOENT },
	};
	struct nursery *nursery = *state;

	close(open(plain, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	close(open(junk, O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const argv[] = { cases[i].path, NULL };
		struct child_spec spec = { .argv = argv, .cwd = cases[i].cwd, .exited = exited };
		struct child *child = (void *)0x1;
		struct err err = { 0 };

		assert_int_equal(child_spawn(nursery->loop, &spec, &child, &err), cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_non_null(strstr(err.text, cases[i].path));
		assert_ptr_equal(child, (void *)0x1);
	}
	/* Nothing is left on the loop, and (see close_nursery) no zombie. */
	ev_run(nursery->loop, 0);
	helper_scratch_finish(folder);
}

static void its_stdin_is_empty_whatever_ours_is(void **state)
{
	int ours = dup(STDIN_FILENO), ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "ours\n", 5), 5);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	run_shell(*state, "cat; readlink /proc/self/fd/0");
	if (ours >= 0)
		dup2(ours, STDIN_FILENO);
	close(ours);
	exited_with(*state, 0, "/dev/null\n");
}

static void it_is_a_session_of_its_own(void **state)
{
	struct nursery *nursery = *state;
	pid_t pid;

	spawn_shell(nursery, "exec sleep 1000");
	pid = child_pid(nursery->child);
	assert_int_equal(getsid(pid), pid);
	assert_int_equal(getpgid(pid), pid);
}

static void it_works_in_its_folder(void **state)
{
	const char *const argv[] = { "/bin/pwd", NULL };
	struct nursery *nursery = *state;

	spawn(nursery, (struct child_spec){ .argv = argv, .cwd = "/proc" });
	LOOP_UNTIL(nursery->loop, nursery->exits);
	exited_with(nursery, 0, "/proc\n");
}

static void it_inherits_the_descriptors_it_shall_keep_and_no_others(void **state)
{
	int ends[2], keep[1];
	auto_free char *script = NULL;
	const char *argv[] = { "/bin/sh", "-c", NULL, NULL };
	struct nursery *nursery = *state;
	char word[8] = "";

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	keep[0] = ends[1];
	script = mem_printf("echo hi > /proc/self/fd/%d; test -e /proc/self/fd/%d", ends[1],
			    ends[0]);
	argv[2] = script;
	spawn(nursery, (struct child_spec){ .argv = argv, .keep_fds = keep, .keep_fd_count = 1 });
	LOOP_UNTIL(nursery->loop, nursery->exits);
	exited_with(nursery, 1, "");
	assert_int_equal(read(ends[0], word, sizeof(word) - 1), 3);
	assert_string_equal(word, "hi\n");
	/* With us it stays closed on exec. */
	assert_int_equal(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
	close(ends[0]);
	close(ends[1]);
}

static void our_blocked_and_ignored_signals_are_not_its_own(void **state)
{
	sigset_t term, before;
	struct nursery *nursery = *state;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	signal(SIGPIPE, SIG_IGN);
	spawn_shell(nursery, "exec sleep 1000");
	child_kill(nursery->child, SIGTERM);
	LOOP_UNTIL(nursery->loop, nursery->exits);
	assert_int_equal(nursery->how.signal, SIGTERM);
	child_free(nursery->child);

	run_shell(nursery, "kill -PIPE $$; echo alive");
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	LOOP_UNTIL(nursery->loop, nursery->exits == 2);
	assert_int_equal(nursery->how.signal, SIGPIPE);
}

/* Its last words may fill the pipe. */
static void all_output_is_there_when_the_exit_is_told(void **state)
{
	const char *const argv[] = { "/usr/bin/head", "-c", "65536", "/dev/zero", NULL };
	struct nursery *nursery = *state;
	int pidfd;

	spawn(nursery, (struct child_spec){ .argv = argv, .output_max = 1 << 20 });
	/* It ends before the loop looks for the first time. */
	pidfd = pidfd_open(child_pid(nursery->child), 0);
	assert_int_equal(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1,
			      HELPER_LIMIT_NS / CLOCK_NS_PER_MS),
			 1);
	close(pidfd);
	assert_null(child_exited(nursery->child));
	LOOP_UNTIL(nursery->loop, nursery->exits);
	assert_int_equal(nursery->output_size, 65536);
}

static void long_output_keeps_its_beginning_and_its_end(void **state)
{
	static const size_t sizes[] = { 0, 1, 49, 50, 51, 99, 100, 101, 149, 150, 151, 1013 };
	struct nursery *nursery = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i];
		auto_free char *said = helper_fill(' ', size), *expected = NULL;
		const char *const argv[] = { "/usr/bin/printf", "%s", said, NULL };

		for (size_t at = 0; at < size; at++)
			said[at] = (char)('!' + at % 89);
		expected = size <= 100 ? mem_strdup(said)
				       : mem_printf("%.50s\n[... %zu bytes left out ...]\n%s", said,
						    size - 100, said + size - 50);
		nursery->exits = 0;
		spawn(nursery, (struct child_spec){ .argv = argv, .output_max = 100 });
		LOOP_UNTIL(nursery->loop, nursery->exits);
		exited_with(nursery, 0, expected);
		assert_int_equal(nursery->output_size, strlen(expected));
		child_free(mem_steal(nursery->child));
	}
}

static void by_default_so_much_output_is_kept(void **state)
{
	static const char cut[] = "\n[... 12 bytes left out ...]\n";
	struct nursery *nursery = *state;
	const size_t half = CHILD_OUTPUT_MAX / 2;

	run_shell(nursery, "head -c 65530 /dev/zero; echo abcdefghijk; head -c 6 /dev/zero");
	assert_int_equal(nursery->output_size, 2 * half + strlen(cut));
	assert_memory_equal(nursery->output + half, cut, strlen(cut));
	assert_memory_equal(nursery->output + nursery->output_size - 18,
			    "abcdefghijk\n\0\0\0\0\0\0", 18);
}

static void a_child_that_never_stops_writing_does_not_hold_the_loop(void **state)
{
	const char *const argv[] = { "/usr/bin/yes", NULL };
	struct nursery *nursery = *state;
	struct deadline other;
	size_t size = 0;

	spawn(nursery, (struct child_spec){ .argv = argv });
	while (size <= CHILD_OUTPUT_MAX) {
		ev_run(nursery->loop, EVRUN_ONCE);
		free(child_output(nursery->child, &size));
	}
	for (int i = 0; i < 100; i++) {
		bool turn = false;

		deadline_init(&other, helper_late, &turn);
		deadline_start(nursery->loop, &other, 0);
		LOOP_UNTIL(nursery->loop, turn);
	}
	child_kill(nursery->child, SIGKILL);
	LOOP_UNTIL(nursery->loop, nursery->exits);
	assert_int_equal(nursery->how.signal, SIGKILL);
	assert_memory_equal(nursery->output, "y\ny\n", 4);
}

static void a_grandchild_that_keeps_the_output_open_does_not_hold_the_exit_back(void **state)
{
	struct nursery *nursery = *state;
	int grandchild, left;

	run_shell(nursery, "sleep 1000 & echo $!");
	grandchild = atoi(nursery->output);
	left = ev_run(nursery->loop, EVRUN_NOWAIT);
	assert_true(grandchild > 1);
	kill(grandchild, SIGKILL);
	assert_int_equal(nursery->how.status, 0);
	/* And nothing was left to wait for. */
	assert_int_equal(left, 0);
}

static void a_signal_after_its_end_goes_nowhere(void **state)
{
	struct nursery *nursery = *state;

	run_shell(nursery, "exit 3");
	child_kill(nursery->child, SIGKILL);
	child_kill(nursery->child, SIGTERM);
	assert_int_equal(child_exited(nursery->child)->status, 3);
	assert_int_equal(nursery->exits, 1);
}

static void freed_alive_it_is_killed_and_its_exit_is_not_told(void **state)
{
	struct nursery *nursery = *state;
	int pidfd;

	spawn_shell(nursery, "trap '' TERM INT; exec sleep 1000");
	pidfd = pidfd_open(child_pid(nursery->child), 0);
	child_free(mem_steal(nursery->child));
	assert_int_equal(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 0), 1);
	close(pidfd);
	ev_run(nursery->loop, 0);
	assert_int_equal(nursery->exits, 0);
	child_free(NULL);
}

static bool has_said(const struct nursery *nursery, const char *words)
{
	auto_free char *output = child_output(nursery->child, NULL);

	return strstr(output, words);
}

/* A shell with a child of its own; both keep the other end of a pipe open. */
static int spawn_family(struct nursery *nursery, const char *then)
{
	auto_free char *script = mem_printf("sleep 1000 & echo started; %s", then);
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	int alive[2];

	assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
	spawn(nursery,
	      (struct child_spec){ .argv = argv, .keep_fds = &alive[1], .keep_fd_count = 1 });
	close(alive[1]);
	return alive[0];
}

static void has_ended(int alive)
{
	struct pollfd end = { .fd = alive };

	assert_int_equal(poll(&end, 1, HELPER_LIMIT_NS / 1000000), 1);
	assert_true(end.revents & POLLHUP);
	close(alive);
}

static void what_it_started_goes_with_it(void **state)
{
	struct nursery *nursery = *state;
	int alive = spawn_family(nursery, "exit 0");

	LOOP_UNTIL(nursery->loop, nursery->exits);
	has_ended(alive);
	child_free(mem_steal(nursery->child));
	alive = spawn_family(nursery, "wait");
	LOOP_UNTIL(nursery->loop, has_said(nursery, "started"));
	assert_int_equal(poll(&(struct pollfd){ .fd = alive }, 1, 0), 0);
	child_kill(nursery->child, SIGKILL);
	has_ended(alive);
}

static void it_may_be_freed_when_its_exit_is_told(void **state)
{
	struct nursery *nursery = *state;

	nursery->free_at_exit = true;
	run_shell(nursery, "echo gone");
	exited_with(nursery, 0, "gone\n");
	assert_null(nursery->child);
}

/* A parent that tells the child's pid and then waits for its own SIGKILL. */
__attribute__((noreturn)) static void be_the_parent(int tell_fd, int alive_fd)
{
	const char *const argv[] = { "/bin/sh", "-c", "trap '' TERM HUP; exec sleep 1000", NULL };
	struct child_spec spec = { .argv = argv, .keep_fds = &alive_fd, .keep_fd_count = 1 };
	struct child *child;
	struct err err = { 0 };
	pid_t pid = -1;

	if (child_spawn(ev_loop_new(EVFLAG_AUTO), &spec, &child, &err) == 0)
		pid = child_pid(child);
	close(alive_fd);
	if (write(tell_fd, &pid, sizeof(pid)) < 0)
		_exit(1);
	for (;;)
		pause();
}

static void it_does_not_outlive_a_parent_that_is_killed(void **state)
{
	int tell[2], alive[2], ready;
	pid_t parent, grandchild = -1;
	struct pollfd end;

	(void)state;
	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
	parent = fork();
	if (parent == 0)
		be_the_parent(tell[1], alive[1]);
	close(tell[1]);
	close(alive[1]);
	assert_int_equal(read(tell[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	assert_true(grandchild > 1);

	/* Only the grandchild holds this pipe: its end is the grandchild's end. */
	end = (struct pollfd){ .fd = alive[0] };
	assert_int_equal(poll(&end, 1, 0), 0);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	ready = poll(&end, 1, 10000);
	if (ready != 1)
		kill(grandchild, SIGKILL);
	assert_int_equal(ready, 1);
	assert_true(end.revents & POLLHUP);
	close(tell[0]);
	close(alive[0]);
}

static int run_script(const char *script, int64_t limit_ns, char **ret_output, struct err *err)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	return child_run(&(struct child_spec){ .argv = argv, .cwd = "/proc" }, limit_ns, ret_output,
			 err);
}

static void a_program_run_to_its_end_gives_its_output(void **state)
{
	auto_free char *output = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(run_script("pwd; echo two >&2", HELPER_LIMIT_NS, &output, &err), 0);
	assert_string_equal(output, "/proc\ntwo\n");
	assert_int_equal(err.code, 0);
	assert_int_equal(run_script("echo unwanted", HELPER_LIMIT_NS, NULL, &err), 0);
}

static void a_childs_environment_is_ours_with_what_is_set_over_it(void **state)
{
	static const char *const argv[] = {
		"/bin/sh", "-c",
		"echo \"$HOME,$QSOAK_KEPT,$QSOAK_SET,$QSOAK_NEW,${QSOAK_EMPTY-none}\"", NULL
	};
	static const char *const set[] = { "QSOAK_SET=over", "QSOAK_NEW=a=b c",
					   "QSOAK_EMPTY=", NULL };
	auto_free char *output = NULL, *inherited = NULL;
	struct err err = { 0 };

	(void)state;
	setenv("HOME", "/h", 1);
	setenv("QSOAK_KEPT", "kept", 1);
	setenv("QSOAK_SET", "ours", 1);
	unsetenv("QSOAK_NEW");
	unsetenv("QSOAK_EMPTY");
	assert_int_equal(child_run(&(struct child_spec){ .argv = argv, .env = set },
				   HELPER_LIMIT_NS, &output, &err),
			 0);
	assert_string_equal(output, "/h,kept,over,a=b c,\n");
	assert_int_equal(
		child_run(&(struct child_spec){ .argv = argv }, HELPER_LIMIT_NS, &inherited, &err),
		0);
	assert_string_equal(inherited, "/h,kept,ours,,none\n");
	assert_string_equal(getenv("QSOAK_SET"), "ours");
}

static void a_program_that_fails_is_an_error_that_quotes_its_first_line(void **state)
{
	static const char *const nowhere[] = { "/nowhere/qemu", NULL };
	char *output = (void *)0x1;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(run_script("echo bad; echo news; exit 3", HELPER_LIMIT_NS, &output, &err),
			 -EIO);
	assert_string_equal(err.text, "/bin/sh exited with status 3: bad");
	assert_int_equal(run_script("echo ouch; kill -9 $$", HELPER_LIMIT_NS, &output, &err), -EIO);
	assert_string_equal(err.text, "/bin/sh was ended by signal 9: ouch");
	assert_int_equal(
		child_run(&(struct child_spec){ .argv = nowhere }, HELPER_LIMIT_NS, &output, &err),
		-ENOENT);
	assert_ptr_equal(output, (void *)0x1);
}

static void a_program_that_does_not_end_is_killed_at_its_limit(void **state)
{
	char *output = (void *)0x1;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(
		run_script("trap '' TERM; exec sleep 1000", 5 * CLOCK_NS_PER_MS, &output, &err),
		-ETIMEDOUT);
	assert_string_equal(err.text, "/bin/sh did not end within 5 ms");
	assert_ptr_equal(output, (void *)0x1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_nursery, close_nursery)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_status_and_the_output_of_both_streams_are_told),
		TEST(a_signal_that_ended_it_is_told),
		TEST(a_program_that_cannot_be_run_fails_with_the_errno_of_execve),
		TEST(its_stdin_is_empty_whatever_ours_is),
		TEST(it_is_a_session_of_its_own),
		TEST(it_works_in_its_folder),
		TEST(it_inherits_the_descriptors_it_shall_keep_and_no_others),
		TEST(our_blocked_and_ignored_signals_are_not_its_own),
		TEST(all_output_is_there_when_the_exit_is_told),
		TEST(long_output_keeps_its_beginning_and_its_end),
		TEST(by_default_so_much_output_is_kept),
		TEST(a_child_that_never_stops_writing_does_not_hold_the_loop),
		TEST(a_grandchild_that_keeps_the_output_open_does_not_hold_the_exit_back),
		TEST(a_signal_after_its_end_goes_nowhere),
		TEST(freed_alive_it_is_killed_and_its_exit_is_not_told),
		TEST(what_it_started_goes_with_it),
		TEST(it_may_be_freed_when_its_exit_is_told),
		cmocka_unit_test(it_does_not_outlive_a_parent_that_is_killed),
		cmocka_unit_test(a_childs_environment_is_ours_with_what_is_set_over_it),
		cmocka_unit_test(a_program_run_to_its_end_gives_its_output),
		cmocka_unit_test(a_program_that_fails_is_an_error_that_quotes_its_first_line),
		cmocka_unit_test(a_program_that_does_not_end_is_killed_at_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

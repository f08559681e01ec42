// SPDX-License-Identifier: GPL-2.0-or-later
/* gdb as a second source: when it is asked, what it is asked, and what becomes of its answer. */
#include "tests/unit/helper.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "stack/gdb.h"
#include "stack/unwind.h"

struct scene {
	struct stack_process process;
	char *folder, *script;
};

static void write_file(const char *path, const char *text, mode_t mode)
{
	auto_fclose FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fchmod(fileno(f), mode);
}

/* PATH has nothing but a gdb that is this shell script, which gets its own folder as $HERE. */
static void write_gdb(const struct scene *scene, const char *text)
{
	auto_free char *path = mem_printf("%s/gdb", scene->folder);
	auto_free char *program = mem_printf("#!/bin/sh\nHERE=%s\n%s", scene->folder, text);

	write_file(path, program, 0700);
}

/* A process of one thread, in that function. */
static void setup(struct scene *scene, const char *function)
{
	struct proc_thread *thread = mem_new(struct proc_thread);

	*thread = (struct proc_thread){ .tid = getpid(), .name = "qemu", .state = 'S' };
	*scene = (struct scene){ .process.pid = getpid(), .folder = helper_scratch() };
	scene->script = mem_printf("%s/a script.py", scene->folder);
	write_file(scene->script, "", 0600);
	stack_process_set_threads(&scene->process, thread, 1);
	stack_thread_add(scene->process.threads)->function = mem_strdup(function);
	setenv("PATH", scene->folder, 1);
}

static void finish(struct scene *scene)
{
	stack_process_clear(&scene->process);
	free(scene->script);
	helper_scratch_finish(scene->folder);
}

static void refused(struct scene *scene, int code, const char *text)
{
	struct err err = { 0 };
	char *answer = NULL;

	assert_int_equal(
		gdb_tell_coroutines(&scene->process, scene->script, HELPER_LIMIT_NS, &answer, &err),
		code);
	if (!strstr(err.text, text))
		fail_msg("found \"%s\", expected \"%s\"", err.text, text);
	assert_null(answer);
}

static void it_is_not_asked_where_it_can_tell_nothing(void **state)
{
	struct scene scene;

	(void)state;
	setup(&scene, "ppoll");
	write_gdb(&scene, "exit 0\n");
	refused(&scene, -EINVAL, "has no debug symbols");
	finish(&scene);

	setup(&scene, "qemu_thread_start");
	write_gdb(&scene, "exit 0\n");
	refused(&scene, -ENOENT, "no thread is in a coroutine");
	finish(&scene);

	setup(&scene, "coroutine_trampoline");
	refused(&scene, -ENOENT, "there is no gdb in PATH");
	write_gdb(&scene, "exit 0\n");
	scene.process.threads[0].proc.state = 'D';
	refused(&scene, -EBUSY, "cannot run: it is in D state");
	scene.process.threads[0].proc.state = 'S';
	unlink(scene.script);
	refused(&scene, -ENOENT, "qemu-gdb.py is not at ");
	finish(&scene);
}

static void it_is_asked_of_the_thread_and_its_answer_is_printable(void **state)
{
	struct scene scene;
	struct err err = { 0 };
	auto_free char *answer = NULL, *asked = NULL, *args = NULL, *expected = NULL;
	size_t size;

	(void)state;
	setup(&scene, "coroutine_trampoline");
	write_gdb(&scene, "for arg; do echo \"$arg\"; done >\"$HERE/args\"\n"
			  "printf 'a\\033b\\tc\\n'\n");
	if (gdb_tell_coroutines(&scene.process, scene.script, HELPER_LIMIT_NS, &answer, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(answer, "a?b\tc\n");
	asked = mem_printf("%s/args", scene.folder);
	assert_int_equal(file_read(asked, "text", 4096, &args, &size, &err), 0);
	expected = mem_printf("-nx\n-batch\n-iex\nset auto-load no\n-p\n%d\n"
			      "-ex\nset scheduler-locking on\n-ex\nsource %s\n",
			      getpid(), scene.script);
	assert_ptr_equal(strstr(args, expected), args);
	assert_non_null(strstr(args, "-ex\nqemu bt\n"));
	finish(&scene);
}

static void one_that_fails_or_does_not_end_is_an_error(void **state)
{
	struct scene scene;
	struct err err = { 0 };
	auto_free char *pipe = NULL;
	char *answer = NULL;

	(void)state;
	setup(&scene, "coroutine_trampoline");
	pipe = mem_printf("%s/pipe", scene.folder);
	write_gdb(&scene, "echo cannot attach; exit 1\n");
	refused(&scene, -EIO, "exited with status 1: cannot attach");
	write_gdb(&scene, "read line <\"$HERE/pipe\"\n");
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(gdb_tell_coroutines(&scene.process, scene.script, 50 * CLOCK_NS_PER_MS,
					     &answer, &err),
			 -ETIMEDOUT);
	assert_null(answer);
	finish(&scene);
}

/* The function that QEMU's coroutines begin in. */
int coroutine_trampoline(int fd, char *byte);

__attribute__((noinline)) int coroutine_trampoline(int fd, char *byte)
{
	return (int)read(fd, byte, 1) + 1;
}

/* With a script that has QEMU's commands, which say where they are. */
static void the_real_one_answers_of_a_real_process(void **state)
{
	struct scene scene;
	struct stack_process process = { 0 };
	struct stack_budget no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	struct err err = { 0 };
	auto_free char *answer = NULL;
	int fds[2];
	char byte;
	pid_t pid;

	if (access("/usr/bin/gdb", X_OK) != 0) {
		print_message("there is no gdb here\n");
		skip();
	}
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		_exit(coroutine_trampoline(fds[0], &byte));
	}
	(void)state;
	setup(&scene, "-");
	write_file(scene.script,
		   "import gdb\n"
		   "class Qemu(gdb.Command):\n"
		   "    def __init__(self):\n"
		   "        super().__init__('qemu', gdb.COMMAND_DATA)\n"
		   "    def invoke(self, arg, from_tty):\n"
		   "        print('asked:', arg, 'of', gdb.selected_thread().ptid[1])\n"
		   "        gdb.execute('bt')\n"
		   "Qemu()\n",
		   0600);
	setenv("PATH", "/usr/bin", 1);
	do {
		stack_process_clear(&process);
		assert_int_equal(unwind_process(pid, &no_hurry, &process, &err), 0);
	} while (!stack_thread_in(&process.threads[0], "coroutine_trampoline") &&
		 stack_budget_left_ns(&no_hurry) > 0);
	if (gdb_tell_coroutines(&process, scene.script, HELPER_LIMIT_NS, &answer, &err) != 0)
		fail_msg("%s", err.text);
	assert_non_null(strstr(answer, "asked: bt of "));
	assert_non_null(strstr(answer, " in coroutine_trampoline ("));
	stack_process_clear(&process);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	finish(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_not_asked_where_it_can_tell_nothing),
		cmocka_unit_test(it_is_asked_of_the_thread_and_its_answer_is_printable),
		cmocka_unit_test(one_that_fails_or_does_not_end_is_an_error),
		cmocka_unit_test(the_real_one_answers_of_a_real_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

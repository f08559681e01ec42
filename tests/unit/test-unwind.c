// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks of real processes: whose threads have locked each other out, sleep in D state, do not end. */
#include "tests/unit/helper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/clock.h"
#include "stack/print.h"
#include "stack/trace.h"
#include "stack/unwind.h"
#include "stack/waits.h"

static pthread_mutex_t locks[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static pthread_barrier_t both_locked;

static void *lock_crosswise(void *arg)
{
	const int first = *(const int *)arg;

	prctl(PR_SET_NAME, first ? "second" : "first");
	pthread_mutex_lock(&locks[first]);
	pthread_barrier_wait(&both_locked);
	pthread_mutex_lock(&locks[1 - first]);
	return NULL;
}

/* A child whose main thread joins two threads that have locked each other out. */
static pid_t start_deadlock(void)
{
	static const int order[] = { 0, 1 };
	pthread_t threads[2];
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_barrier_init(&both_locked, NULL, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, lock_crosswise, (void *)&order[i]);
	pthread_join(threads[0], NULL);
	_exit(0);
}

/* Until all of its three threads wait in futex(2). */
static void await_deadlock(pid_t pid)
{
	int64_t end = clock_now_ns() + HELPER_LIMIT_NS;
	size_t waiting = 0;

	while (waiting < 3 && clock_now_ns() < end) {
		auto_free struct proc_thread *threads = NULL;
		size_t count = proc_threads(pid, &threads);

		waiting = 0;
		for (size_t i = 0; i < count; i++)
			waiting += proc_thread_in_futex(&threads[i]);
		poll(NULL, 0, 5);
	}
	assert_int_equal(waiting, 3);
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void threads_that_have_locked_each_other_out_are_found_in_a_real_process(void **state)
{
	pid_t pid = start_deadlock();
	struct stack_process process = { 0 };
	struct err err = { 0 };
	struct stack_budget no_hurry;
	auto_free char *text = NULL;
	size_t size;
	FILE *f;

	(void)state;
	no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	await_deadlock(pid);
	assert_int_equal(unwind_process(pid, &no_hurry, &process, &err), 0);
	waits_find(&process, waits_read_owner, &process);
	assert_int_equal(process.thread_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_null(process.threads[i].missing);
	assert_non_null(stack_thread_in(&process.threads[1], "lock_crosswise"));
	assert_non_null(process.circle);
	assert_non_null(strstr(process.circle, ", which the second thread holds; the second thread "
					       "waits for the mutex at 0x"));
	assert_string_equal(process.threads[0].waits[0].text,
			    "waits in pthread_join for the end of the first thread");
	f = open_memstream(&text, &size);
	stack_print(&process, f);
	fclose(f);
	assert_non_null(strstr(text, "\n" STACK_CIRCLE "the first thread waits for"));
	assert_non_null(strstr(text, " lock_crosswise+0x"));
	stack_process_clear(&process);
	/* It was let go. */
	end_child(pid);
}

static void a_process_that_is_stopped_can_be_read(void **state)
{
	pid_t pid = start_deadlock();
	struct stack_process process = { 0 };
	struct err err = { 0 };
	struct stack_budget no_hurry;

	(void)state;
	no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	await_deadlock(pid);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	assert_int_equal(unwind_process(pid, &no_hurry, &process, &err), 0);
	for (size_t i = 0; i < process.thread_count; i++)
		assert_true(process.threads[i].frame_count > 2);
	stack_process_clear(&process);
	end_child(pid);
}

static void a_process_that_has_gone_is_an_error(void **state)
{
	pid_t pid = start_deadlock();
	struct stack_process process = { 0 };
	struct err err = { 0 };
	struct stack_budget no_hurry;

	(void)state;
	no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	end_child(pid);
	assert_int_equal(unwind_process(pid, &no_hurry, &process, &err), -ESRCH);
	assert_int_equal(process.thread_count, 0);
	stack_process_clear(&process);
}

/* Of another user: what everybody may know is told. */
static void a_process_that_may_not_be_read_is_told_by_proc_alone(void **state)
{
	struct stack_process process = { 0 };
	struct err err = { 0 };
	struct stack_budget no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	pid_t pid, reader;
	int status;

	(void)state;
	if (geteuid() != 0) {
		print_message("only root can become somebody else\n");
		skip();
	}
	pid = start_deadlock();
	await_deadlock(pid);
	reader = fork();
	if (reader == 0) {
		bool told = setresuid(65534, 65534, 65534) == 0 &&
			    unwind_process(pid, &no_hurry, &process, &err) == -EACCES &&
			    strstr(err.text, ": Permission denied") && process.thread_count == 3 &&
			    process.threads[2].proc.state == 'S' &&
			    !strcmp(process.threads[2].missing, err.text);

		_exit(told ? 0 : 1);
	}
	waitpid(reader, &status, 0);
	assert_int_equal(status, 0);
	end_child(pid);
}

/* A child with a second thread in D state: vfork() sleeps so until its child has ended. end_fd: closing it
 * ends that one. */
static void *sleep_in_d_state(void *arg)
{
	int read_fd = *(const int *)arg;
	char byte;

	prctl(PR_SET_NAME, "sleeper");
	if (vfork() == 0)
		_exit((int)syscall(SYS_read, read_fd, &byte, 1));
	prctl(PR_SET_NAME, "awake");
	pause();
	return NULL;
}

static pid_t start_sleeper(int *ret_end_fd)
{
	static int fds[2];
	pthread_t thread;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid) {
		close(fds[0]);
		*ret_end_fd = fds[1];
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(fds[1]);
	pthread_create(&thread, NULL, sleep_in_d_state, &fds[0]);
	pthread_join(thread, NULL);
	_exit(0);
}

/* The thread of that name, once it is in that state. */
static pid_t await_thread(pid_t pid, const char *name, char state)
{
	int64_t end = clock_now_ns() + HELPER_LIMIT_NS;

	while (clock_now_ns() < end) {
		auto_free struct proc_thread *threads = NULL;
		size_t count = proc_threads(pid, &threads);

		for (size_t i = 0; i < count; i++)
			if (!strcmp(threads[i].name, name) && threads[i].state == state)
				return threads[i].tid;
		poll(NULL, 0, 5);
	}
	fail_msg("%s did not come into state %c", name, state);
	return 0;
}

static void a_thread_in_d_state_costs_the_others_nothing(void **state)
{
	struct stack_process process = { 0 };
	struct err err = { 0 };
	struct stack_budget no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	int end_fd;
	pid_t pid = start_sleeper(&end_fd);
	pid_t tid = await_thread(pid, "sleeper", 'D');
	const struct stack_thread *sleeper;

	(void)state;
	assert_int_equal(unwind_process(pid, &no_hurry, &process, &err), 0);
	sleeper = stack_process_find(&process, tid);
	assert_string_equal(sleeper->missing, "it is in D state");
	assert_int_equal(sleeper->frame_count, 0);
	assert_null(process.threads[0].missing);
	assert_true(process.threads[0].frame_count > 2);
	stack_process_clear(&process);
	/* When it wakes up, the process goes on. */
	close(end_fd);
	await_thread(pid, "awake", 'S');
	end_child(pid);
}

/* As one that falls asleep right after it was looked at. */
static void a_thread_that_does_not_stop_is_waited_for_a_while_and_later(void **state)
{
	struct err err = { 0 };
	struct trace trace;
	int end_fd;
	pid_t pid = start_sleeper(&end_fd);
	pid_t tid = await_thread(pid, "sleeper", 'D');

	(void)state;
	assert_int_equal(trace_seize(tid, &trace, &err), 0);
	assert_int_equal(trace_await(&trace, 20 * CLOCK_NS_PER_MS, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "it did not leave the kernel within 20 ms");
	assert_int_equal(trace_await(&trace, 0, &err), -ETIMEDOUT);
	close(end_fd);
	assert_int_equal(trace_await(&trace, HELPER_LIMIT_NS, &err), 0);
	trace_release(&trace);
	await_thread(pid, "awake", 'S');
	end_child(pid);
}

/* No signal that stops the process when the thread wakes up. */
static void who_gives_up_on_a_thread_leaves_nothing_behind(void **state)
{
	struct err err = { 0 };
	struct trace trace;
	int end_fd, status;
	pid_t pid = start_sleeper(&end_fd);
	pid_t tid = await_thread(pid, "sleeper", 'D');
	pid_t tracer = fork();

	(void)state;
	if (tracer == 0)
		_exit(trace_seize(tid, &trace, &err) != 0 ||
		      trace_await(&trace, CLOCK_NS_PER_MS, &err) != -ETIMEDOUT);
	waitpid(tracer, &status, 0);
	assert_int_equal(status, 0);
	close(end_fd);
	await_thread(pid, "awake", 'S');
	end_child(pid);
}

static void a_thread_that_goes_while_its_stop_is_awaited_is_told(void **state)
{
	struct err err = { 0 };
	struct trace trace;
	int end_fd;
	pid_t pid = start_sleeper(&end_fd);
	pid_t tid = await_thread(pid, "sleeper", 'D');

	(void)state;
	assert_int_equal(trace_seize(tid, &trace, &err), 0);
	kill(pid, SIGKILL);
	assert_int_equal(trace_await(&trace, HELPER_LIMIT_NS, &err), -ESRCH);
	waitpid(pid, NULL, 0);
	assert_int_equal(trace_seize(tid, &trace, &err), -ESRCH);
	close(end_fd);
}

/* A signal that the thread was about to get when it was stopped still comes. */
static void no_signal_is_lost_to_the_stop(void **state)
{
	struct err err = { 0 };
	struct trace trace;
	int end_fd, status;
	pid_t pid = start_sleeper(&end_fd);
	pid_t tid = await_thread(pid, "sleeper", 'D');

	(void)state;
	assert_int_equal(trace_seize(tid, &trace, &err), 0);
	syscall(SYS_tgkill, pid, tid, SIGUSR1);
	close(end_fd);
	assert_int_equal(trace_await(&trace, HELPER_LIMIT_NS, &err), 0);
	trace_release(&trace);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGUSR1);
}

static void nothing_is_read(struct stack_budget *budget)
{
	struct stack_process process = { 0 };
	struct err err = { 0 };
	pid_t pid = start_deadlock();
	auto_free char *text = NULL;
	size_t size;
	FILE *f;

	await_deadlock(pid);
	assert_int_equal(unwind_process(pid, budget, &process, &err), 0);
	assert_int_equal(process.thread_count, 3);
	for (size_t i = 0; i < process.thread_count; i++) {
		assert_string_equal(process.threads[i].missing, STACK_NO_TIME);
		assert_int_equal(process.threads[i].frame_count, 0);
		/* What /proc says is there. */
		assert_int_equal(process.threads[i].proc.syscall, SYS_futex);
	}
	f = open_memstream(&text, &size);
	stack_print(&process, f);
	fclose(f);
	assert_non_null(strstr(text, " second (second), state S"));
	assert_non_null(strstr(text, "\nthe stack is not whole: " STACK_NO_TIME "\n"));
	stack_process_clear(&process);
	end_child(pid);
}

static void when_time_is_up_what_is_there_is_told(void **state)
{
	struct stack_budget spent = stack_budget_begin(0);

	(void)state;
	nothing_is_read(&spent);
}

static void sigterm_asks_for_what_is_there(void **state)
{
	struct stack_budget budget = stack_budget_begin(HELPER_LIMIT_NS);
	sigset_t term, before;
	int signal;

	(void)state;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	kill(getpid(), SIGTERM);
	nothing_is_read(&budget);
	sigwait(&term, &signal);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int coroutine_fds[2];

static void coroutine_trampoline(void)
{
	char byte;

	while (read(coroutine_fds[0], &byte, 1) < 0)
		;
}

/* As QEMU makes them: a stack of its own. */
static void enter_a_coroutine(void)
{
	static char stack[64 * 1024];
	ucontext_t here, there;

	getcontext(&there);
	there.uc_stack = (stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) };
	there.uc_link = &here;
	/* QEMU has no frame pointers, by which the unwinder would get out. */
	there.uc_mcontext.gregs[REG_RBP] = 0;
	makecontext(&there, coroutine_trampoline, 0);
	swapcontext(&here, &there);
}

static void a_thread_in_a_coroutine_says_so(void **state)
{
	struct stack_process process = { 0 };
	struct err err = { 0 };
	struct stack_budget no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(coroutine_fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(coroutine_fds[1]);
		prctl(PR_SET_NAME, "coroutine");
		enter_a_coroutine();
		_exit(0);
	}
	do {
		stack_process_clear(&process);
		assert_int_equal(unwind_process(pid, &no_hurry, &process, &err), 0);
	} while (!stack_thread_in(&process.threads[0], "coroutine_trampoline") &&
		 stack_budget_left_ns(&no_hurry) > 0);
	assert_string_equal(process.threads[0].missing,
			    "it is in a coroutine, and who entered that is not seen");
	stack_process_clear(&process);
	end_child(pid);
	close(coroutine_fds[0]);
	close(coroutine_fds[1]);
}

#define TEN(a) a a a a a a a a a a
#define LONG_NAME TEN(TEN("longname"))

/* Its symbol is longer than a name may be. */
int wait_long(int fd, char *byte) __asm__(LONG_NAME);

__attribute__((noinline)) int wait_long(int fd, char *byte)
{
	return (int)read(fd, byte, 1) + 1;
}

/* The stacks of a child that reads from a pipe by that function, once it does. */
static void read_reader(int (*function)(int fd, char *byte), struct stack_process *process)
{
	struct err err = { 0 };
	struct stack_budget no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		prctl(PR_SET_NAME, "reader");
		_exit(function(fds[0], &byte));
	}
	do {
		stack_process_clear(process);
		assert_int_equal(unwind_process(pid, &no_hurry, process, &err), 0);
	} while (process->threads[0].proc.syscall != SYS_read &&
		 stack_budget_left_ns(&no_hurry) > 0);
	end_child(pid);
	close(fds[0]);
	close(fds[1]);
}

static void a_name_without_end_is_cut(void **state)
{
	struct stack_process process = { 0 };
	const struct stack_frame *frame = NULL;

	(void)state;
	read_reader(wait_long, &process);
	for (size_t i = 0; i < process.threads[0].frame_count && !frame; i++) {
		const char *name = process.threads[0].frames[i].function;

		if (name && !strncmp(name, LONG_NAME, 16))
			frame = &process.threads[0].frames[i];
	}
	assert_non_null(frame);
	assert_int_equal(strlen(frame->function), STACK_NAME_MAX);
	stack_process_clear(&process);
}

static int depth;

__attribute__((noinline, optimize("no-optimize-sibling-calls"))) static int dig(int fd, char *byte)
{
	return depth++ < 2 * STACK_FRAMES_MAX ? dig(fd, byte) + *byte : (int)read(fd, byte, 1);
}

static void a_stack_without_end_is_cut(void **state)
{
	struct stack_process process = { 0 };
	size_t frames = 0;

	(void)state;
	read_reader(dig, &process);
	for (size_t i = 0; i < process.threads[0].frame_count; i++)
		frames += !process.threads[0].frames[i].inlined;
	assert_int_equal(frames, STACK_FRAMES_MAX);
	assert_string_equal(process.threads[0].missing, "there are more than 128 frames");
	stack_process_clear(&process);
}

static inline __attribute__((always_inline)) int read_twice(int fd, char *byte)
{
	return (int)read(fd, byte, 1) + (int)read(fd, byte, 1);
}

__attribute__((noinline)) static int read_by_another(int fd, char *byte)
{
	return read_twice(fd, byte) + 1;
}

static void an_inlined_function_is_a_frame_with_its_line(void **state)
{
	struct stack_process process = { 0 };
	const struct stack_frame *frame;

	(void)state;
	read_reader(read_by_another, &process);
	frame = stack_thread_in(&process.threads[0], "read_twice");
	assert_non_null(frame);
	assert_true(frame->inlined);
	assert_non_null(strstr(frame->source, "test-unwind.c"));
	assert_true(stack_frame_in(&frame[1], "read_by_another"));
	assert_false(frame[1].inlined);
	assert_int_equal(frame[1].pc, frame->pc);
	/* Its line is that of the call, some lines below. */
	assert_in_range(frame[1].line, frame->line + 1, frame->line + 10);
	stack_process_clear(&process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			threads_that_have_locked_each_other_out_are_found_in_a_real_process),
		cmocka_unit_test(a_process_that_is_stopped_can_be_read),
		cmocka_unit_test(a_process_that_has_gone_is_an_error),
		cmocka_unit_test(a_process_that_may_not_be_read_is_told_by_proc_alone),
		cmocka_unit_test(a_thread_in_d_state_costs_the_others_nothing),
		cmocka_unit_test(a_thread_that_does_not_stop_is_waited_for_a_while_and_later),
		cmocka_unit_test(who_gives_up_on_a_thread_leaves_nothing_behind),
		cmocka_unit_test(a_thread_that_goes_while_its_stop_is_awaited_is_told),
		cmocka_unit_test(no_signal_is_lost_to_the_stop),
		cmocka_unit_test(when_time_is_up_what_is_there_is_told),
		cmocka_unit_test(sigterm_asks_for_what_is_there),
		cmocka_unit_test(a_thread_in_a_coroutine_says_so),
		cmocka_unit_test(a_name_without_end_is_cut),
		cmocka_unit_test(a_stack_without_end_is_cut),
		cmocka_unit_test(an_inlined_function_is_a_frame_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks of core files: of whole ones, of such as are cut off anywhere, and of such as say nonsense. */
#include "tests/unit/core-file.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/random.h"
#include "stack/print.h"
#include "stack/unwind.h"

/* How many damaged files of each kind are read, and how long all of one file may take. */
#define CUTS 60
#define CHANGES 120
#define CHANGED_BYTES 4
#define CHANGED_AREA 8192
#define READ_LIMIT_NS (20 * CLOCK_NS_PER_S)

#define THREAD_STACK (64 * 1024)

static void *wait_in_a_thread(void *arg)
{
	pause();
	return arg;
}

/* Of two threads, which sleep. */
static pid_t start_puppet(void)
{
	size_t asleep = 0;
	pthread_attr_t attributes;
	pthread_t thread;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, THREAD_STACK);
		pthread_create(&thread, &attributes, wait_in_a_thread, NULL);
		pthread_join(thread, NULL);
		_exit(0);
	}
	for (int64_t end = clock_now_ns() + HELPER_LIMIT_NS; asleep < 2 && clock_now_ns() < end;
	     poll(NULL, 0, 5)) {
		auto_free struct proc_thread *threads = NULL;
		size_t count = proc_threads(pid, &threads);

		asleep = 0;
		for (size_t i = 0; i < count; i++)
			asleep += threads[i].syscall >= 0;
	}
	assert_int_equal(asleep, 2);
	return pid;
}

struct scene {
	char *folder, *whole, *damaged;
	char *bytes; /* of the whole */
	size_t size;
};

/* Before any test has read a core: what it maps would be in the puppet, too. */
static int setup(void **state)
{
	struct scene *scene = mem_new(struct scene);
	pid_t pid = start_puppet();
	auto_fclose FILE *f = NULL;
	struct stat st;

	scene->folder = helper_scratch();
	scene->whole = mem_printf("%s/core", scene->folder);
	scene->damaged = mem_printf("%s/damaged", scene->folder);
	core_write(pid, scene->whole);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	f = fopen(scene->whole, "rbe");
	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	scene->size = (size_t)st.st_size;
	scene->bytes = mem_zalloc(scene->size);
	assert_int_equal(fread(scene->bytes, 1, scene->size, f), scene->size);
	*state = scene;
	return 0;
}

static int finish(void **state)
{
	struct scene *scene = *state;

	free(scene->whole);
	free(scene->bytes);
	free(scene->damaged);
	helper_scratch_finish(scene->folder);
	free(scene);
	return 0;
}

static void the_threads_of_a_core_have_stacks_and_roles(void **state)
{
	extern const char __executable_start[];
	const struct stack_frame *frame;
	struct stack_budget no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	struct stack_process process = { 0 };
	struct err err = { 0 };
	const struct scene *scene = *state;

	if (unwind_core(scene->whole, NULL, &no_hurry, &process, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(process.thread_count, 2);
	assert_string_equal(process.threads[0].role, "main");
	assert_non_null(stack_thread_in(&process.threads[0], "main"));
	frame = stack_thread_in(&process.threads[1], "wait_in_a_thread");
	assert_non_null(frame);
	assert_non_null(stack_frame_file(&process, frame)->build_id);
	/* As it lies in the file: the puppet is loaded where we are. */
	assert_int_equal(frame->file_offset, frame->pc - 1 - (uintptr_t)__executable_start);
	stack_process_clear(&process);
}

/* In a process of its own. 0: it was read, or refused with a reason; else what it died of. */
static int read_damaged(const struct scene *scene)
{
	int64_t end = clock_now_ns() + READ_LIMIT_NS;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct stack_budget budget = stack_budget_begin(STACK_LIMIT_NS);
		struct stack_process process = { 0 };
		struct err err = { 0 };
		FILE *f = fopen("/dev/null", "we");
		int r = unwind_core(scene->damaged, NULL, &budget, &process, &err);

		stack_print(&process, f);
		fclose(f);
		stack_process_clear(&process);
		_exit(r < 0 && !err.text[0] ? 99 : 0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_now_ns() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return -1;
		}
		poll(NULL, 0, 1);
	}
	return status;
}

static void copy(const struct scene *scene)
{
	auto_fclose FILE *f = fopen(scene->damaged, "wbe");

	assert_non_null(f);
	assert_int_equal(fwrite(scene->bytes, 1, scene->size, f), scene->size);
}

static void a_core_that_is_cut_off_anywhere_kills_nobody(void **state)
{
	const struct scene *scene = *state;

	copy(scene);
	for (int i = CUTS - 1; i >= 0; i--) {
		/* Half of them among the headers and notes. */
		size_t size = i < CUTS / 2 ? (size_t)i * 257 : scene->size / CUTS * (size_t)i;
		int status;

		assert_int_equal(truncate(scene->damaged, (off_t)size), 0);
		status = read_damaged(scene);
		if (status)
			fail_msg("cut off at %zu: %x", size, status);
	}
}

/* Changes a few bytes: where the headers and the notes are, or in each second file anywhere. */
static void change(const struct scene *scene, uint64_t number)
{
	auto_close int fd = open(scene->damaged, O_WRONLY | O_CLOEXEC);
	uint64_t area = number % 2 ? scene->size : CHANGED_AREA;

	assert_true(fd >= 0);
	for (uint64_t i = 0; i < CHANGED_BYTES; i++) {
		uint64_t random = random_mix(number * CHANGED_BYTES + i);
		char byte = (char)random;

		assert_int_equal(pwrite(fd, &byte, 1, (off_t)random_below(random, area)), 1);
	}
}

static void nonsense_in_a_core_kills_nobody(void **state)
{
	const struct scene *scene = *state;

	for (uint64_t i = 0; i < CHANGES; i++) {
		int status;

		copy(scene);
		change(scene, i);
		status = read_damaged(scene);
		if (status)
			fail_msg("change %llu: %x", (unsigned long long)i, status);
	}
}

static void what_is_no_core_is_an_error(void **state)
{
	struct stack_budget no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	struct stack_process process = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(unwind_core("/dev/null", NULL, &no_hurry, &process, &err), -EINVAL);
	assert_int_equal(unwind_core("/nowhere/core", NULL, &no_hurry, &process, &err), -ENOENT);
	/* An ELF file, but a program. */
	assert_int_equal(unwind_core("/proc/self/exe", NULL, &no_hurry, &process, &err), -EINVAL);
	stack_process_clear(&process);
}

/* All notes are there but those of threads. */
static void a_core_without_threads_is_an_error(void **state)
{
	struct stack_budget no_hurry = stack_budget_begin(HELPER_LIMIT_NS);
	struct stack_process process = { 0 };
	struct err err = { 0 };
	const struct scene *scene = *state;
	const Elf64_Phdr *program = (const Elf64_Phdr *)(scene->bytes + sizeof(Elf64_Ehdr));
	auto_close int fd = -1;

	copy(scene);
	fd = open(scene->damaged, O_WRONLY | O_CLOEXEC);
	for (size_t at = program->p_offset; at < program->p_offset + program->p_filesz;) {
		Elf64_Nhdr note;

		memcpy(&note, scene->bytes + at, sizeof(note));
		if (note.n_type == NT_PRSTATUS) {
			note.n_type = 0x12345;
			assert_int_equal(pwrite(fd, &note, sizeof(note), (off_t)at), sizeof(note));
		}
		at += sizeof(note) + ((note.n_namesz + 3) & ~3u) + ((note.n_descsz + 3) & ~3u);
	}
	assert_int_equal(unwind_core(scene->damaged, NULL, &no_hurry, &process, &err), -EINVAL);
	assert_non_null(strstr(err.text, "has no threads that can be read"));
	stack_process_clear(&process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_threads_of_a_core_have_stacks_and_roles),
		cmocka_unit_test(what_is_no_core_is_an_error),
		cmocka_unit_test(a_core_without_threads_is_an_error),
		cmocka_unit_test(a_core_that_is_cut_off_anywhere_kills_nobody),
		cmocka_unit_test(nonsense_in_a_core_kills_nobody),
	};

	return cmocka_run_group_tests(tests, setup, finish);
}

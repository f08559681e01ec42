// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks as JSON: what is in it, and that a file has all of it or is not there. */
#include "tests/unit/helper.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "stack/json.h"

/* Two threads: a vCPU that waits for the main thread, in two functions of which one is inlined, and in a
 * third one without a name; and one that was not reached. */
static void setup(struct stack_process *process)
{
	struct proc_thread *threads = mem_zalloc(2 * sizeof(*threads));
	struct stack_thread *thread;
	struct stack_frame *frame;

	*process = (struct stack_process){ .pid = 100 };
	threads[0] = (struct proc_thread){ .tid = 100, .name = "CPU 0/TCG", .state = 'S' };
	threads[0].syscall = SYS_ppoll;
	threads[0].cpu_ticks = 3 * (uint64_t)sysconf(_SC_CLK_TCK);
	snprintf(threads[0].wchan, sizeof(threads[0].wchan), "poll_schedule");
	threads[1] = (struct proc_thread){ .tid = 101, .syscall = -1 };
	process->pid = 101;
	stack_process_set_threads(process, threads, 2);
	process->files = mem_new(struct stack_file);
	process->files[process->file_count++] =
		(struct stack_file){ mem_strdup("/usr/bin/qemu"), mem_strdup("abcd") };
	process->circle = mem_strdup("round");
	thread = &process->threads[0];
	thread->blocked = true;
	for (size_t i = 0; i < 3; i++) {
		frame = stack_thread_add(thread);
		frame->pc = UINT64_MAX;
		frame->file = i < 2 ? 0 : SIZE_MAX;
		frame->file_offset = 0x20;
	}
	thread->frames[0].inlined = true;
	thread->frames[0].function = mem_strdup("inner");
	thread->frames[0].source = mem_strdup("inner.c");
	thread->frames[0].line = 7;
	thread->frames[1].function = mem_strdup("outer");
	thread->frames[1].offset = 0x10;
	thread->waits = mem_new(struct stack_wait);
	thread->waits[thread->wait_count++] =
		(struct stack_wait){ .what = STACK_IO,
				     .object = mem_strdup("blk_pwrite"),
				     .on = 101,
				     .text = mem_strdup("waits in blk_pwrite") };
	process->threads[1].missing = mem_strdup("no time was left");
}

static void all_that_is_known_is_in_it_and_the_rest_is_null(void **state)
{
	static const char expected[] =
		"{\"pid\": 101, \"circle\": \"round\", \"threads\": ["
		"{\"tid\": 100, \"role\": \"vCPU 0\", \"name\": \"CPU 0/TCG\", \"state\": \"S\", "
		"\"wchan\": \"poll_schedule\", \"syscall\": 271, \"cpu-ms\": 3000, "
		"\"blocked\": true, \"missing\": null, \"frames\": ["
		"{\"function\": \"inner\", \"function-offset\": null, \"file\": \"inner.c\", "
		"\"line\": 7, \"module\": \"/usr/bin/qemu\", \"build-id\": \"abcd\", "
		"\"offset\": \"0x20\", \"pc\": \"0xffffffffffffffff\", \"inlined\": true}, "
		"{\"function\": \"outer\", \"function-offset\": \"0x10\", \"file\": null, "
		"\"line\": null, \"module\": \"/usr/bin/qemu\", \"build-id\": \"abcd\", "
		"\"offset\": \"0x20\", \"pc\": \"0xffffffffffffffff\", \"inlined\": false}, "
		"{\"function\": null, \"function-offset\": null, \"file\": null, "
		"\"line\": null, \"module\": null, \"build-id\": null, "
		"\"offset\": null, \"pc\": \"0xffffffffffffffff\", \"inlined\": false}], "
		"\"waits\": [{\"what\": \"io\", \"object\": \"blk_pwrite\", \"holder\": 101, "
		"\"words\": \"waits in blk_pwrite\"}]}, "
		"{\"tid\": 101, \"role\": \"main\", \"name\": null, \"state\": null, "
		"\"wchan\": null, \"syscall\": null, \"cpu-ms\": null, \"blocked\": false, "
		"\"missing\": \"no time was left\", \"frames\": [], \"waits\": []}]}";
	struct stack_process process;
	auto_json json_t *value = NULL;
	auto_free char *text = NULL;

	(void)state;
	setup(&process);
	value = stack_json(&process);
	text = json_dumps(value, 0);
	assert_string_equal(text, expected);
	stack_process_clear(&process);
}

static void file_is(const char *path, const char *expected)
{
	auto_free char *text = NULL;
	struct err err = { 0 };
	size_t size;

	assert_int_equal(file_read(path, "text", 100, &text, &size, &err), 0);
	assert_string_equal(text, expected);
}

static size_t files_in(const char *folder)
{
	struct err err = { 0 };
	char **names;
	size_t count;

	assert_int_equal(file_names(folder, "files", "", &names, &count, &err), 0);
	file_names_free(names, count);
	return count;
}

static void a_file_is_written_whole_or_stays_as_it_was(void **state)
{
	char *folder = helper_scratch();
	auto_free char *path = mem_printf("%s/stacks.json", folder);
	auto_json json_t *first = json_pack("[i]", 1), *second = json_array();
	struct err err = { 0 };
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(stack_json_write(first, path, &err), 0);
	file_is(path, "[\n 1\n]\n");
	for (int i = 0; i < 10000; i++)
		json_array_append_new(second, json_integer(i));
	/* A disk that is full after a little. */
	pid = fork();
	if (pid == 0) {
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, 4096 });
		_exit(stack_json_write(second, path, &err) == -EFBIG ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	file_is(path, "[\n 1\n]\n");
	assert_int_equal(files_in(folder), 1);
	assert_int_equal(stack_json_write(json_array_get(second, 0), "/nowhere/x", &err), -ENOENT);
	assert_string_equal(err.text, "cannot write beside /nowhere/x: No such file or directory");
	helper_scratch_finish(folder);
}

static void what_is_no_file_is_not_replaced_by_one(void **state)
{
	char *folder = helper_scratch();
	auto_free char *path = mem_printf("%s/pipe", folder);
	auto_json json_t *value = json_array();
	struct err err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(stack_json_write(value, path, &err), -EINVAL);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(stack_json_write(value, folder, &err), -EINVAL);
	helper_scratch_finish(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_known_is_in_it_and_the_rest_is_null),
		cmocka_unit_test(a_file_is_written_whole_or_stays_as_it_was),
		cmocka_unit_test(what_is_no_file_is_not_replaced_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

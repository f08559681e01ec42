// SPDX-License-Identifier: GPL-2.0-or-later
/* Running gdb. */
#include "stack/gdb.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/mem.h"
#include "stack/frames.h"

/* Where QEMU's build leaves its script, from the folder of the binary, and where it is installed. */
static const char *const script_places[] = {
	"scripts/qemu-gdb.py",
	"qemu-gdb.py",
	"../scripts/qemu-gdb.py",
	"../share/qemu/qemu-gdb.py",
};

/* What of gdb's arguments does not depend on the process; each thread adds three commands. */
#define FIXED_ARGS 16
#define THREAD_ARGS 6

/* The one parked coroutine that a symbol names. */
#define PARKED "qmp_dispatcher_co"

/* The first that is in PATH; the caller frees. */
static char *find_gdb(void)
{
	const char *folders = getenv("PATH");

	while (folders && *folders) {
		size_t length = strcspn(folders, ":");
		auto_free char *path = mem_printf("%.*s/gdb", (int)length, folders);

		if (length && access(path, X_OK) == 0)
			return mem_steal(path);
		folders += length + (folders[length] == ':');
	}
	return NULL;
}

/* The script itself, not a link to it: it finds what it imports beside itself. */
static char *find_script(pid_t pid, const char *script)
{
	auto_free char *link = mem_printf("/proc/%d/exe", pid);
	char binary[PATH_MAX];
	ssize_t length = readlink(link, binary, sizeof(binary) - 1);
	char *real = script ? realpath(script, NULL) : NULL, *end;

	if (script || length < 0)
		return real;
	binary[length] = '\0';
	end = strrchr(binary, '/');
	for (size_t i = 0; end && !real && i < ARRAY_SIZE(script_places); i++) {
		auto_free char *path =
			mem_printf("%.*s/%s", (int)(end - binary), binary, script_places[i]);

		real = realpath(path, NULL);
	}
	return real;
}

/* Of the process itself; a stripped one tells not even who is in a coroutine. */
static bool has_symbols(const struct stack_process *process)
{
	for (size_t i = 0; i < process->thread_count; i++)
		if (stack_thread_in(&process->threads[i], "qemu_thread_start") ||
		    stack_thread_in(&process->threads[i], FRAMES_COROUTINE))
			return true;
	return false;
}

/* gdb would wait for it to stop, and what it calls in the process would not return. */
static const struct stack_thread *find_halted(const struct stack_process *process)
{
	for (size_t i = 0; i < process->thread_count; i++)
		if (proc_thread_halted(&process->threads[i].proc))
			return &process->threads[i];
	return NULL;
}

struct arguments {
	char *args[FIXED_ARGS + GDB_THREADS_MAX * THREAD_ARGS];
	size_t count;
};

/* Takes over argument. */
static void add(struct arguments *arguments, char *argument)
{
	arguments->args[arguments->count++] = argument;
}

static void add_command(struct arguments *arguments, char *command)
{
	add(arguments, mem_strdup("-ex"));
	add(arguments, command);
}

static void add_thread(struct arguments *arguments, pid_t tid)
{
	add_command(arguments, mem_printf("echo \\nthread %d\\n", tid));
	add_command(arguments, mem_printf("python [t.switch() for t in "
					  "gdb.selected_inferior().threads() if t.ptid[1] == %d]",
					  tid));
	add_command(arguments, mem_strdup("qemu bt"));
}

/* The number of threads that are asked about. */
static size_t make_arguments(struct arguments *arguments, const struct stack_process *process,
			     char *gdb, const char *script)
{
	size_t threads = 0;

	add(arguments, gdb);
	add(arguments, mem_strdup("-nx"));
	add(arguments, mem_strdup("-batch"));
	add(arguments, mem_strdup("-iex"));
	add(arguments, mem_strdup("set auto-load no"));
	add(arguments, mem_strdup("-p"));
	add(arguments, mem_printf("%d", process->pid));
	/* While QEMU's script calls a function in one thread, the others stay where they are. */
	add_command(arguments, mem_strdup("set scheduler-locking on"));
	add_command(arguments, mem_printf("source %s", script));
	for (size_t i = 0; i < process->thread_count && threads < GDB_THREADS_MAX; i++)
		if (stack_thread_in(&process->threads[i], FRAMES_COROUTINE)) {
			add_thread(arguments, process->threads[i].proc.tid);
			threads++;
		}
	add_command(arguments, mem_strdup("echo \\n" PARKED ", where it last gave way\\n"));
	add_command(arguments, mem_strdup("qemu coroutine " PARKED));
	return threads;
}

/* Newlines and tabs stay. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text) && *text != '\n' && *text != '\t')
			*text = '?';
}

int gdb_tell_coroutines(const struct stack_process *process, const char *script, int64_t limit_ns,
			char **ret_text, struct err *err)
{
	auto_free char *real_script = find_script(process->pid, script);
	const struct stack_thread *halted = find_halted(process);
	char *gdb = find_gdb(), *text;
	struct arguments arguments = { .count = 0 };
	const struct child_spec spec = { .argv = (const char *const *)arguments.args,
					 .output_max = GDB_OUTPUT_MAX };
	size_t threads = make_arguments(&arguments, process, gdb, real_script ? real_script : "");
	int r;

	if (!has_symbols(process))
		r = err_set(err, -EINVAL,
			    "the process has no debug symbols, which QEMU's scripts need");
	else if (!threads)
		r = err_set(err, -ENOENT, "no thread is in a coroutine");
	else if (halted)
		r = err_set(err, -EBUSY, "thread %d cannot run: it is in %c state",
			    halted->proc.tid, halted->proc.state);
	else if (!gdb)
		r = err_set(err, -ENOENT, "there is no gdb in PATH");
	else if (!real_script)
		r = err_set(err, -ENOENT, "QEMU's qemu-gdb.py is not %s%s",
			    script ? "at " : "around the binary", script ? script : "");
	else
		r = child_run(&spec, limit_ns, &text, err);
	if (r == 0) {
		make_printable(text);
		*ret_text = text;
	}
	for (size_t i = 0; i < arguments.count; i++)
		free(arguments.args[i]);
	return r;
}

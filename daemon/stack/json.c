// SPDX-License-Identifier: GPL-2.0-or-later
/* A process as JSON. */
#include "stack/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/names.h"

/* NULL: null. */
static json_t *string_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* An address is more than JSON's integers may hold. known: else null. */
static json_t *hex_or_null(bool known, uint64_t value)
{
	auto_free char *text = mem_printf("0x%llx", (unsigned long long)value);

	return string_or_null(known ? text : NULL);
}

static json_t *describe_frame(const struct stack_process *process, const struct stack_frame *frame)
{
	const struct stack_file *file = stack_frame_file(process, frame);
	json_t *value = json_object();

	json_object_set_new(value, "function", string_or_null(frame->function));
	json_object_set_new(value, "function-offset",
			    hex_or_null(frame->function && !frame->inlined, frame->offset));
	json_object_set_new(value, "file", string_or_null(frame->source));
	json_object_set_new(value, "line", frame->source ? json_integer(frame->line) : json_null());
	json_object_set_new(value, "module", string_or_null(file ? file->path : NULL));
	json_object_set_new(value, "build-id", string_or_null(file ? file->build_id : NULL));
	json_object_set_new(value, "offset", hex_or_null(file, frame->file_offset));
	json_object_set_new(value, "pc", hex_or_null(true, frame->pc));
	json_object_set_new(value, "inlined", json_boolean(frame->inlined));
	return value;
}

static json_t *describe_wait(const struct stack_wait *wait)
{
	return json_pack("{s:s, s:o, s:o, s:s}", "what",
			 names_of(stack_what_names, STACK_WHATS, wait->what), "object",
			 string_or_null(wait->object), "holder",
			 wait->on ? json_integer(wait->on) : json_null(), "words", wait->text);
}

/* What only /proc knows is null of a core. */
static void describe_proc(json_t *value, const struct proc_thread *proc)
{
	const char state[] = { proc->state, '\0' };
	bool living = proc->state;
	uint64_t ms = proc->cpu_ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);

	json_object_set_new(value, "name", string_or_null(living ? proc->name : NULL));
	json_object_set_new(value, "state", string_or_null(living ? state : NULL));
	json_object_set_new(value, "wchan", string_or_null(proc->wchan[0] ? proc->wchan : NULL));
	json_object_set_new(value, "syscall",
			    proc->syscall >= 0 ? json_integer(proc->syscall) : json_null());
	json_object_set_new(value, "cpu-ms", living ? json_integer((json_int_t)ms) : json_null());
}

static json_t *describe_thread(const struct stack_process *process,
			       const struct stack_thread *thread)
{
	json_t *frames = json_array(), *waits = json_array();
	json_t *value = json_pack("{s:i, s:s}", "tid", (int)thread->proc.tid, "role", thread->role);

	for (size_t i = 0; i < thread->frame_count; i++)
		json_array_append_new(frames, describe_frame(process, &thread->frames[i]));
	for (size_t i = 0; i < thread->wait_count; i++)
		json_array_append_new(waits, describe_wait(&thread->waits[i]));
	describe_proc(value, &thread->proc);
	json_object_set_new(value, "blocked", json_boolean(thread->blocked));
	json_object_set_new(value, "missing", string_or_null(thread->missing));
	json_object_set_new(value, "frames", frames);
	json_object_set_new(value, "waits", waits);
	return value;
}

json_t *stack_json(const struct stack_process *process)
{
	json_t *threads = json_array();

	for (size_t i = 0; i < process->thread_count; i++)
		json_array_append_new(threads, describe_thread(process, &process->threads[i]));
	return json_pack("{s:i, s:o, s:o}", "pid", (int)process->pid, "circle",
			 string_or_null(process->circle), "threads", threads);
}

/* A file beside path, whose name ret_name is for free() and unlink(); NULL: it cannot be made. */
static FILE *open_beside(const char *path, char **ret_name)
{
	char *name = mem_printf("%s.XXXXXX", path);
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0) {
		free(name);
		return NULL;
	}
	*ret_name = name;
	return fdopen(fd, "w");
}

int stack_json_write(const json_t *value, const char *path, struct err *err)
{
	auto_free char *name = NULL;
	struct stat st;
	FILE *f;
	bool bad;

	/* It would be replaced, be it /dev/null. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is no regular file", path);
	f = open_beside(path, &name);
	if (!f)
		return err_set_errno(err, errno, "cannot write beside %s", path);
	bad = json_dumpf(value, f, JSON_INDENT(1)) < 0;
	bad |= fputc('\n', f) == EOF;
	bad |= fclose(f) != 0;
	if (!bad && rename(name, path) == 0)
		return 0;
	err_set_errno(err, errno, "cannot write %s", path);
	unlink(name);
	return err->code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The threads of a process, their frames and waits. */
#include "stack/process.h"

#include <string.h>
#include <sys/syscall.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "base/names.h"
#include "stack/role.h"

/* What being stopped and looked at, and the clock's grain, may cost a thread that does nothing. */
#define WAITED_TICKS 1

const char *const stack_what_names[STACK_WHATS] = {
	[STACK_MUTEX] = "mutex", [STACK_CONDITION] = "condition", [STACK_SEMAPHORE] = "semaphore",
	[STACK_EVENT] = "event", [STACK_JOIN] = "join",		  [STACK_POLL] = "poll",
	[STACK_IO] = "io",
};
NAMES_COMPLETE(stack_what_names, STACK_WHATS);

void stack_thread_set_proc(struct stack_thread *thread, const struct proc_thread *proc)
{
	thread->proc = *proc;
	ascii_only(thread->proc.name, '?');
}

bool stack_proc_waited(const struct proc_thread *before, const struct proc_thread *after)
{
	/* A wait with a time goes on as another call, once the thread was stopped; and who makes the same
	 * call again and again works in between. */
	return before->syscall >= 0 &&
	       (after->syscall == before->syscall || after->syscall == SYS_restart_syscall) &&
	       !memcmp(before->args, after->args, sizeof(before->args)) &&
	       after->cpu_ticks - before->cpu_ticks <= WAITED_TICKS;
}

void stack_process_set_threads(struct stack_process *process, struct proc_thread *threads,
			       size_t count)
{
	process->threads = mem_zalloc((count + 1) * sizeof(*process->threads));
	process->thread_count = count;
	for (size_t i = 0; i < count; i++) {
		struct stack_thread *thread = &process->threads[i];

		stack_thread_set_proc(thread, &threads[i]);
		thread->role = stack_role(thread->proc.name, threads[i].tid == process->pid);
	}
	free(threads);
}

static void thread_clear(struct stack_thread *thread)
{
	for (size_t i = 0; i < thread->frame_count; i++) {
		free(thread->frames[i].function);
		free(thread->frames[i].source);
	}
	for (size_t i = 0; i < thread->wait_count; i++) {
		free(thread->waits[i].object);
		free(thread->waits[i].text);
	}
	free(thread->frames);
	free(thread->waits);
	free(thread->role);
	free(thread->missing);
}

void stack_process_clear(struct stack_process *process)
{
	for (size_t i = 0; i < process->thread_count; i++)
		thread_clear(&process->threads[i]);
	for (size_t i = 0; i < process->file_count; i++) {
		free(process->files[i].path);
		free(process->files[i].build_id);
	}
	free(process->threads);
	free(process->files);
	free(process->circle);
	*process = (struct stack_process){ 0 };
}

struct stack_thread *stack_process_find(const struct stack_process *process, pid_t tid)
{
	for (size_t i = 0; i < process->thread_count; i++)
		if (process->threads[i].proc.tid == tid)
			return &process->threads[i];
	return NULL;
}

void stack_thread_miss(struct stack_thread *thread, const char *text)
{
	if (!thread->missing)
		thread->missing = mem_strdup(text);
}

struct stack_frame *stack_thread_insert(struct stack_thread *thread, size_t index)
{
	struct stack_frame *frame;

	thread->frames = mem_realloc(thread->frames, thread->frame_count + 1, sizeof(*frame));
	frame = &thread->frames[index];
	memmove(frame + 1, frame, (thread->frame_count - index) * sizeof(*frame));
	thread->frame_count++;
	*frame = (struct stack_frame){ .file = SIZE_MAX };
	return frame;
}

struct stack_frame *stack_thread_add(struct stack_thread *thread)
{
	return stack_thread_insert(thread, thread->frame_count);
}

bool stack_frame_in(const struct stack_frame *frame, const char *function)
{
	size_t length = strlen(function);

	return frame->function && !strncmp(frame->function, function, length) &&
	       (!frame->function[length] || frame->function[length] == '.');
}

const struct stack_frame *stack_thread_in(const struct stack_thread *thread, const char *function)
{
	for (size_t i = 0; i < thread->frame_count; i++)
		if (stack_frame_in(&thread->frames[i], function))
			return &thread->frames[i];
	return NULL;
}

const struct stack_file *stack_frame_file(const struct stack_process *process,
					  const struct stack_frame *frame)
{
	return frame->file < process->file_count ? &process->files[frame->file] : NULL;
}

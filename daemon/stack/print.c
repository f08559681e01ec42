// SPDX-License-Identifier: GPL-2.0-or-later
/* Printing of a process's threads. */
#include "stack/print.h"

#include <inttypes.h>
#include <string.h>

static void print_frame(const struct stack_process *process, size_t number,
			const struct stack_frame *frame, FILE *out)
{
	const struct stack_file *file = stack_frame_file(process, frame);

	fprintf(out, "#%-3zu 0x%016" PRIx64 " ", number, frame->pc);
	fputs(frame->function ? frame->function : "-", out);
	if (frame->inlined)
		fputs(" (inlined)", out);
	else if (frame->function)
		fprintf(out, "+0x%" PRIx64, frame->offset);
	if (frame->source)
		fprintf(out, " at %s:%d", frame->source, frame->line);
	if (file && !frame->inlined) {
		const char *name = strrchr(file->path, '/');

		fprintf(out, " - %s+0x%" PRIx64, name ? name + 1 : file->path, frame->file_offset);
	}
	fputc('\n', out);
}

static void print_thread(const struct stack_process *process, const struct stack_thread *thread,
			 FILE *out)
{
	fprintf(out, "\nthread %d %s", thread->proc.tid, thread->role);
	if (thread->proc.state)
		fprintf(out, " (%s), state %c", thread->proc.name, thread->proc.state);
	if (thread->proc.wchan[0])
		fprintf(out, ", in the kernel's %s", thread->proc.wchan);
	fputc('\n', out);
	for (size_t i = 0; i < thread->frame_count; i++)
		print_frame(process, i, &thread->frames[i], out);
	if (thread->missing)
		fprintf(out, "the stack is not whole: %s\n", thread->missing);
}

/* Each with the build-id by which its debug information is found. */
static void print_files(const struct stack_process *process, FILE *out)
{
	for (size_t i = 0; i < process->file_count; i++)
		fprintf(out, "%sfile %s build-id %s\n", i ? "" : "\n", process->files[i].path,
			process->files[i].build_id ? process->files[i].build_id : "-");
}

void stack_print(const struct stack_process *process, FILE *out)
{
	fprintf(out, "process %d, %zu threads\n", process->pid, process->thread_count);
	fprintf(out, STACK_CIRCLE "%s\n", process->circle ? process->circle : STACK_NO_CIRCLE);
	for (size_t i = 0; i < process->thread_count; i++) {
		const struct stack_thread *thread = &process->threads[i];

		for (size_t n = 0; n < thread->wait_count; n++)
			fprintf(out, "%d %s: %s\n", thread->proc.tid, thread->role,
				thread->waits[n].text);
	}
	for (size_t i = 0; i < process->thread_count; i++)
		print_thread(process, &process->threads[i], out);
	print_files(process, out);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Printing of a process's threads. */
#include "stack/print.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

static void print_frame(size_t number, const struct stack_frame *frame, FILE *out)
{
	fprintf(out, "#%-3zu 0x%016" PRIx64 " ", number, frame->pc);
	if (frame->function)
		fprintf(out, "%s+0x%" PRIx64, frame->function, frame->offset);
	else
		fputs("-", out);
	if (frame->source)
		fprintf(out, " at %s", frame->source);
	if (frame->module) {
		const char *name = strrchr(frame->module, '/');

		fprintf(out, " - %s+0x%" PRIx64, name ? name + 1 : frame->module,
			frame->module_offset);
	}
	fputc('\n', out);
}

static void print_thread(const struct stack_thread *thread, FILE *out)
{
	fprintf(out, "\nthread %d %s", thread->proc.tid, thread->role);
	if (thread->proc.state)
		fprintf(out, " (%s), state %c", thread->proc.name, thread->proc.state);
	if (thread->proc.wchan[0])
		fprintf(out, ", in the kernel's %s", thread->proc.wchan);
	fputc('\n', out);
	for (size_t i = 0; i < thread->frame_count; i++)
		print_frame(i, &thread->frames[i], out);
	if (thread->missing)
		fprintf(out, "the stack is not whole: %s\n", thread->missing);
}

/* Each file once, with the build-id by which its debug information is found. */
static void print_modules(const struct stack_process *process, FILE *out)
{
	const struct stack_frame *seen[64];
	size_t count = 0;

	for (size_t t = 0; t < process->thread_count; t++)
		for (size_t f = 0; f < process->threads[t].frame_count; f++) {
			const struct stack_frame *frame = &process->threads[t].frames[f];
			size_t i = 0;

			while (i < count && frame->module && strcmp(seen[i]->module, frame->module))
				i++;
			if (i < count || !frame->module || count == ARRAY_SIZE(seen))
				continue;
			seen[count++] = frame;
			fprintf(out, "%sfile %s build-id %s\n", count == 1 ? "\n" : "",
				frame->module, frame->build_id ? frame->build_id : "-");
		}
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
		print_thread(&process->threads[i], out);
	print_modules(process, out);
}

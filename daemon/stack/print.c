// SPDX-License-Identifier: GPL-2.0-or-later
/* Printing of a process's threads. */
#include "stack/print.h"

#include <inttypes.h>
#include <string.h>

/* Names come from files that others wrote. */
static void print_word(const char *word, FILE *out)
{
	for (; *word; word++)
		fputc((unsigned char)*word < ' ' || *word == 0x7f ? '?' : *word, out);
}

static void print_frame(size_t number, const struct stack_frame *frame, FILE *out)
{
	fprintf(out, "#%-3zu 0x%016" PRIx64 " ", number, frame->pc);
	if (frame->function) {
		print_word(frame->function, out);
		fprintf(out, "+0x%" PRIx64, frame->offset);
	} else {
		fputs("-", out);
	}
	if (frame->source) {
		fputs(" at ", out);
		print_word(frame->source, out);
	}
	if (frame->module) {
		const char *name = strrchr(frame->module, '/');

		fputs(" - ", out);
		print_word(name ? name + 1 : frame->module, out);
		fprintf(out, "+0x%" PRIx64, frame->module_offset);
	}
	fputc('\n', out);
}

static void print_thread(const struct stack_thread *thread, FILE *out)
{
	fprintf(out, "\nthread %d ", thread->proc.tid);
	print_word(thread->role, out);
	if (thread->proc.state) {
		fputs(" (", out);
		print_word(thread->proc.name, out);
		fprintf(out, "), state %c", thread->proc.state);
	}
	if (thread->proc.wchan[0])
		fprintf(out, ", in the kernel's %s", thread->proc.wchan);
	fputc('\n', out);
	for (size_t i = 0; i < thread->frame_count; i++)
		print_frame(i, &thread->frames[i], out);
	if (thread->missing) {
		fputs("the stack is not whole: ", out);
		print_word(thread->missing, out);
		fputc('\n', out);
	}
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
			if (i < count || !frame->module || count == sizeof(seen) / sizeof(seen[0]))
				continue;
			seen[count++] = frame;
			fputs(count == 1 ? "\nfile " : "file ", out);
			print_word(frame->module, out);
			fprintf(out, " build-id %s\n", frame->build_id ? frame->build_id : "-");
		}
}

void stack_print(const struct stack_process *process, FILE *out)
{
	fprintf(out, "process %d, %zu threads\n", process->pid, process->thread_count);
	fputs(STACK_CIRCLE, out);
	print_word(process->circle ? process->circle : STACK_NO_CIRCLE, out);
	fputc('\n', out);
	for (size_t i = 0; i < process->thread_count; i++) {
		const struct stack_thread *thread = &process->threads[i];

		for (size_t n = 0; n < thread->wait_count; n++) {
			fprintf(out, "%d ", thread->proc.tid);
			print_word(thread->role, out);
			fputs(": ", out);
			print_word(thread->waits[n].text, out);
			fputc('\n', out);
		}
	}
	for (size_t i = 0; i < process->thread_count; i++)
		print_thread(&process->threads[i], out);
	print_modules(process, out);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames as they come, and their names. */
#include "stack/frames.h"

#include <errno.h>

#include "base/mem.h"
#include "stack/role.h"
#include "stack/symbols.h"

/* How far its entry is from the end at most: glibc starts a context in a function of its own, and what the
 * unwinder then guesses. */
#define COROUTINE_DEPTH 4

int frames_add(Dwfl_Frame *state, void *arg)
{
	struct stack_thread *thread = arg;
	struct stack_frame *frame;
	Dwarf_Addr pc;
	bool activation;

	if (thread->frame_count == STACK_FRAMES_MAX) {
		thread->missing = mem_printf("there are more than %d frames", STACK_FRAMES_MAX);
		return DWARF_CB_ABORT;
	}
	if (!dwfl_frame_pc(state, &pc, &activation))
		return DWARF_CB_ABORT;
	frame = stack_thread_add(thread);
	frame->pc = pc;
	frame->activation = activation;
	return DWARF_CB_OK;
}

/* A coroutine's stack begins at its entry: what is behind that is no fault of the unwinder. */
static void explain_coroutine(struct stack_thread *thread)
{
	const struct stack_frame *entry = stack_thread_in(thread, FRAMES_COROUTINE);

	if (!entry || (size_t)(entry - thread->frames) + COROUTINE_DEPTH < thread->frame_count)
		return;
	free(thread->missing);
	thread->missing = mem_strdup("it is in a coroutine, and who entered that is not seen");
}

void frames_name(Dwfl *dwfl, struct stack_process *process, const struct stack_budget *budget)
{
	symbols_name(dwfl, process, budget);
	symbols_locate(dwfl, process, budget);
	stack_roles_by_frames(process);
	for (size_t i = 0; i < process->thread_count; i++)
		if (process->threads[i].missing)
			explain_coroutine(&process->threads[i]);
}

int frames_error(struct err *err, int result, const char *what)
{
	return result > 0 ? err_set_errno(err, result, "%s", what)
			  : err_set(err, -EIO, "%s: %s", what, dwfl_errmsg(-1));
}

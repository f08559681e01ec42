// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames as they come, and their names. */
#include "stack/frames.h"

#include <errno.h>

#include "base/mem.h"
#include "stack/role.h"
#include "stack/symbols.h"

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

void frames_name(Dwfl *dwfl, struct stack_process *process, const struct stack_budget *budget)
{
	symbols_name(dwfl, process, budget);
	symbols_locate(dwfl, process, budget);
	stack_roles_by_frames(process);
}

int frames_error(struct err *err, int result, const char *what)
{
	return result > 0 ? err_set_errno(err, result, "%s", what)
			  : err_set(err, -EIO, "%s: %s", what, dwfl_errmsg(-1));
}

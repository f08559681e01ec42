// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the stacks that a core file holds. */
#include "stack/unwind.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>

#include "base/mem.h"
#include "stack/frames.h"

static char *no_path = NULL;

static const Dwfl_Callbacks core_callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.debuginfo_path = &no_path,
};

struct core_file {
	Dwfl *dwfl;
	Elf *elf;
	int fd; /* of elf, else -1 */
};

static void close_core(struct core_file *file)
{
	if (file->dwfl)
		dwfl_end(file->dwfl);
	if (file->elf)
		elf_end(file->elf);
	fd_close(&file->fd);
}

/* Threads of a core, as libdwfl lists them. Until its end: it leaks what a list has that it does not end. */
struct listing {
	struct proc_thread *threads;
	size_t count;
};

static int list_thread(Dwfl_Thread *thread, void *arg)
{
	struct listing *listing = arg;

	if (listing->count == PROC_THREADS_MAX)
		return DWARF_CB_OK;
	listing->threads =
		mem_realloc(listing->threads, listing->count + 1, sizeof(*listing->threads));
	listing->threads[listing->count++] =
		(struct proc_thread){ .tid = dwfl_thread_tid(thread), .syscall = -1 };
	return DWARF_CB_OK;
}

/* The same list once more. */
struct reading {
	struct stack_process *process;
	struct stack_budget budget;
	size_t count, frame_count;
};

static int read_thread(Dwfl_Thread *dwfl_thread, void *arg)
{
	struct reading *reading = arg;
	struct stack_thread *thread;

	if (reading->count == reading->process->thread_count)
		return DWARF_CB_OK;
	thread = &reading->process->threads[reading->count++];
	if (stack_budget_left_ns(&reading->budget) <= 0)
		stack_thread_miss(thread, STACK_NO_TIME);
	else if (dwfl_thread_getframes(dwfl_thread, frames_add, thread) != 0)
		stack_thread_miss(thread, dwfl_errmsg(-1));
	reading->frame_count += thread->frame_count;
	return DWARF_CB_OK;
}

static int open_core(struct core_file *file, const char *core, const char *executable,
		     struct err *err)
{
	GElf_Ehdr header;

	file->dwfl = dwfl_begin(&core_callbacks);
	if (!file->dwfl)
		return frames_error(err, -1, "libdwfl");
	if (elf_version(EV_CURRENT) == EV_NONE)
		return err_set(err, -EIO, "libelf: %s", elf_errmsg(-1));
	file->fd = open(core, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return err_set_errno(err, errno, "%s", core);
	/* Not by mmap: a file that becomes shorter meanwhile would kill us by SIGBUS. */
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF)
		return err_set(err, -EINVAL, "%s is no ELF file", core);
	if (!gelf_getehdr(file->elf, &header) || header.e_type != ET_CORE)
		return err_set(err, -EINVAL, "%s is no core file", core);
	if (dwfl_core_file_report(file->dwfl, file->elf, executable) < 0 ||
	    dwfl_report_end(file->dwfl, NULL, NULL) != 0)
		return frames_error(err, -1, core);
	if (dwfl_core_file_attach(file->dwfl, file->elf) < 0)
		return frames_error(err, -1, core);
	return 0;
}

/* An error if none of its threads has a stack. */
static int read_core(struct core_file *file, const char *core, const struct stack_budget *budget,
		     struct stack_process *process, struct err *err)
{
	struct reading reading = { .process = process, .budget = stack_budget_half(budget) };

	if (!process->thread_count)
		return err_set(err, -EINVAL, "%s has no threads that can be read", core);
	dwfl_getthreads(file->dwfl, read_thread, &reading);
	if (!reading.frame_count)
		return err_set(err, -EIO, "%s: no stack can be read: %s", core,
			       process->threads[0].missing ? process->threads[0].missing
							   : "all are empty");
	return 0;
}

int unwind_core(const char *core, const char *executable, const struct stack_budget *budget,
		struct stack_process *process, struct err *err)
{
	struct core_file file = { .fd = -1 };
	struct listing listing = { 0 };
	int r = open_core(&file, core, executable, err);

	if (r == 0) {
		process->pid = dwfl_pid(file.dwfl);
		dwfl_getthreads(file.dwfl, list_thread, &listing);
		stack_process_set_threads(process, listing.threads, listing.count);
		r = read_core(&file, core, budget, process, err);
	}
	if (r == 0)
		frames_name(file.dwfl, process, budget);
	close_core(&file);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: first the addresses of all frames are read, of a living process from each thread
 * while it is stopped; then, in what is left of the budget, they get names, which may load much debug
 * information. So that nothing loads it while a thread is stopped, unwinding has a Dwfl of its own that
 * finds none: .eh_frame is all it takes.
 */
#include "stack/unwind.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "stack/role.h"
#include "stack/symbols.h"
#include "stack/trace.h"

/* How often, in all, and how far apart the threads are looked at until they are in a call again. */
#define BLOCKED_LOOKS 100
#define BLOCKED_LOOK_MS 5

struct unwind {
	struct stack_process *process;
	Dwfl *frames, *names; /* the same one of a core */
	Elf *elf;	      /* of a core */
	int fd;		      /* of elf, else -1 */
};

static char *no_path = NULL;

static int find_no_debuginfo(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			     const char *file, const char *link, GElf_Word crc, char **ret_file)
{
	(void)module, (void)user, (void)name, (void)base;
	(void)file, (void)link, (void)crc, (void)ret_file;
	return -1;
}

static const Dwfl_Callbacks frame_callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = find_no_debuginfo,
};

static const Dwfl_Callbacks name_callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.debuginfo_path = &no_path,
};

static const Dwfl_Callbacks core_callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.debuginfo_path = &no_path,
};

static void close_unwind(struct unwind *unwind)
{
	if (unwind->names && unwind->names != unwind->frames)
		dwfl_end(unwind->names);
	if (unwind->frames)
		dwfl_end(unwind->frames);
	if (unwind->elf)
		elf_end(unwind->elf);
	fd_close(&unwind->fd);
}

/* result: what a function of libdwfl returned that may be an errno; -1: its own error. */
static int dwfl_error(struct err *err, int result, const char *what)
{
	return result > 0 ? err_set_errno(err, result, "%s", what)
			  : err_set(err, -EIO, "%s: %s", what, dwfl_errmsg(-1));
}

static int report_process(const Dwfl_Callbacks *callbacks, pid_t pid, Dwfl **ret_dwfl,
			  struct err *err)
{
	Dwfl *dwfl = dwfl_begin(callbacks);
	int r;

	if (!dwfl)
		return dwfl_error(err, -1, "libdwfl");
	*ret_dwfl = dwfl;
	r = dwfl_linux_proc_report(dwfl, pid);
	if (r == 0)
		r = dwfl_report_end(dwfl, NULL, NULL);
	return r == 0 ? 0 : dwfl_error(err, r, "cannot read the process's memory map");
}

static int open_process(struct unwind *unwind, pid_t pid, struct err *err)
{
	int r = report_process(&frame_callbacks, pid, &unwind->frames, err);

	if (r == 0)
		r = report_process(&name_callbacks, pid, &unwind->names, err);
	if (r < 0)
		return r;
	/* We stop the threads ourselves. */
	r = dwfl_linux_proc_attach(unwind->frames, pid, true);
	return r == 0 ? 0 : dwfl_error(err, r, "cannot attach to the process");
}

static int add_frame(Dwfl_Frame *state, void *arg)
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

static void read_frames(struct unwind *unwind, struct stack_thread *thread)
{
	if (dwfl_getthread_frames(unwind->frames, thread->proc.tid, add_frame, thread) != 0 &&
	    !thread->missing)
		thread->missing = mem_strdup(dwfl_errmsg(-1));
}

/* Its state by now: the others took their time. Whether it can be stopped. */
static bool look_again(const struct unwind *unwind, struct stack_thread *thread)
{
	struct proc_thread now;

	if (!proc_thread(unwind->process->pid, thread->proc.tid, &now)) {
		thread->missing = mem_strdup("it has gone");
		return false;
	}
	thread->blocked = stack_proc_waited(&thread->proc, &now);
	stack_thread_set_proc(thread, &now);
	if (now.state == 'D' || now.state == 'Z')
		thread->missing = mem_printf("it is in %c state", now.state);
	return !thread->missing;
}

/* A thread whose stop is awaited at most limit_ns. -ETIMEDOUT: it may be read later. */
static int read_stopped(struct unwind *unwind, struct stack_thread *thread, struct trace *trace,
			int64_t limit_ns, struct err *err)
{
	int r = trace_await(trace, limit_ns, err);

	if (r < 0)
		return r;
	read_frames(unwind, thread);
	trace_release(trace);
	return 0;
}

static void set_missing(struct stack_thread *thread, const char *text)
{
	if (!thread->missing)
		thread->missing = mem_strdup(text);
}

/* Says in thread->missing what it cannot read; *ret_late: the thread is yet to stop. */
static int read_living(struct unwind *unwind, struct stack_thread *thread,
		       const struct stack_budget *budget, struct trace *trace, bool *ret_late,
		       struct err *err)
{
	int64_t left_ns = stack_budget_left_ns(budget);
	int r;

	if (left_ns <= 0) {
		set_missing(thread, STACK_NO_TIME);
		return 0;
	}
	if (!look_again(unwind, thread))
		return 0;
	r = trace_seize(thread->proc.tid, trace, err);
	if (r == 0)
		r = read_stopped(
			unwind, thread, trace,
			left_ns < UNWIND_THREAD_LIMIT_NS ? left_ns : UNWIND_THREAD_LIMIT_NS, err);
	if (r == -ETIMEDOUT)
		*ret_late = true;
	else if (r < 0)
		set_missing(thread, err->text);
	return r;
}

/* -EPERM: none may be traced. */
static int read_process(struct unwind *unwind, const struct stack_budget *budget, struct err *err)
{
	struct stack_process *process = unwind->process;
	auto_free struct trace *traces = mem_zalloc(process->thread_count * sizeof(*traces));
	auto_free bool *late = mem_zalloc(process->thread_count * sizeof(*late));
	const struct stack_budget half = stack_budget_half(budget);
	bool refused = true;

	for (size_t i = 0; i < process->thread_count; i++) {
		struct err why = { 0 };

		if (read_living(unwind, &process->threads[i], &half, &traces[i], &late[i], &why) !=
		    -EPERM)
			refused = false;
		else
			*err = why;
	}
	/* Those that slept in the kernel may have left it meanwhile; else they stand until we end. */
	for (size_t i = 0; i < process->thread_count; i++) {
		struct err why = { 0 };

		if (late[i] && read_stopped(unwind, &process->threads[i], &traces[i], 0, &why) < 0)
			set_missing(&process->threads[i], why.text);
	}
	return refused ? err->code : 0;
}

/* A wait is one only if it lasted. A thread that was let go is in its call again only once it had a CPU. */
static void find_blocked(struct stack_process *process, const struct stack_budget *budget)
{
	int looks = BLOCKED_LOOKS;

	for (size_t i = 0; i < process->thread_count; i++) {
		struct stack_thread *thread = &process->threads[i];
		struct proc_thread now;

		if (!thread->blocked || !proc_thread(process->pid, thread->proc.tid, &now)) {
			thread->blocked = false;
			continue;
		}
		while (now.syscall < 0 && looks-- > 0 && stack_budget_left_ns(budget) > 0 &&
		       proc_thread(process->pid, thread->proc.tid, &now))
			poll(NULL, 0, BLOCKED_LOOK_MS);
		thread->blocked = stack_proc_waited(&thread->proc, &now);
	}
}

static void find_names(struct unwind *unwind, const struct stack_budget *budget)
{
	symbols_name(unwind->names, unwind->process, budget);
	symbols_locate(unwind->names, unwind->process, budget);
	stack_roles_by_frames(unwind->process);
}

int unwind_process(pid_t pid, const struct stack_budget *budget, struct stack_process *process,
		   struct err *err)
{
	struct unwind unwind = { .process = process, .fd = -1 };
	struct proc_thread *threads = NULL;
	size_t count = proc_threads(pid, &threads);
	int r;

	if (!count)
		return err_set(err, -ESRCH, "there is no process %d", pid);
	process->pid = pid;
	stack_process_set_threads(process, threads, count);
	r = open_process(&unwind, pid, err);
	if (r == 0)
		r = read_process(&unwind, budget, err);
	for (size_t i = 0; i < count && r < 0; i++)
		set_missing(&process->threads[i], err->text);
	if (r == 0) {
		find_blocked(process, budget);
		find_names(&unwind, budget);
	}
	close_unwind(&unwind);
	return r;
}

/* Threads of a core, as libdwfl lists them. */
struct listing {
	struct proc_thread *threads;
	size_t count;
};

static int list_thread(Dwfl_Thread *thread, void *arg)
{
	struct listing *listing = arg;

	if (listing->count == PROC_THREADS_MAX)
		return DWARF_CB_ABORT;
	listing->threads =
		mem_realloc(listing->threads, listing->count + 1, sizeof(*listing->threads));
	listing->threads[listing->count++] =
		(struct proc_thread){ .tid = dwfl_thread_tid(thread), .syscall = -1 };
	return DWARF_CB_OK;
}

static int open_core(struct unwind *unwind, const char *core, const char *executable,
		     struct err *err)
{
	unwind->frames = unwind->names = dwfl_begin(&core_callbacks);
	if (!unwind->frames)
		return dwfl_error(err, -1, "libdwfl");
	if (elf_version(EV_CURRENT) == EV_NONE)
		return err_set(err, -EIO, "libelf: %s", elf_errmsg(-1));
	unwind->fd = open(core, O_RDONLY | O_CLOEXEC);
	if (unwind->fd < 0)
		return err_set_errno(err, errno, "%s", core);
	/* Not by mmap: a file that becomes shorter meanwhile would kill us by SIGBUS. */
	unwind->elf = elf_begin(unwind->fd, ELF_C_READ, NULL);
	if (!unwind->elf || elf_kind(unwind->elf) != ELF_K_ELF)
		return err_set(err, -EINVAL, "%s is no ELF file", core);
	if (dwfl_core_file_report(unwind->frames, unwind->elf, executable) < 0 ||
	    dwfl_report_end(unwind->frames, NULL, NULL) != 0)
		return dwfl_error(err, -1, core);
	if (dwfl_core_file_attach(unwind->frames, unwind->elf) < 0)
		return dwfl_error(err, -1, core);
	return 0;
}

/* An error if none of its threads has a stack. */
static int read_core(struct unwind *unwind, const char *core, const struct stack_budget *budget,
		     struct err *err)
{
	struct stack_process *process = unwind->process;
	const struct stack_budget half = stack_budget_half(budget);
	size_t frames = 0;

	for (size_t i = 0; i < process->thread_count; i++) {
		struct stack_thread *thread = &process->threads[i];

		if (stack_budget_left_ns(&half) > 0)
			read_frames(unwind, thread);
		else
			set_missing(thread, STACK_NO_TIME);
		frames += thread->frame_count;
	}
	if (!process->thread_count)
		return err_set(err, -EINVAL, "%s has no threads that can be read", core);
	if (!frames)
		return err_set(err, -EIO, "%s: no stack can be read: %s", core,
			       process->threads[0].missing ? process->threads[0].missing
							   : "they are empty");
	return 0;
}

int unwind_core(const char *core, const char *executable, const struct stack_budget *budget,
		struct stack_process *process, struct err *err)
{
	struct unwind unwind = { .process = process, .fd = -1 };
	struct listing listing = { 0 };
	int r = open_core(&unwind, core, executable, err);

	if (r == 0) {
		process->pid = dwfl_pid(unwind.frames);
		dwfl_getthreads(unwind.frames, list_thread, &listing);
		stack_process_set_threads(process, listing.threads, listing.count);
		r = read_core(&unwind, core, budget, err);
	}
	if (r == 0)
		find_names(&unwind, budget);
	close_unwind(&unwind);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: first the addresses of all frames are read, of a living process from each thread
 * while it is stopped; then, in what is left of the budget, they get names, which may load much debug
 * information. So that nothing loads it while a thread is stopped, unwinding has a Dwfl of its own that
 * finds none: .eh_frame is all it takes.
 */
#include "stack/unwind.h"

#include <errno.h>
#include <poll.h>

#include "base/mem.h"
#include "stack/frames.h"
#include "stack/trace.h"

/* How often, in all, and how far apart the threads are looked at until they are in a call again. */
#define BLOCKED_LOOKS 100
#define BLOCKED_LOOK_MS 5

struct unwind {
	struct stack_process *process;
	Dwfl *frames, *names;
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

static void close_unwind(struct unwind *unwind)
{
	if (unwind->names)
		dwfl_end(unwind->names);
	if (unwind->frames)
		dwfl_end(unwind->frames);
}

static int report_process(const Dwfl_Callbacks *callbacks, pid_t pid, Dwfl **ret_dwfl,
			  struct err *err)
{
	Dwfl *dwfl = dwfl_begin(callbacks);
	int r;

	if (!dwfl)
		return frames_error(err, -1, "libdwfl");
	*ret_dwfl = dwfl;
	r = dwfl_linux_proc_report(dwfl, pid);
	if (r == 0)
		r = dwfl_report_end(dwfl, NULL, NULL);
	return r == 0 ? 0 : frames_error(err, r, "cannot read the process's memory map");
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
	return r == 0 ? 0 : frames_error(err, r, "cannot attach to the process");
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
	if (dwfl_getthread_frames(unwind->frames, thread->proc.tid, frames_add, thread) != 0)
		stack_thread_miss(thread, dwfl_errmsg(-1));
	trace_release(trace);
	return 0;
}

/* Says in thread->missing what it cannot read; *ret_late: the thread is yet to stop. */
static int read_living(struct unwind *unwind, struct stack_thread *thread,
		       const struct stack_budget *budget, struct trace *trace, bool *ret_late,
		       struct err *err)
{
	int64_t left_ns = stack_budget_left_ns(budget);
	int r;

	if (left_ns <= 0) {
		stack_thread_miss(thread, STACK_NO_TIME);
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
		stack_thread_miss(thread, err->text);
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
			stack_thread_miss(&process->threads[i], why.text);
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

int unwind_process(pid_t pid, const struct stack_budget *budget, struct stack_process *process,
		   struct err *err)
{
	struct unwind unwind = { .process = process };
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
		stack_thread_miss(&process->threads[i], err->text);
	if (r == 0) {
		find_blocked(process, budget);
		frames_name(unwind.names, process, budget);
	}
	close_unwind(&unwind);
	return r;
}

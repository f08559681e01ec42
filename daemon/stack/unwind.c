// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks by libdwfl. */
#include "stack/unwind.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"

/* Names of QEMU's big lock: up to 8.2, and since. */
static const char *const bql_names[] = { "qemu_global_mutex", "bql" };

/* How often, in all, and how far apart the threads are looked at until they are in a call again. */
#define BLOCKED_LOOKS 100
#define BLOCKED_LOOK_MS 5

struct unwind {
	Dwfl *dwfl;
	Elf *elf; /* of a core */
	int fd;	  /* of elf, else -1 */
};

static void close_unwind(struct unwind *unwind)
{
	if (unwind->dwfl)
		dwfl_end(unwind->dwfl);
	if (unwind->elf)
		elf_end(unwind->elf);
	fd_close(&unwind->fd);
}

/* A copy of what a file that others wrote says. */
static char *copy_name(const char *name, size_t length)
{
	char *copy = mem_strndup(name, length);

	ascii_only(copy, '?');
	return copy;
}

static char *make_source(Dwfl_Module *module, uint64_t pc)
{
	Dwfl_Line *line = dwfl_module_getsrc(module, pc);
	int number;
	const char *file = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;

	auto_free char *name = file ? copy_name(file, strlen(file)) : NULL;

	return name ? mem_printf("%s:%d", name, number) : NULL;
}

static char *make_build_id(Dwfl_Module *module)
{
	const unsigned char *bits;
	GElf_Addr at;
	int size = dwfl_module_build_id(module, &bits, &at);

	return size > 0 ? mem_hex(bits, (size_t)size) : NULL;
}

static void describe_frame(Dwfl *dwfl, struct stack_frame *frame, bool activation)
{
	/* A return address may be the first of what follows the function. */
	uint64_t pc = activation ? frame->pc : frame->pc - 1;
	Dwfl_Module *module = dwfl_addrmodule(dwfl, pc);
	const char *path = NULL, *name;
	Dwarf_Addr start = 0;
	GElf_Off offset;
	GElf_Sym symbol;

	if (!module)
		return;
	name = dwfl_module_info(module, NULL, &start, NULL, NULL, NULL, &path, NULL);
	path = path ? path : name ? name : "?";
	frame->module = copy_name(path, strlen(path));
	frame->module_offset = pc - start;
	frame->build_id = make_build_id(module);
	frame->source = make_source(module, pc);
	name = dwfl_module_addrinfo(module, pc, &offset, &symbol, NULL, NULL, NULL);
	if (name) {
		frame->function = copy_name(name, strcspn(name, "@"));
		frame->offset = offset;
	}
}

/* Of one thread while its frames are read. */
struct reading {
	struct unwind *unwind;
	struct stack_thread *thread;
};

static int add_frame(Dwfl_Frame *state, void *arg)
{
	struct reading *reading = arg;
	struct stack_thread *thread = reading->thread;
	struct stack_frame *frame;
	Dwarf_Addr pc;
	bool activation;

	if (thread->frame_count == STACK_FRAMES_MAX) {
		thread->missing = mem_printf("there are more than %d frames", STACK_FRAMES_MAX);
		return DWARF_CB_ABORT;
	}
	if (!dwfl_frame_pc(state, &pc, &activation))
		return DWARF_CB_ABORT;
	thread->frames = mem_realloc(thread->frames, thread->frame_count + 1, sizeof(*frame));
	frame = &thread->frames[thread->frame_count++];
	*frame = (struct stack_frame){ .pc = pc };
	describe_frame(reading->unwind->dwfl, frame, activation);
	return DWARF_CB_OK;
}

static void read_stack(struct unwind *unwind, struct stack_thread *thread)
{
	struct reading reading = { unwind, thread };

	/* To stop it would wait until it leaves the kernel. */
	if (thread->proc.state == 'D' || thread->proc.state == 'Z') {
		thread->missing = mem_printf("it is in %c state", thread->proc.state);
		return;
	}
	if (dwfl_getthread_frames(unwind->dwfl, thread->proc.tid, add_frame, &reading) != 0 &&
	    !thread->missing)
		thread->missing = mem_strdup(dwfl_errmsg(-1));
}

/* The address of the big lock, which is a symbol of the program itself. */
static int find_bql(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start, void *arg)
{
	struct stack_process *process = arg;
	int count = dwfl_module_getsymtab(module);

	(void)user;
	(void)name;
	(void)start;
	for (int i = 0; i < count && !process->bql; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		const char *found =
			dwfl_module_getsym_info(module, i, &symbol, &address, NULL, NULL, NULL);

		for (size_t n = 0; found && n < ARRAY_SIZE(bql_names); n++)
			if (!strcmp(found, bql_names[n]) &&
			    GELF_ST_TYPE(symbol.st_info) == STT_OBJECT)
				process->bql = address;
	}
	/* The first module is the program. */
	return DWARF_CB_ABORT;
}

static int dwfl_error(struct err *err, const char *what)
{
	return err_set(err, -EIO, "%s: %s", what, dwfl_errmsg(-1));
}

/* A wait with a time goes on as another call, once the thread was stopped. */
static bool same_call(const struct proc_thread *a, const struct proc_thread *b)
{
	return a->syscall >= 0 && (a->syscall == b->syscall || b->syscall == SYS_restart_syscall) &&
	       !memcmp(a->args, b->args, sizeof(a->args));
}

/* A wait is one only if it lasted. A thread that was let go is in its call again only once it had a CPU. */
static void find_blocked(struct stack_process *process)
{
	int looks = BLOCKED_LOOKS;

	for (size_t i = 0; i < process->thread_count; i++) {
		struct stack_thread *thread = &process->threads[i];
		struct proc_thread now;

		if (thread->proc.syscall < 0 || !proc_thread(process->pid, thread->proc.tid, &now))
			continue;
		while (now.syscall < 0 && looks-- > 0 &&
		       proc_thread(process->pid, thread->proc.tid, &now))
			poll(NULL, 0, BLOCKED_LOOK_MS);
		thread->blocked = same_call(&thread->proc, &now);
	}
}

int unwind_process(pid_t pid, struct stack_process *process, struct err *err)
{
	static char *no_path = NULL;
	const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.debuginfo_path = &no_path,
	};
	struct unwind unwind = { .dwfl = dwfl_begin(&callbacks), .fd = -1 };
	struct proc_thread *threads = NULL;
	size_t count;
	int r = 0;

	if (!unwind.dwfl)
		return dwfl_error(err, "libdwfl");
	process->pid = pid;
	count = proc_threads(pid, &threads);
	if (!count)
		r = err_set(err, -ESRCH, "there is no process %d", pid);
	else if (dwfl_linux_proc_report(unwind.dwfl, pid) != 0 ||
		 dwfl_report_end(unwind.dwfl, NULL, NULL) != 0)
		r = dwfl_error(err, "cannot read the process's memory map");
	else if (dwfl_linux_proc_attach(unwind.dwfl, pid, false) != 0)
		r = dwfl_error(err, "cannot attach to the process");
	/* Even then /proc has said what its threads do. */
	if (count)
		stack_process_set_threads(process, threads, count);
	if (r == 0) {
		dwfl_getmodules(unwind.dwfl, find_bql, process, 0);
		for (size_t i = 0; i < count; i++)
			read_stack(&unwind, &process->threads[i]);
		find_blocked(process);
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
	if (elf_version(EV_CURRENT) == EV_NONE)
		return err_set(err, -EIO, "libelf: %s", elf_errmsg(-1));
	unwind->fd = open(core, O_RDONLY | O_CLOEXEC);
	if (unwind->fd < 0)
		return err_set_errno(err, errno, "%s", core);
	unwind->elf = elf_begin(unwind->fd, ELF_C_READ_MMAP, NULL);
	if (!unwind->elf || elf_kind(unwind->elf) != ELF_K_ELF)
		return err_set(err, -EINVAL, "%s is no ELF file", core);
	if (dwfl_core_file_report(unwind->dwfl, unwind->elf, executable) < 0 ||
	    dwfl_report_end(unwind->dwfl, NULL, NULL) != 0)
		return dwfl_error(err, core);
	if (dwfl_core_file_attach(unwind->dwfl, unwind->elf) < 0)
		return dwfl_error(err, core);
	return 0;
}

int unwind_core(const char *core, const char *executable, struct stack_process *process,
		struct err *err)
{
	static char *no_path = NULL;
	const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.debuginfo_path = &no_path,
	};
	struct unwind unwind = { .dwfl = dwfl_begin(&callbacks), .fd = -1 };
	struct listing listing = { 0 };
	int r;

	if (!unwind.dwfl)
		return dwfl_error(err, "libdwfl");
	r = open_core(&unwind, core, executable, err);
	if (r == 0) {
		process->pid = dwfl_pid(unwind.dwfl);
		dwfl_getthreads(unwind.dwfl, list_thread, &listing);
		stack_process_set_threads(process, listing.threads, listing.count);
		for (size_t i = 0; i < process->thread_count; i++)
			read_stack(&unwind, &process->threads[i]);
	}
	close_unwind(&unwind);
	return r;
}

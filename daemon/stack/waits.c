// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: each blocked thread gets waits, in this order: the thread that it joins or whose
 * mutex it wants, as the process's memory says; else what the table of QEMU's functions says; else the
 * plain fact.
 */
#include "stack/waits.h"

#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/mem.h"
#include "stack/circle.h"
#include "stack/role.h"

/* struct __pthread_mutex_s of glibc, x86-64: the lock word, a counter, then the owner's thread id. */
#define MUTEX_OWNER_OFFSET 8

struct graph {
	struct stack_process *process;
	waits_owner_fn owner_fn;
	void *ctx;
};

/* Whom a function of QEMU waits for. */
enum waits_on {
	ON_NOBODY, /* it has nothing to do: no wait */
	ON_MAIN,
	ON_VCPUS, /* all that do not idle themselves */
	ON_MIGRATION,
	ON_PEER, /* another process */
};

/* The first row decides whose function is in the stack; within: a second one that must be, too. Sources:
 * QEMU 7.2 to 10.0, softmmu/cpus.c (system/cpus.c), util/async.c, util/thread-pool.c, util/rcu.c,
 * block/io.c, migration/multifd.c, migration/migration.c. */
static const struct row {
	const char *function, *within;
	bool not_main; /* the main thread does this itself */
	enum waits_on on;
	enum stack_what what;
	const char *text;
} rows[] = {
	{ "qemu_wait_io_event", NULL, false, ON_NOBODY, 0, NULL },
	{ "pause_all_vcpus", NULL, false, ON_VCPUS, STACK_CONDITION,
	  "waits in pause_all_vcpus for %s" },
	{ "multifd_send_sync_main", "ram_save_setup", true, ON_MAIN, STACK_SEMAPHORE,
	  "waits in multifd_send_sync_main on a semaphore for its multifd channels, "
	  "those of which are not set up yet need the main thread" },
	{ "multifd_send_sync_main", NULL, true, ON_PEER, STACK_SEMAPHORE,
	  "waits in multifd_send_sync_main on a semaphore for its multifd channels" },
	{ "multifd_recv_sync_main", NULL, false, ON_PEER, STACK_SEMAPHORE,
	  "waits in multifd_recv_sync_main on a semaphore for its multifd channels" },
	{ "multifd_send_thread", "qemu_sem_wait", false, ON_NOBODY, 0, NULL },
	{ "multifd_recv_thread", "qemu_sem_wait", false, ON_NOBODY, 0, NULL },
	{ "worker_thread", "qemu_cond_timedwait_impl", false, ON_NOBODY, 0, NULL },
	{ "worker_thread", "qemu_sem_timedwait", false, ON_NOBODY, 0, NULL },
	{ "call_rcu_thread", "qemu_event_wait", false, ON_NOBODY, 0, NULL },
	{ "iothread_run", "g_main_loop_run", false, ON_NOBODY, 0, NULL },
	{ "blk_pwrite", "aio_poll", true, ON_MAIN, STACK_IO,
	  "waits in blk_pwrite for an I/O that only the main loop can complete" },
	{ "blk_pread", "aio_poll", true, ON_MAIN, STACK_IO,
	  "waits in blk_pread for an I/O that only the main loop can complete" },
	{ "iothread_run", "aio_poll", false, ON_NOBODY, 0, NULL },
	{ "aio_poll", NULL, true, ON_MAIN, STACK_POLL,
	  "waits in aio_poll for what only the main loop can complete" },
	{ "migrate_fd_cleanup", "qemu_thread_join", false, ON_MIGRATION, STACK_JOIN,
	  "waits in migrate_fd_cleanup for the end of %s" },
	{ "qio_channel_socket_readv", NULL, false, ON_PEER, STACK_IO,
	  "waits in %s for what its peer has not sent" },
	{ "qio_channel_socket_writev", NULL, false, ON_PEER, STACK_IO,
	  "waits in %s for its peer to read" },
};

static const char *const bql_functions[] = { "qemu_mutex_lock_iothread_impl", "bql_lock_impl" };
static const char *const lock_functions[] = {
	"__GI___lll_lock_wait", "__lll_lock_wait",	     "pthread_mutex_lock",
	"__pthread_mutex_lock", "__GI___pthread_mutex_lock", "__pthread_mutex_cond_lock"
};
/* QEMU's own, above what of glibc has no names. */
static const char *const qemu_lock_functions[] = { "qemu_mutex_lock_impl", "qemu_cond_wait_impl",
						   "qemu_cond_timedwait_impl",
						   "qemu_rec_mutex_lock_impl" };
static const char *const join_functions[] = { "__pthread_clockjoin_ex", "pthread_join",
					      "__pthread_join", "qemu_thread_join" };

/* How deep among the frames that one of these is: within glibc, and above it. */
#define LOCK_DEPTH 2
#define JOIN_DEPTH 4
#define QEMU_LOCK_DEPTH 5

/* futex(2) of a contended mutex of glibc: waits while its word is that. */
#define MUTEX_FUTEX_OP (FUTEX_WAIT | FUTEX_PRIVATE_FLAG)
#define MUTEX_CONTENDED 2

/* Only among the innermost frames: a thread that waits for a condition is in no lock. Inlined functions
 * do not count. */
static bool begins_in(const struct stack_thread *thread, const char *const *functions, size_t count,
		      size_t depth)
{
	for (size_t i = 0; i < thread->frame_count && depth; i++) {
		for (size_t n = 0; n < count; n++)
			if (stack_frame_in(&thread->frames[i], functions[n]))
				return true;
		depth -= !thread->frames[i].inlined;
	}
	return false;
}

static bool is_main(const struct graph *graph, const struct stack_thread *thread)
{
	return thread->proc.tid == graph->process->pid;
}

static bool is_vcpu(const struct stack_thread *thread)
{
	return !strncmp(thread->role, "vCPU", 4);
}

/* object may be NULL; takes over text. */
static void add_wait(struct stack_thread *thread, enum stack_what what, const char *object,
		     const struct stack_thread *on, char *text)
{
	if (thread->wait_count == STACK_WAITS_MAX) {
		free(text);
		return;
	}
	thread->waits = mem_realloc(thread->waits, thread->wait_count + 1, sizeof(*thread->waits));
	thread->waits[thread->wait_count++] = (struct stack_wait){
		.what = what,
		.object = object ? mem_strdup(object) : NULL,
		.on = on ? on->proc.tid : 0,
		.text = text,
	};
}

static bool wants_bql(const struct stack_thread *thread)
{
	for (size_t i = 0; i < ARRAY_SIZE(bql_functions); i++)
		if (stack_thread_in(thread, bql_functions[i]))
			return true;
	return false;
}

/* With glibc's names, its function says so; else the call does: its address, or what it waits for. */
static bool wants_mutex(const struct stack_process *process, const struct stack_thread *thread)
{
	const struct proc_thread *proc = &thread->proc;

	if (proc->syscall != SYS_futex)
		return false;
	if (begins_in(thread, lock_functions, ARRAY_SIZE(lock_functions), LOCK_DEPTH))
		return true;
	if (proc->args[1] != MUTEX_FUTEX_OP || proc->args[2] != MUTEX_CONTENDED)
		return false;
	return (process->bql && proc->args[0] == process->bql) ||
	       begins_in(thread, qemu_lock_functions, ARRAY_SIZE(qemu_lock_functions),
			 QEMU_LOCK_DEPTH);
}

/* Without the symbol, a thread that waits for the big lock tells where it is. */
static void find_bql(struct stack_process *process)
{
	for (size_t i = 0; i < process->thread_count && !process->bql; i++)
		if (wants_mutex(process, &process->threads[i]) && wants_bql(&process->threads[i]))
			process->bql = process->threads[i].proc.args[0];
}

static void add_mutex(const struct graph *graph, struct stack_thread *thread)
{
	uint64_t address = thread->proc.args[0];
	bool bql = address == graph->process->bql;
	auto_free char *object =
		bql ? mem_strdup("BQL") : mem_printf("0x%llx", (unsigned long long)address);
	const char *kind = bql ? "the" : "the mutex at";
	const struct stack_thread *owner;
	auto_free char *name = NULL;
	pid_t tid;

	if (!graph->owner_fn(graph->ctx, address, &tid)) {
		add_wait(thread, STACK_MUTEX, object, NULL,
			 mem_printf("waits for %s %s", kind, object));
		return;
	}
	owner = stack_process_find(graph->process, tid);
	if (owner)
		name = stack_thread_title(owner);
	else
		name = tid ? mem_printf("thread %d, which is gone", tid) : mem_strdup("nobody");
	add_wait(thread, STACK_MUTEX, object, owner,
		 mem_printf("waits for %s %s, which %s holds", kind, object, name));
}

/* glibc waits on the tid field of the joined thread until the kernel clears it: the value waited on is the
 * thread's id. NULL: the thread is in no join. */
static const struct stack_thread *find_joined(const struct graph *graph,
					      const struct stack_thread *thread)
{
	if (thread->proc.syscall != SYS_futex ||
	    !begins_in(thread, join_functions, ARRAY_SIZE(join_functions), JOIN_DEPTH))
		return NULL;
	return stack_process_find(graph->process, (pid_t)thread->proc.args[2]);
}

static void add_join(struct stack_thread *thread, const struct stack_thread *on)
{
	auto_free char *name = stack_thread_title(on);

	add_wait(thread, STACK_JOIN, "pthread_join", on,
		 mem_printf("waits in pthread_join for the end of %s", name));
}

/* text with its %s, where it has one, replaced by name. */
static char *fill(const char *text, const char *name)
{
	const char *hole = strstr(text, "%s");

	return hole ? mem_printf("%.*s%s%s", (int)(hole - text), text, name, hole + 2)
		    : mem_strdup(text);
}

static const struct row *find_row(const struct graph *graph, const struct stack_thread *thread)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (stack_thread_in(thread, rows[i].function) &&
		    (!rows[i].within || stack_thread_in(thread, rows[i].within)) &&
		    !(rows[i].not_main && is_main(graph, thread)))
			return &rows[i];
	return NULL;
}

/* One that idles has been paused; but not one that is to get a mutex before. */
static bool is_paused(const struct graph *graph, const struct stack_thread *vcpu)
{
	return stack_thread_in(vcpu, "qemu_wait_io_event") && !wants_mutex(graph->process, vcpu);
}

/* A running vCPU is waited for as well as a blocked one. */
static void add_vcpus(const struct graph *graph, struct stack_thread *thread, const struct row *row)
{
	for (size_t i = 0; i < graph->process->thread_count; i++) {
		struct stack_thread *vcpu = &graph->process->threads[i];
		auto_free char *name = stack_thread_title(vcpu);

		if (is_vcpu(vcpu) && vcpu != thread && !is_paused(graph, vcpu))
			add_wait(thread, row->what, row->function, vcpu, fill(row->text, name));
	}
}

static const struct stack_thread *thread_of_role(const struct graph *graph, const char *role)
{
	for (size_t i = 0; i < graph->process->thread_count; i++)
		if (!strcmp(graph->process->threads[i].role, role))
			return &graph->process->threads[i];
	return NULL;
}

static void add_row(const struct graph *graph, struct stack_thread *thread, const struct row *row)
{
	const struct stack_thread *on = NULL;
	auto_free char *name = NULL;

	switch (row->on) {
	case ON_NOBODY:
		return;
	case ON_VCPUS:
		add_vcpus(graph, thread, row);
		return;
	case ON_MAIN:
		on = thread_of_role(graph, "main");
		break;
	case ON_MIGRATION:
		on = thread_of_role(graph, "migration");
		break;
	case ON_PEER:
		break;
	}
	name = on ? stack_thread_title(on) : mem_strdup(row->function);
	add_wait(thread, row->what, row->function, on, fill(row->text, name));
}

/* The plain fact, where nobody is known who could end it. */
static void add_call(struct stack_thread *thread)
{
	static const struct {
		const char *function;
		enum stack_what what;
		const char *text;
	} kinds[] = {
		{ "qemu_sem_wait", STACK_SEMAPHORE, "waits on a semaphore" },
		{ "qemu_event_wait", STACK_EVENT, "waits for an event" },
		{ "qemu_cond_wait_impl", STACK_CONDITION, "waits for a condition" },
		{ "pthread_cond_wait", STACK_CONDITION, "waits for a condition" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (stack_thread_in(thread, kinds[i].function)) {
			add_wait(thread, kinds[i].what, kinds[i].function, NULL,
				 mem_strdup(kinds[i].text));
			return;
		}
}

static void add_waits(const struct graph *graph, struct stack_thread *thread)
{
	const struct stack_thread *joined;
	const struct row *row;

	if (!thread->blocked)
		return;
	joined = find_joined(graph, thread);
	row = find_row(graph, thread);
	if (wants_mutex(graph->process, thread))
		add_mutex(graph, thread);
	else if (joined)
		add_join(thread, joined);
	else if (row)
		add_row(graph, thread, row);
	else
		add_call(thread);
}

void waits_find(struct stack_process *process, waits_owner_fn owner_fn, void *ctx)
{
	const struct graph graph = { process, owner_fn, ctx };

	find_bql(process);
	for (size_t i = 0; i < process->thread_count; i++)
		add_waits(&graph, &process->threads[i]);
	process->circle = circle_find(process);
}

bool waits_read_owner(void *ctx, uint64_t address, pid_t *ret_owner)
{
	const struct stack_process *process = ctx;
	int32_t owner;
	struct iovec here = { &owner, sizeof(owner) };
	struct iovec there = { (void *)(uintptr_t)(address + MUTEX_OWNER_OFFSET), sizeof(owner) };

	if (process_vm_readv(process->pid, &here, 1, &there, 1, 0) != sizeof(owner))
		return false;
	*ret_owner = owner;
	return true;
}

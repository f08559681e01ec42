// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: each blocked thread gets waits, in this order: the thread that it joins or whose
 * mutex it wants, as the process's memory says; else what the table of QEMU's functions says; else the
 * plain fact. The graph is of threads alone, so a circle is found by walking from thread to thread.
 */
#include "stack/waits.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/mem.h"

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
	const char *text;
} rows[] = {
	{ "qemu_wait_io_event", NULL, false, ON_NOBODY, NULL },
	{ "pause_all_vcpus", NULL, false, ON_VCPUS, "waits in pause_all_vcpus for %s" },
	{ "multifd_send_sync_main", "ram_save_setup", true, ON_MAIN,
	  "waits in multifd_send_sync_main on a semaphore for its multifd channels, "
	  "those of which are not set up yet need the main thread" },
	{ "multifd_send_sync_main", NULL, true, ON_PEER,
	  "waits in multifd_send_sync_main on a semaphore for its multifd channels" },
	{ "multifd_recv_sync_main", NULL, false, ON_PEER,
	  "waits in multifd_recv_sync_main on a semaphore for its multifd channels" },
	{ "multifd_send_thread", "qemu_sem_wait", false, ON_NOBODY, NULL },
	{ "multifd_recv_thread", "qemu_sem_wait", false, ON_NOBODY, NULL },
	{ "worker_thread", "qemu_cond_timedwait_impl", false, ON_NOBODY, NULL },
	{ "worker_thread", "qemu_sem_timedwait", false, ON_NOBODY, NULL },
	{ "call_rcu_thread", "qemu_event_wait", false, ON_NOBODY, NULL },
	{ "iothread_run", "g_main_loop_run", false, ON_NOBODY, NULL },
	{ "blk_pwrite", "aio_poll", true, ON_MAIN,
	  "waits in blk_pwrite for an I/O that only the main loop can complete" },
	{ "blk_pread", "aio_poll", true, ON_MAIN,
	  "waits in blk_pread for an I/O that only the main loop can complete" },
	{ "iothread_run", "aio_poll", false, ON_NOBODY, NULL },
	{ "aio_poll", NULL, true, ON_MAIN,
	  "waits in aio_poll for what only the main loop can complete" },
	{ "migrate_fd_cleanup", "qemu_thread_join", false, ON_MIGRATION,
	  "waits in migrate_fd_cleanup for the end of %s" },
	{ "qio_channel_socket_readv", NULL, false, ON_PEER,
	  "waits in %s for what its peer has not sent" },
	{ "qio_channel_socket_writev", NULL, false, ON_PEER, "waits in %s for its peer to read" },
};

static const char *const bql_functions[] = { "qemu_mutex_lock_iothread_impl", "bql_lock_impl" };
static const char *const lock_functions[] = {
	"__GI___lll_lock_wait", "__lll_lock_wait",	     "pthread_mutex_lock",
	"__pthread_mutex_lock", "__GI___pthread_mutex_lock", "__pthread_mutex_cond_lock"
};
static const char *const join_functions[] = { "__pthread_clockjoin_ex", "pthread_join",
					      "__pthread_join" };

/* Only among the innermost frames: a thread that waits for a condition is in no lock. */
static bool begins_in(const struct stack_thread *thread, const char *const *functions, size_t count,
		      size_t depth)
{
	for (size_t i = 0; i < thread->frame_count && i < depth; i++)
		for (size_t n = 0; n < count && thread->frames[i].function; n++)
			if (!strcmp(thread->frames[i].function, functions[n]))
				return true;
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

/* Takes over text. */
static void add_wait(struct stack_thread *thread, const struct stack_thread *on, char *text)
{
	if (thread->wait_count == STACK_WAITS_MAX) {
		free(text);
		return;
	}
	thread->waits = mem_realloc(thread->waits, thread->wait_count + 1, sizeof(*thread->waits));
	thread->waits[thread->wait_count++] =
		(struct stack_wait){ .on = on ? on->proc.tid : 0, .text = text };
}

/* "main" alone is no name for a thread in a sentence, nor is a role without a number. */
static char *name_thread(const struct stack_thread *thread)
{
	bool numbered =
		thread->role[0] && strspn(thread->role + strlen(thread->role) - 1, "0123456789");

	return numbered ? mem_strdup(thread->role) : mem_printf("the %s thread", thread->role);
}

static bool wants_bql(const struct stack_thread *thread)
{
	for (size_t i = 0; i < ARRAY_SIZE(bql_functions); i++)
		if (stack_thread_in(thread, bql_functions[i]))
			return true;
	return false;
}

static bool wants_mutex(const struct stack_thread *thread)
{
	return thread->proc.syscall == SYS_futex &&
	       begins_in(thread, lock_functions, ARRAY_SIZE(lock_functions), 2);
}

/* Without the symbol, a thread that waits for the big lock tells where it is. */
static void find_bql(struct stack_process *process)
{
	for (size_t i = 0; i < process->thread_count && !process->bql; i++)
		if (wants_mutex(&process->threads[i]) && wants_bql(&process->threads[i]))
			process->bql = process->threads[i].proc.args[0];
}

static void add_mutex(const struct graph *graph, struct stack_thread *thread)
{
	uint64_t address = thread->proc.args[0];
	auto_free char *mutex =
		address == graph->process->bql
			? mem_strdup("the BQL")
			: mem_printf("the mutex at 0x%llx", (unsigned long long)address);
	const struct stack_thread *owner;
	auto_free char *name = NULL;
	pid_t tid;

	if (!graph->owner_fn(graph->ctx, address, &tid)) {
		add_wait(thread, NULL, mem_printf("waits for %s", mutex));
		return;
	}
	owner = stack_process_find(graph->process, tid);
	if (owner)
		name = name_thread(owner);
	else
		name = tid ? mem_printf("thread %d, which is gone", tid) : mem_strdup("nobody");
	add_wait(thread, owner, mem_printf("waits for %s, which %s holds", mutex, name));
}

/* glibc waits on the tid field of the joined thread until the kernel clears it: the value waited on is the
 * thread's id. */
static void add_join(const struct graph *graph, struct stack_thread *thread)
{
	const struct stack_thread *on =
		stack_process_find(graph->process, (pid_t)thread->proc.args[2]);
	auto_free char *name =
		on ? name_thread(on) : mem_printf("thread %d", (int)thread->proc.args[2]);

	add_wait(thread, on, mem_printf("waits in pthread_join for the end of %s", name));
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

/* A running vCPU is waited for as well as a blocked one; one that idles has been paused. */
static void add_vcpus(const struct graph *graph, struct stack_thread *thread, const char *text)
{
	for (size_t i = 0; i < graph->process->thread_count; i++) {
		struct stack_thread *vcpu = &graph->process->threads[i];
		auto_free char *name = name_thread(vcpu);

		if (!is_vcpu(vcpu) || vcpu == thread || stack_thread_in(vcpu, "qemu_wait_io_event"))
			continue;
		add_wait(thread, vcpu, fill(text, name));
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
		add_vcpus(graph, thread, row->text);
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
	name = on ? name_thread(on) : mem_strdup(row->function);
	add_wait(thread, on, fill(row->text, name));
}

/* The plain fact, where nobody is known who could end it. */
static void add_call(struct stack_thread *thread)
{
	static const struct {
		const char *function, *text;
	} kinds[] = {
		{ "qemu_sem_wait", "waits on a semaphore" },
		{ "qemu_event_wait", "waits for an event" },
		{ "qemu_cond_wait_impl", "waits for a condition" },
		{ "pthread_cond_wait", "waits for a condition" },
	};
	const char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !text; i++)
		if (stack_thread_in(thread, kinds[i].function))
			text = kinds[i].text;
	if (text)
		add_wait(thread, NULL, mem_strdup(text));
}

static void add_waits(const struct graph *graph, struct stack_thread *thread)
{
	const struct row *row;

	if (!thread->blocked)
		return;
	if (wants_mutex(thread)) {
		add_mutex(graph, thread);
		return;
	}
	row = find_row(graph, thread);
	if (thread->proc.syscall == SYS_futex &&
	    begins_in(thread, join_functions, ARRAY_SIZE(join_functions), 3))
		add_join(graph, thread);
	else if (row)
		add_row(graph, thread, row);
	else
		add_call(thread);
}

/* One way through the graph; each thread is on it once at most. */
struct path {
	const struct stack_thread *threads[PROC_THREADS_MAX];
	const struct stack_wait *waits[PROC_THREADS_MAX]; /* from the thread to the next */
	size_t length;
};

static char *describe_circle(const struct path *path, size_t first)
{
	char *text = NULL;

	for (size_t i = first; i < path->length; i++) {
		auto_free char *before = text;
		auto_free char *name = name_thread(path->threads[i]);

		text = mem_printf("%s%s%s %s", before ? before : "", before ? "; " : "", name,
				  path->waits[i]->text);
	}
	return text;
}

/* Depth first; seen: threads from which no circle can be reached. */
static char *walk(const struct stack_process *process, struct path *path,
		  const struct stack_thread *thread, bool *seen)
{
	size_t index = (size_t)(thread - process->threads);
	char *circle = NULL;

	for (size_t i = 0; i < path->length; i++)
		if (path->threads[i] == thread)
			return describe_circle(path, i);
	if (seen[index])
		return NULL;
	path->threads[path->length] = thread;
	for (size_t i = 0; i < thread->wait_count && !circle; i++) {
		const struct stack_thread *next =
			thread->waits[i].on ? stack_process_find(process, thread->waits[i].on)
					    : NULL;

		path->waits[path->length++] = &thread->waits[i];
		if (next)
			circle = walk(process, path, next, seen);
		path->length--;
	}
	seen[index] = true;
	return circle;
}

void waits_find(struct stack_process *process, waits_owner_fn owner_fn, void *ctx)
{
	const struct graph graph = { process, owner_fn, ctx };
	struct path path = { .length = 0 };
	auto_free bool *seen = mem_zalloc((process->thread_count + 1) * sizeof(*seen));

	find_bql(process);
	for (size_t i = 0; i < process->thread_count; i++)
		add_waits(&graph, &process->threads[i]);
	/* The main thread comes first, and so does the circle that it is in. */
	for (size_t i = 0; i < process->thread_count && !process->circle; i++)
		process->circle = walk(process, &path, &process->threads[i], seen);
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

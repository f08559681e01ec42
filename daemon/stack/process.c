// SPDX-License-Identifier: GPL-2.0-or-later
/* The threads of a process and what QEMU's names for them mean. */
#include "stack/process.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"

/* Names as QEMU sets them (its debug-threads, which is on by default since 8.2 and by our command line
 * before), of several versions. %d: a number that belongs to the role. */
static const struct {
	const char *name, *role;
} roles[] = {
	{ "CPU %d/", "vCPU %d" },
	{ "live_migration", "migration" },
	{ "mig/src/main", "migration" },
	{ "mig/dst/main", "incoming migration" },
	{ "bg_snapshot", "background snapshot" },
	{ "mig/snapshot", "background snapshot" },
	{ "multifdsend_%d", "multifd send %d" },
	{ "mig/src/send_%d", "multifd send %d" },
	{ "multifdrecv_%d", "multifd receive %d" },
	{ "mig/dst/recv_%d", "multifd receive %d" },
	{ "IO mon_iothread", "monitor" },
	{ "IO ", "IO thread" },
	{ "call_rcu", "RCU" },
	{ "worker", "worker" },
};

/* Whether name begins as pattern says; ret_number: what stands at its %d, else -1. */
static bool begins_as(const char *name, const char *pattern, int *ret_number)
{
	const char *number = strstr(pattern, "%d");
	size_t length = number ? (size_t)(number - pattern) : strlen(pattern);
	int used = 0;

	*ret_number = -1;
	if (strncmp(name, pattern, length))
		return false;
	if (!number)
		return true;
	name += length;
	if (sscanf(name, "%9d%n", ret_number, &used) != 1 || *ret_number < 0)
		return false;
	return !strncmp(name + used, number + 2, strlen(number + 2));
}

char *stack_role(const char *name, bool main)
{
	if (main)
		return mem_strdup("main");
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		const char *role = roles[i].role;
		int number;

		if (!begins_as(name, roles[i].name, &number))
			continue;
		return number < 0 ? mem_strdup(role)
				  : mem_printf("%.*s%d", (int)strcspn(role, "%"), role, number);
	}
	return mem_strdup(*name ? name : "unnamed");
}

void stack_process_set_threads(struct stack_process *process, struct proc_thread *threads,
			       size_t count)
{
	process->threads = mem_zalloc((count + 1) * sizeof(*process->threads));
	process->thread_count = count;
	for (size_t i = 0; i < count; i++) {
		struct stack_thread *thread = &process->threads[i];

		thread->proc = threads[i];
		/* A process names its threads as it likes. */
		ascii_only(thread->proc.name, '?');
		thread->role = stack_role(thread->proc.name, threads[i].tid == process->pid);
	}
	free(threads);
}

static void thread_clear(struct stack_thread *thread)
{
	for (size_t i = 0; i < thread->frame_count; i++) {
		free(thread->frames[i].function);
		free(thread->frames[i].module);
		free(thread->frames[i].build_id);
		free(thread->frames[i].source);
	}
	for (size_t i = 0; i < thread->wait_count; i++)
		free(thread->waits[i].text);
	free(thread->frames);
	free(thread->waits);
	free(thread->role);
	free(thread->missing);
}

void stack_process_clear(struct stack_process *process)
{
	for (size_t i = 0; i < process->thread_count; i++)
		thread_clear(&process->threads[i]);
	free(process->threads);
	free(process->circle);
	*process = (struct stack_process){ 0 };
}

struct stack_thread *stack_process_find(const struct stack_process *process, pid_t tid)
{
	for (size_t i = 0; i < process->thread_count; i++)
		if (process->threads[i].proc.tid == tid)
			return &process->threads[i];
	return NULL;
}

const struct stack_frame *stack_thread_in(const struct stack_thread *thread, const char *function)
{
	for (size_t i = 0; i < thread->frame_count; i++)
		if (thread->frames[i].function && !strcmp(thread->frames[i].function, function))
			return &thread->frames[i];
	return NULL;
}

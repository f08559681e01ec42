// SPDX-License-Identifier: GPL-2.0-or-later
/* Roles of threads by their names and functions. */
#include "stack/role.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* Names as QEMU sets them (its debug-threads, which is on by default since 8.2 and by our command line
 * before), of several versions. %d: a number that belongs to the role. */
static const struct {
	const char *name, *role;
} names[] = {
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

/* Functions that only such a thread runs: mostly those with which it starts, which a stripped binary does
 * not name. */
static const struct {
	const char *function, *role;
} functions[] = {
	{ "main", "main" },
	{ "kvm_vcpu_thread_fn", "vCPU" },
	{ "qemu_kvm_cpu_thread_fn", "vCPU" },
	{ "mttcg_cpu_thread_fn", "vCPU" },
	{ "rr_cpu_thread_fn", "vCPU" },
	{ "qemu_tcg_cpu_thread_fn", "vCPU" },
	{ "dummy_cpu_thread_fn", "vCPU" },
	{ "qemu_wait_io_event", "vCPU" },
	{ "kvm_cpu_exec", "vCPU" },
	{ "tcg_cpus_exec", "vCPU" },
	{ "migration_thread", "migration" },
	{ "bg_migration_thread", "background snapshot" },
	{ "multifd_send_thread", "multifd send" },
	{ "multifd_recv_thread", "multifd receive" },
	{ "worker_thread", "worker" },
	{ "call_rcu_thread", "RCU" },
	{ "iothread_run", "IO thread" },
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

/* NULL: QEMU uses no such name. */
static char *role_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *role = names[i].role;
		int number;

		if (!begins_as(name, names[i].name, &number))
			continue;
		return number < 0 ? mem_strdup(role)
				  : mem_printf("%.*s%d", (int)strcspn(role, "%"), role, number);
	}
	return NULL;
}

char *stack_role(const char *name, bool main)
{
	char *role = main ? mem_strdup("main") : role_by_name(name);

	return role ? role : mem_strdup(*name ? name : "unnamed");
}

char *stack_thread_title(const struct stack_thread *thread)
{
	size_t length = strlen(thread->role);
	bool numbered = length && strchr("0123456789", thread->role[length - 1]);

	return numbered ? mem_strdup(thread->role) : mem_printf("the %s thread", thread->role);
}

void stack_roles_by_frames(struct stack_process *process)
{
	for (size_t i = 0; i < process->thread_count; i++) {
		struct stack_thread *thread = &process->threads[i];
		auto_free char *by_name = role_by_name(thread->proc.name);

		if (by_name || thread->proc.tid == process->pid)
			continue;
		for (size_t f = 0; f < ARRAY_SIZE(functions); f++) {
			if (!stack_thread_in(thread, functions[f].function))
				continue;
			free(thread->role);
			thread->role = mem_strdup(functions[f].role);
			break;
		}
	}
}

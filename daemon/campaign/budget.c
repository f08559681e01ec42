// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums over the fleet, and words for limits. */
#include "campaign/budget.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/size.h"

unsigned budget_vm_qemus(const struct profile *profile)
{
	for (size_t i = 0; i < profile->operation_count; i++)
		if (profile->operations[i].kind == OP_MIGRATE ||
		    profile->operations[i].kind == OP_MIGRATE_CANCEL)
			return VM_RUNS_MAX;
	return 1;
}

int64_t budget_vm_least_bytes(const struct profile *profile)
{
	return budget_vm_qemus(profile) * (profile->ram_bytes + BUDGET_QEMU_BYTES);
}

int budget_check(const struct budget *budget, const struct profile *profile, struct err *err)
{
	int64_t vm_bytes = profile->vm_memory_bytes ? profile->vm_memory_bytes
						    : budget_vm_least_bytes(profile);
	char need[SIZE_TEXT_MAX], each[SIZE_TEXT_MAX], have[SIZE_TEXT_MAX];

	if (budget->vms && profile->vms > budget->vms)
		return err_set(err, -EINVAL,
			       "fleet.vms: found %u, but this qsoakd may run %u VMs (fleet.vms of "
			       "its configuration)",
			       profile->vms, budget->vms);
	if (!budget->memory_bytes || profile->vms * vm_bytes <= budget->memory_bytes)
		return 0;
	return err_set(err, -EINVAL,
		       "the fleet needs %s of memory, %u VMs of %s, but this qsoakd may use %s "
		       "(fleet.memory of its configuration)",
		       size_format_bytes(need, profile->vms * vm_bytes), profile->vms,
		       size_format_bytes(each, vm_bytes),
		       size_format_bytes(have, budget->memory_bytes));
}

void budget_tell(const struct profile *profile, const struct cgroups *cgroups, char **ret_limits,
		 char **ret_missing)
{
	char size[SIZE_TEXT_MAX];
	auto_free char *memory =
		profile->vm_memory_bytes
			? mem_printf("vm-memory %s",
				     size_format_bytes(size, profile->vm_memory_bytes))
			: NULL;
	auto_free char *cpus = profile->vm_cpus ? mem_printf("vm-cpus %g", profile->vm_cpus) : NULL;
	const struct {
		enum cgroup_controller controller;
		const char *text;
	} limits[] = { { CGROUP_MEMORY, memory }, { CGROUP_CPU, cpus } };

	*ret_limits = *ret_missing = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (!limits[i].text)
			continue;
		mem_append(cgroups_have(cgroups, limits[i].controller) ? ret_limits : ret_missing,
			   ", ", "%s", limits[i].text);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fleet may take of the host, what a campaign would, and which limits its VMs get. */
#ifndef QSOAK_CAMPAIGN_BUDGET_H
#define QSOAK_CAMPAIGN_BUDGET_H

#include "base/cgroup.h"
#include "campaign/profile.h"

/* What a QEMU needs beside guest RAM, rather more. */
#define BUDGET_QEMU_BYTES (64ll << 20)

/* Processes and threads of a VM: far more than two QEMUs and their wrappers have. */
#define BUDGET_VM_PIDS 4096

/* Of all VMs together, by configuration. 0: no limit. */
struct budget {
	int64_t memory_bytes;
	double cpus; /* of CPU time: a limit of the control group, and no reason to refuse a campaign */
	unsigned vms;
};

/* The most QEMUs that a VM is at a time, and the least memory it can do with. */
unsigned budget_vm_qemus(const struct profile *profile);
int64_t budget_vm_least_bytes(const struct profile *profile);

/* -EINVAL: the campaign needs more; says what, and what there is. */
int budget_check(const struct budget *budget, const struct profile *profile, struct err *err);

/* The limits of a VM, in words, and which of them cannot be set here, or NULL for none; the caller frees both. */
void budget_tell(const struct profile *profile, const struct cgroups *cgroups, char **ret_limits,
		 char **ret_missing);

#endif

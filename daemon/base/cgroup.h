/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups (version 2): one for each VM, where the service manager has delegated us a tree.
 *
 * A tree is delegated if systemd says so (an attribute of its folder), or if it belongs to our user, who is not
 * root; and if nobody but us lives in it. Then qsoakd moves into a leaf, and VMs are beside it:
 *
 *	OURS/daemon		qsoakd, and what it starts for itself
 *	OURS/vms		the limits of the fleet
 *	OURS/vms/NAME		a VM: all its QEMUs, and what these start
 *
 * Which limits are possible depends on the controllers that came with the tree. What is left over of a qsoakd that was
 * killed is killed and removed by the next one.
 */
#ifndef QSOAK_BASE_CGROUP_H
#define QSOAK_BASE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CGROUP_LEAF "daemon"
#define CGROUP_FLEET "vms"

/* For so long we wait for what was killed. */
#define CGROUP_GONE_LIMIT_NS (2 * CLOCK_NS_PER_S)

/* Of cpu.max, in microseconds; the kernel takes no quota below 1 ms. */
#define CGROUP_CPU_PERIOD_US 100000

enum cgroup_controller {
	CGROUP_MEMORY,
	CGROUP_CPU,
	CGROUP_PIDS,
	CGROUP_CONTROLLER_COUNT,
};

const char *cgroup_controller_name(enum cgroup_controller controller);

/* 0: no limit. */
struct cgroup_limits {
	int64_t memory_bytes;
	double cpus; /* CPU time a time: 1.5 CPUs */
	unsigned pids;
};

/* Our tree. */
struct cgroups;

/* proc_self: /proc/self, or in a test a folder with `cgroup` and `mountinfo`. Moves the whole process. -ENOTSUP
 * where nothing is delegated; then err says why. Before threads, and before anything is forked that is to be in the
 * leaf. */
int cgroups_open(const char *proc_self, struct cgroups **ret_cgroups, struct err *err);

/* Kills and removes what is in it, and moves us back; NULL is fine. */
void cgroups_close(struct cgroups *cgroups);

/* Whether its limits can be set; false for NULL. */
bool cgroups_have(const struct cgroups *cgroups, enum cgroup_controller controller);

/* The limits of all VMs together, as far as there are controllers. */
int cgroups_limit_fleet(struct cgroups *cgroups, const struct cgroup_limits *limits,
			struct err *err);

/* The file that kills all VMs when "1" is written to it; -1 for NULL, and where the kernel has none. */
int cgroups_kill_fd(const struct cgroups *cgroups);

/* One of a VM. */
struct cgroup;

int cgroup_new(struct cgroups *cgroups, const char *name, const struct cgroup_limits *limits,
	       struct cgroup **ret_cgroup, struct err *err);

/* Kills what is left in it, waits for that (at most CGROUP_GONE_LIMIT_NS), and removes it; NULL is fine. */
void cgroup_free(struct cgroup *cgroup);

/* See child_spec; 0 for NULL. */
int cgroup_fd(const struct cgroup *cgroup);

/* Whether the kernel killed one of its processes for want of memory, and whether it was its own limit. */
enum cgroup_oom {
	CGROUP_OOM_NONE, /* also for NULL */
	CGROUP_OOM_OWN,
	CGROUP_OOM_OTHERS, /* the limit of the fleet, or all that the host has */
};

enum cgroup_oom cgroup_oom(const struct cgroup *cgroup);

#endif

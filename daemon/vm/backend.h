/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs a QEMU: qsoakd itself (direct), or libvirt. To a run both are a child process with QMP on a socket pair;
 * that of libvirt is qsoak-domain, which answers for a domain.
 */
#ifndef QSOAK_VM_BACKEND_H
#define QSOAK_VM_BACKEND_H

#include "vm/run.h"

/* The child of a run. */
struct backend_child {
	char **argv; /* as words_free() takes it */
	char *xml;   /* what the domain is to be, or NULL; becomes the run's */
	bool reads_xml; /* on its stdin */
	struct ram *ram;
	bool inherits_ram; /* under the number of ram_fd() */
};

struct backend {
	/* qmp_fd: what the child inherits. On failure all of ret_child is unset. */
	int (*prepare)(const struct run_spec *spec, int qmp_fd, struct backend_child *ret_child,
		       struct err *err);
	/* The QEMU is process pid (0: the child does not say). Lets ram be that of its guest, if it can be seen. Member
	 * NULL: it is known from the start. */
	void (*find_ram)(const struct machine *machine, pid_t pid, struct ram *ram);
	/* What the child's end says of the QEMU's; how is the child's, and becomes the QEMU's. */
	enum run_loss (*loss)(struct child_exit *how);
	int kill_signal;  /* by which the child ends the QEMU at once */
	int64_t kill_limit_ns; /* how long that may take */
	int death_signal; /* that it gets when qsoakd has gone */
	bool is_qemu; /* the child is the QEMU: it belongs in the VM's control group, and may dump core */
};

extern const struct backend backend_direct, backend_libvirt;

#endif

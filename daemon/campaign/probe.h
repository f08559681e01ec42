/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probe: whether a guest really runs under KVM here. That /dev/kvm is there says little: below a
 * hypervisor it may be a KVM that starts a guest and then lets it stand. */
#ifndef QSOAK_CAMPAIGN_PROBE_H
#define QSOAK_CAMPAIGN_PROBE_H

#include <ev.h>

#include "vm/vm.h"

/* From the start of the QEMU until its guest has gone on ticking. */
#define PROBE_LIMIT_NS (60 * CLOCK_NS_PER_S)

/* In so many looks, so far apart, the guest has to have moved. */
#define PROBE_MOVES 5
#define PROBE_LOOK_NS (200 * CLOCK_NS_PER_MS)

struct probe_spec {
	const struct machine *machine; /* with whatever accelerator */
	const struct build *build;
	const char *template; /* folder with empty images */
	const char *vms;      /* folder for the VM */
	/* Called once, from the loop, when no process is left; why_not is NULL if KVM works. The probe
	 * may be freed in it. */
	void (*done)(void *ctx, const char *why_not);
	void *ctx;
};

struct probe;

/* spec is copied, what it points to must outlive the probe. Nothing of it is recorded. */
struct probe *probe_start(struct ev_loop *loop, const struct probe_spec *spec);

/* Kills what is alive; then done is not called. NULL is fine. */
void probe_free(struct probe *probe);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Diagnosis: from a failed operation to the one classification of its failure.
 *
 * A dead QEMU is judged by its exit and last words; a silent one is probed, for at most
 * DIAGNOSIS_NS, and judged by the table of hang.h. Nothing is killed here.
 */
#ifndef QSOAK_WATCH_DIAGNOSIS_H
#define QSOAK_WATCH_DIAGNOSIS_H

#include <ev.h>

#include "op/op.h"
#include "watch/failure.h"
#include "watch/host.h"

/* How long a healthy QEMU may take to answer a probe, and how long the guest is watched. */
#define DIAGNOSIS_NS (800 * CLOCK_NS_PER_MS)

struct diagnosis;

struct diagnosis_spec {
	struct vm *vm;
	const struct op_result *result; /* of a failed operation, or of the last one before found */
	const struct failure *found;	/* what the guard says it is, or NULL */
	const struct host *host;	/* or NULL; outlives the diagnosis */
	unsigned stolen_max;		/* percent: above it a hang is the host's fault */
	/* Called once, from the loop and not from within a listener; failure is borrowed. */
	void (*done)(void *ctx, const struct failure *failure);
	void *ctx;
};

/* spec is copied, and so is what result and found point to. */
struct diagnosis *diagnosis_start(struct ev_loop *loop, const struct diagnosis_spec *spec);
void diagnosis_free(struct diagnosis *diagnosis);

#endif

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

/* How long a healthy QEMU may take to answer a probe, and how long the guest is watched. */
#define DIAGNOSIS_NS (800 * CLOCK_NS_PER_MS)

struct diagnosis;

/* result is of a failed operation on vm; found: what the guard says it is, or NULL. done is called once, from the loop and not from within a
 * listener; failure is borrowed. */
struct diagnosis *diagnosis_start(struct ev_loop *loop, struct vm *vm,
				  const struct op_result *result, const struct failure *found,
				  void (*done)(void *ctx, const struct failure *failure),
				  void *ctx);
void diagnosis_free(struct diagnosis *diagnosis);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard: watches a VM as long as it lives, beside the operations.
 *
 * What it finds it keeps, once, and ends the operation in progress with op_fail(); between two
 * operations its owner asks guard_found(). It kills nothing.
 */
#ifndef QSOAK_WATCH_GUARD_H
#define QSOAK_WATCH_GUARD_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "op/op.h"
#include "vm/vm.h"
#include "watch/failure.h"
#include "watch/protocol.h"

/* How often it looks, all guards at once. Each look sends at most one heartbeat to each QEMU, in-band and
 * out-of-band by turns, and none on a channel where one still waits for its answer. */
#define GUARD_LOOK_NS (500 * CLOCK_NS_PER_MS)

/* What a profile may change; the limit LIMIT_STALL is beside the others. */
struct guard_rules {
	/* false: no commands of ours between those of the operations */
	bool heartbeat;
	/* growth of a QEMU's descriptors, and of its memory beside guest RAM, that is a leak */
	int64_t leak_descriptors, leak_bytes;
	/* percent of the host's CPU time: above it a hang is the host's fault */
	unsigned stolen_max;
};

extern const struct guard_rules guard_rules_default;

struct guard;

/* Begins with the VM, before its first run; looks once the guest has booted. rules and words outlive
 * it. */
struct guard *guard_new(struct ev_loop *loop, struct vm *vm, const struct guard_rules *rules,
			int64_t stall_ns, struct protocol_words *words);

/* NULL is fine. Before vm_free(), and, unless it was stopped, not from within a run's listener. */
void guard_free(struct guard *guard);

/* No looks and no verdicts any more: evidence is taken undisturbed. */
void guard_stop(struct guard *guard);

/* What the last looks at a run of the VM saw: see history_print(). */
void guard_print_history(const struct guard *guard, const struct run *run, FILE *out);

/* An operation is in progress, and the last one has ended, before it is freed. */
void guard_operation(struct guard *guard, struct op *op);
void guard_operation_ended(struct guard *guard, const struct op_result *result);

/* A loop has ended, after the end of its last operation: looks for leaks. */
void guard_loop_ended(struct guard *guard);

/* The one failure it has found, without kind and step; NULL before. */
const struct failure *guard_found(const struct guard *guard);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A witness: the stacks of one QEMU, read by qsoak-stack in a process of its own, from the living
 * process or from the core of a dead one.
 */
#ifndef QSOAK_TRIAGE_WITNESS_H
#define QSOAK_TRIAGE_WITNESS_H

#include <ev.h>

#include "base/clock.h"
#include "triage/bundle.h"
#include "triage/evidence.h"
#include "vm/run.h"

/* What is kept of the stacks' text. */
#define WITNESS_STACKS_MAX (1024 * 1024)

/* Its JSON is longer. */
#define WITNESS_JSON_MAX (8 * 1024 * 1024)

/* How long the stacks may take (a process can keep its reader beyond what that was told); how
 * long systemd-coredump has to give the core; how long packing that may take. */
#define WITNESS_STACKS_LIMIT_NS (10 * CLOCK_NS_PER_S)
#define WITNESS_PACK_LIMIT_NS (60 * CLOCK_NS_PER_S)

/* The other VMs go on meanwhile, and shall not notice: with eight of them on two CPUs this leaves the reader a
 * tenth of one. It is told how long it may take, below the limit. */
#define WITNESS_NICE 5
#define WITNESS_STACKS_SECONDS "8"

/* After that a program that was killed is not waited for. */
#define WITNESS_KILL_LIMIT_NS CLOCK_NS_PER_S

/* How often systemd-coredump, which stores a core after the process has gone, is asked for it. */
#define WITNESS_ASK_AGAIN_NS (300 * CLOCK_NS_PER_MS)

struct witness_spec {
	struct bundle *bundle;
	const struct run *run;
	const char *role;
	const char *cwd; /* of the QEMU, if it is our child */
	enum evidence_cores cores;
	bool gdb; /* where a stack ends in a coroutine, gdb may tell more, and break the process */
	/* Called once, from the loop, when nothing more will come. */
	void (*done)(void *ctx);
	void *ctx;
};

struct witness;

/* All that spec points to outlives the witness, but for cwd. */
struct witness *witness_start(struct ev_loop *loop, const struct witness_spec *spec);

/* Kills what still runs. Takes NULL. */
void witness_free(struct witness *witness);

bool witness_is_done(const struct witness *witness);

/* Puts the stacks into the bundle, as far as they are there. Once it is done; what is not there was noted. */
void witness_write(const struct witness *witness);

/* The same as qsoak-stack --json writes it; NULL: it is not there. Borrowed. */
json_t *witness_stacks(const struct witness *witness);

#endif

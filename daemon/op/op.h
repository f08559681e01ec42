/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations: timed actions on a VM, each a table of steps, driven by one engine.
 */
#ifndef QSOAK_OP_OP_H
#define QSOAK_OP_OP_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "op/choice.h"
#include "op/kind.h"
#include "op/limit.h"
#include "vm/vm.h"

#define OP_TAG_MAX 64

enum op_outcome {
	OP_OK,
	OP_FAILED,
	OP_INTERRUPTED, /* given up by op_interrupt(): says nothing about the build */
	OP_OUTCOME_COUNT,
};

const char *op_outcome_name(enum op_outcome outcome);

/* Why an operation failed, as the engine saw it; what it means is for watch/ to say. */
enum op_cause {
	OP_CAUSE_NONE,
	OP_CAUSE_ERROR,	   /* a command or a job failed */
	OP_CAUSE_DEADLINE, /* a step passed its limit */
	OP_CAUSE_DIFFERS,  /* an oracle found something that is not as it was */
	OP_CAUSE_LOST,	   /* a process exited, or its QMP connection ended */
	OP_CAUSE_WATCH,	   /* op_fail() */
	OP_CAUSE_HOST,	   /* we could not do our part: spawn, images */
};

/* Where a step that only waits is stuck if QEMU answers everything and the guest runs. */
enum op_place {
	OP_PLACE_MONITOR,
	OP_PLACE_JOB,
	OP_PLACE_MIGRATION,
	OP_PLACE_SHUTDOWN,
	OP_PLACE_VCPU,
	OP_PLACE_HOST, /* nowhere: the step is our own work */
};

/* What a step compares. */
enum op_oracle {
	OP_ORACLE_NONE,
	OP_ORACLE_IMAGE,
	OP_ORACLE_GENERATION,
};

struct op_spec {
	enum op_kind kind;
	int loop;			 /* within the VM, from 0; -1: not part of one */
	char tag[OP_TAG_MAX];		 /* snapshot operations */
	struct op_migration migration;	 /* migrate, migrate-cancel */
	const struct build *destination; /* likewise; NULL: of the source's build */
	enum op_shutdown shutdown;
	bool optional; /* a build, or a libvirt, that lacks what it takes is no failure */
	bool probe; /* measure the main loop stall: one in-band command behind the operation's own */
	const int64_t *limit_ns; /* [LIMIT_COUNT], outlives the operation */
};

struct op_result {
	enum op_kind kind;
	enum op_outcome outcome;
	enum op_cause cause;
	int64_t operation_id;
	int64_t duration_ns;		/* without the steps that are our own work */
	int64_t src_run_id, dst_run_id; /* 0 where there is none */
	bool stood_still; /* so did the loop meanwhile: if it ended well, it is stored as interrupted */
	/* where it failed: */
	const char *step; /* static, or NULL */
	enum op_place place;
	enum op_oracle oracle;
	bool refused;	 /* it was optional, and libvirt cannot do it; err has its words */
	bool guest_due;	 /* it waited only for a guest that QEMU has to let run */
	struct run *run; /* the run the step waits for or that was lost; NULL: none was there */
	int64_t step_limit_ns; /* of the step */
	struct err err;	       /* one line for people */
};

struct op;

/* Whether build lacks what a migration takes; the error names it. Only once its schema is known. */
bool op_lacks(const struct build *build, const struct op_migration *how, struct err *err);

/* Begins on a VM in the state that the kind needs (boot: new, others: running) and sets the VM's
 * state from then on. done is called once, from the loop and not from within a listener, so the
 * operation, the runs and the VM may be freed in it. */
struct op *op_start(struct ev_loop *loop, struct vm *vm, const struct op_spec *spec,
		    void (*done)(void *ctx, const struct op_result *result), void *ctx);

/* Ends as interrupted; done is called as always. */
void op_interrupt(struct op *op);

/* Ends as failed, by OP_CAUSE_WATCH; done is called as always. run: the one at fault, or NULL. Nothing
 * happens if it has ended already. */
void op_fail(struct op *op, struct run *run, const struct err *err);

/* Whether a healthy QEMU may answer nothing in-band during the step in progress. */
bool op_busy_main_loop(const struct op *op);

/* The run whose guest has to run by now if it ran before the operation: QEMU has said all else that the
 * step in progress waits for. NULL: none. */
const struct run *op_guest_due(const struct op *op);

/* Frees it, done or not (then done is not called); NULL is fine. */
void op_free(struct op *op);

const struct op_spec *op_spec(const struct op *op);

/* Name of the step in progress. */
const char *op_step_name(const struct op *op);

#endif

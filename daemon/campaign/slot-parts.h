/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files share that are the slot of slot.h. */
#ifndef QSOAK_CAMPAIGN_SLOT_PARTS_H
#define QSOAK_CAMPAIGN_SLOT_PARTS_H

#include "base/deadline.h"
#include "campaign/plan.h"
#include "campaign/slot.h"
#include "triage/incident.h"
#include "triage/signature.h"
#include "watch/diagnosis.h"
#include "watch/guard.h"

struct slot {
	struct ev_loop *loop;
	struct slot_spec spec;
	enum slot_stop stop;
	bool stopped;
	bool may_hold, held;
	bool paused, waits; /* waits: for the end of the pause, without a VM */

	struct vm *vm;
	int vm_number;
	struct boots_turn turn;
	struct op *op;
	struct guard *guard; /* NULL: no VM; stopped: it has failed */
	struct run_listener owner;

	struct plan_part part; /* that the VM plays */
	struct plan plan;
	size_t plan_at;
	uint64_t loops_begun; /* of the slot: position in the plan */
	int64_t loops_ended;  /* of the VM */
	bool in_loop, booted;
	uint64_t left_out; /* a bit for each operation of the profile that was */
	uint64_t refused;  /* likewise: that libvirt cannot do */

	struct op_result result; /* of the last operation */

	/* of the failure in progress */
	struct diagnosis *diagnosis;
	struct incident *incident;
	struct failure failure;
	bool host_failed; /* the last VM by it */
	bool vm_hopeless; /* none can be made */
	char signature[SIGNATURE_MAX];
	bool expected;
	int64_t failure_id, operation_id, src_run_id, dst_run_id, failed_unix_ns;

	struct deadline kick, kill_limit;
};

_Static_assert(PROFILE_OPERATIONS_MAX <= 64, "an operation is a bit of left_out");

/* In slot.c. */

/* No VM will come any more. */
void slot_stopped(struct slot *slot);

/* The VM has gone, or could not be made: the next one is due. */
void slot_leave_vm(struct slot *slot);
void slot_kill_vm(struct slot *slot);

/* That of the slot's VM, and the one of that name; NULL: there is none, or the name is NULL. */
const struct build *slot_own_build(const struct slot *slot);
const struct build *slot_find_build(const struct slot *slot, const char *name);

/* In slot-failure.c: the way from what has failed to the kill. */

/* The operation has failed, or the guard has found something. */
void slot_diagnose(struct slot *slot);

/* Of a VM that could not be made: the failure, and that it is recorded. incident: relative to the state folder, or NULL
 * where there is no evidence. */
void slot_identify_failure(struct slot *slot, const struct failure *failure,
			   const struct op_result *result);
void slot_emit_failure(struct slot *slot, const char *incident, const char *alternative);

/* A hold ends. */
void slot_let_go(struct slot *slot, const char *why);

/* In slot-left-out.c: operations that a build or libvirt cannot do. */

/* libvirt has refused the one that was planned last. */
void slot_leave_out_refused(struct slot *slot, const char *why);
bool slot_may_be_refused(const struct slot *slot, const struct profile_operation *operation);

/* To the next operation of the loop that takes place, or to the loop's end. */
void slot_skip_left_out(struct slot *slot);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An incident: the evidence of one failure, taken before anything is killed.
 *
 * A folder with manifest.json and, for each QEMU of the VM, its output, its QMP transcript, its
 * threads, and (if it is alive) the stacks of all threads, taken by qsoak-stack in a process of its
 * own, with what they wait for. It is written under a temporary name and appears whole.
 */
#ifndef QSOAK_TRIAGE_INCIDENT_H
#define QSOAK_TRIAGE_INCIDENT_H

#include <ev.h>
#include <stdbool.h>

#include "triage/evidence.h"
#include "vm/vm.h"
#include "watch/failure.h"
#include "watch/guard.h"

struct incident_spec {
	struct vm *vm;
	const struct guard *guard; /* of the VM */
	const struct failure *failure;
	const char *signature;
	const char *folder; /* absolute; the incident's own, does not exist yet */
	int64_t failure_id, operation_id;
	int64_t at_unix_ns; /* when the failure was found */
	enum evidence_cores cores;
	bool gdb; /* see struct witness_spec */
	const char *profile_text;
	unsigned fleet; /* slots */
	uint64_t seed;
	/* Whose plan it played, which was its own but for replays; and where that began: loops that
	 * the slot had begun when the VM booted. */
	int plan_slot, plan_vm;
	int64_t first_loop;
	int64_t loops; /* that the VM had finished */
};

struct incident;

struct incident_result {
	bool kept; /* the folder is there */
	const char *
		complaint; /* what of the evidence is missing, or NULL; the manifest has all of it */
	/* The first title under which the failure counts, and another one, or NULL: of a crash whose core
	 * tells where it was, that is the first. */
	const char *signature, *alternative;
};

/* done is called once, from the loop; the result is borrowed. */
struct incident *incident_start(struct ev_loop *loop, const struct incident_spec *spec,
				void (*done)(void *ctx, const struct incident_result *result),
				void *ctx);
void incident_free(struct incident *incident);

#endif

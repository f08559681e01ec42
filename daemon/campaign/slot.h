/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slot: a place in the fleet that holds one VM after another and keeps it busy.
 */
#ifndef QSOAK_CAMPAIGN_SLOT_H
#define QSOAK_CAMPAIGN_SLOT_H

#include <ev.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/record.h"
#include "campaign/boots.h"
#include "campaign/profile.h"
#include "triage/evidence.h"
#include "vm/vm.h"
#include "watch/failure.h"
#include "watch/host.h"
#include "watch/protocol.h"

/* How long no VM boots in a slot whose last one has failed by the host's fault. */
#define SLOT_HOST_REST_NS (2 * CLOCK_NS_PER_S)

struct slot_failure {
	int64_t id;
	const struct failure *failure;
	bool booted; /* the guest had run before */
	bool expected;
};

struct slot_handler {
	/* Another VM is about to boot: whether it may. One that may has begun; else the slot stops. */
	bool (*wants_vm)(void *ctx);
	/* A VM is no more, after so many loops. */
	void (*vm_ended)(void *ctx, int64_t loops);
	void (*operation_ended)(void *ctx);
	void (*loop_ended)(void *ctx);
	/* A failure of this build has got its titles (alternative may be NULL): is it expected? */
	bool (*expects)(void *ctx, const struct build *build, const char *signature,
			const char *alternative);
	/* The failure is durable. */
	void (*failed)(void *ctx, const struct slot_failure *failure);
	/* A VM that has failed is held from now on, or is not any more (why: for people): see slot_status(). */
	void (*hold_changed)(void *ctx, const char *why);
	/* No VM is left and none will come. */
	void (*stopped)(void *ctx);
	void *ctx;
};

struct slot_spec {
	const struct profile *profile;
	const struct machine *machine;
	const struct build *builds; /* in the profile's order */
	struct records *records;
	const struct host *host;
	struct boots *boots;
	struct protocol_words *words;
	int64_t campaign_id;
	uint64_t seed;
	int number;
	int first_vm;		   /* number of its first VM */
	uint64_t loops_begun;	   /* before */
	const char *template;	   /* folder with empty images */
	const char *vms;	   /* folder for the VMs */
	const char *incidents;	   /* folder for the evidence */
	struct evidence *evidence; /* of that folder */
	struct slot_handler handler;
};

struct slot;

enum slot_stop {
	SLOT_GOES_ON,
	SLOT_DRAIN, /* the operation in progress ends, then the VM is shut down */
	SLOT_KILL,  /* the operation in progress is interrupted, the VM killed */
};

/* spec is copied, what it points to must outlive the slot. Starts at the next turn of the loop. */
struct slot *slot_new(struct ev_loop *loop, const struct slot_spec *spec);

/* Kills what is alive; NULL is fine. Not from within a handler. */
void slot_free(struct slot *slot);

/* A harder stop may follow a softer one; after SLOT_KILL no VM comes to be held. */
void slot_stop(struct slot *slot, enum slot_stop stop);

/* While it is paused no operation begins, but the shutdown of its VM, and no VM boots. */
void slot_pause(struct slot *slot, bool paused);

/* A VM that is held stays, however its slot is stopped: somebody may be looking at it. It goes when
 * its last process has, or with one of these two. */

/* Whether there was one. */
bool slot_release(struct slot *slot);

/* And holds none any more. */
void slot_stop_holding(struct slot *slot);

/* What a slot does right now; names are static, or outlive the slot. */
struct slot_status {
	int slot, vm; /* numbers; vm is that of the next one while there is none */
	const char *build;
	const char
		*state; /* of the VM, or "held", "waiting" (to boot), "paused", "empty", "stopped";
	 * "probing" before there are slots */
	const char *operation;	 /* kind in progress, or NULL */
	const char *step;	 /* of it, or NULL */
	int64_t loops;		 /* that the VM has finished */
	int64_t incident;	 /* why it is held; 0: it is not */
	pid_t pids[VM_RUNS_MAX]; /* that live, of a VM that is held */
	size_t pid_count;
};

void slot_status(const struct slot *slot, struct slot_status *ret_status);

/* The index of the build of its VM, or of its next one. */
size_t slot_build(const struct slot *slot);

#endif

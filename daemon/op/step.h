/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file of one operation needs: the step table, and what the engine has seen.
 *
 * An operation is a `const struct op_type` with a table of steps that ends in a zeroed one. The
 * engine starts a step, then asks its `ended` after everything that happens (a reply, an event, an
 * exit, a poll), and moves on when the command, if there was one, has been answered and ended says
 * done. So a step never depends on the order of reply and event. The engine alone owns deadlines,
 * interruption, loss of a run and the timing.
 */
#ifndef QSOAK_OP_STEP_H
#define QSOAK_OP_STEP_H

#include <jansson.h>

#include "base/deadline.h"
#include "op/blackout.h"
#include "op/brownout.h"
#include "op/op.h"
#include "vm/image.h"

#define OP_STEPS_MAX 24 /* longer than any table */
#define OP_MEASURES_MAX 16
#define OP_URI_MAX 64

/* What a step that polls waits between two looks, into the guest's RAM and by a command. */
#define OP_LOOK_NS 1000000ll
#define OP_POLL_NS 10000000ll

/* So far the wall clock is led by NTP in an operation: so much, and one in so many of its duration. What is
 * above was a jump. */
#define OP_SLEW_NS 10000000ll
#define OP_SLEW_SHARE 1000

enum op_side {
	OP_SRC,
	OP_DST, /* migrate: the destination */
	OP_SIDE_COUNT,
};

enum op_progress {
	OP_WAITS,
	OP_DONE,
	OP_GIVES_UP, /* it was optional: it ends as interrupted */
	OP_FAILS,    /* err says why, from here on */
	OP_DIFFERS,  /* the step's oracle has found something */
	OP_CANNOT,   /* we could not do our part */
};

struct op_step {
	const char *name;
	/* False: the step is left out this time. NULL: always wanted. */
	bool (*wanted)(const struct op *op);
	/* Sends at most one command with op_execute(); NULL: the step only waits. */
	int (*start)(struct op *op, struct err *err);
	/* NULL: the reply is all. Asked only once the command has been answered. */
	enum op_progress (*ended)(struct op *op, struct err *err);
	enum limit limit;
	enum op_side side; /* whom it waits for first */
	enum op_place place;
	enum op_oracle oracle;
	/* A blackout to measure from this step on; a later one waits for its end. */
	enum blackout_kind blackout;
	int64_t poll_ns;     /* looks again after so long, a command is sent anew; 0: never */
	bool ours;	     /* its time is not the operation's */
	bool busy_main_loop; /* a healthy QEMU may answer nothing in-band meanwhile */
	bool guest_due;	     /* a guest that ran before runs again as soon as there is an answer */
	bool probed;	     /* its command is the one whose main loop stall may be measured */
};

struct op_type {
	const struct op_step *before; /* steps it shares with others; NULL: none */
	const struct op_step *steps;
	bool migrates; /* it takes as long as QEMU's migration does */
	/* By libvirt, whose calls take their own time: how long it took by QEMU's stamps, which are not 0; NULL: from the
	 * first to the last event of its job or migration. */
	void (*stamps)(const struct op *op, int64_t *ret_from_ns, int64_t *ret_to_ns);
	/* Called after the last step, from the loop. */
	void (*completed)(struct op *op);
};

extern const struct op_type op_type_boot;
extern const struct op_type op_type_boot_libvirt;
extern const struct op_type op_type_snapshot_save;
extern const struct op_type op_type_snapshot_save_verify;
extern const struct op_type op_type_snapshot_load;
extern const struct op_type op_type_snapshot_load_verify;
extern const struct op_type op_type_snapshot_delete;
extern const struct op_type op_type_migrate;
extern const struct op_type op_type_migrate_libvirt;
extern const struct op_type op_type_migrate_cancel;
extern const struct op_type op_type_migrate_cancel_libvirt;
extern const struct op_type op_type_libvirt_save_restore;
extern const struct op_type op_type_libvirt_snapshot_internal;
extern const struct op_type op_type_libvirt_snapshot_external;
extern const struct op_type op_type_stop_cont;
extern const struct op_type op_type_reset;
extern const struct op_type op_type_shutdown;

/* What happened on one side since the operation began. */
struct op_seen {
	bool reset;
	int64_t stop_peer_ns, resume_peer_ns; /* QEMU's own stamps of the first STOP and the last
						 RESUME; 0: not seen */
	/* Of that STOP, CLOCK_MONOTONIC, as far as the stamp can be true; 0: not seen. */
	int64_t stop_ns;
	/* QEMU's stamps of the first and the last event of our job, or of the migration; 0: not seen. */
	int64_t begun_peer_ns, done_peer_ns;
	char migration[32]; /* last status of a MIGRATION event, "" before */
	bool job_aborting, job_concluded;
};

struct op {
	struct ev_loop *loop;
	struct vm *vm;
	struct op_spec spec;
	const struct op_type *type;
	const struct op_step *step; /* the one in progress */
	bool before;		    /* which is of type->before */
	struct run_listener listener;
	struct run *run[OP_SIDE_COUNT];
	struct op_seen seen[OP_SIDE_COUNT];

	/* the command of the step */
	bool waits_for_reply;
	bool call_ended; /* of libvirt, beside the steps; call_err says how, if not well */
	struct err call_err;
	json_t *value; /* what the step's command returned; NULL before */

	char job[OP_TAG_MAX]; /* id of the operation's job */
	char uri[OP_URI_MAX]; /* where a migration goes */
	uint64_t ticks;	      /* that the guest has to pass */
	int64_t bitmap_bytes; /* that the disk's bitmap marks as dirty */
	int64_t probe_ns;     /* when the probe was sent; 0: there is none */

	struct blackout blackout;
	struct brownout_moment begin, command; /* of a migration: of the source's guest */
	struct image_check *image;	       /* NULL: none is in progress */
	enum op_progress image_progress;
	struct err image_err;

	struct deadline limit, poll, notice, finish;
	uint64_t standstills; /* of the loop when it began */
	int64_t began_ns, step_began_ns, ours_ns;
	int64_t wall_ahead_ns; /* of CLOCK_MONOTONIC, when it began */
	struct record_step steps[OP_STEPS_MAX];
	size_t step_count;
	struct record_measure measures[OP_MEASURES_MAX];
	size_t measure_count;

	bool over;
	struct op_result result;
	void (*done)(void *ctx, const struct op_result *result);
	void *ctx;
};

/* Sends the step's command to the step's side; arguments are stolen. */
void op_execute(struct op *op, const char *command, json_t *arguments);

/* Takes part in what happens to run from now on. */
void op_join(struct op *op, enum op_side side, struct run *run);

/* name is static and carries its unit. */
void op_measure(struct op *op, const char *name, double value);

/* The reply is an error: that ends the operation. */
void op_refused(struct op *op, const struct qmp_reply *reply);

/* Something has happened that the step in progress waits for, beside its runs. */
void op_look(struct op *op);

/* stop and cont, until QEMU says STOP and RESUME. */
int op_start_stop(struct op *op, struct err *err);
enum op_progress op_ended_stop(struct op *op, struct err *err);
int op_start_cont(struct op *op, struct err *err);
enum op_progress op_ended_cont(struct op *op, struct err *err);

/* The oracles, in oracle.c. */

/* Waits until the guest has the generation that the VM has: a step before a save and a load. */
enum op_progress op_ended_generation(struct op *op, struct err *err);

/* Once the guest has done its first tick: whether it has the generation of the snapshot that was
 * loaded, and whether it has at least that of the source. */
enum op_progress op_ended_loaded(struct op *op, struct err *err);
enum op_progress op_ended_moved(struct op *op, struct err *err);

/* Compares the images with what the guest knows of them. */
bool op_wants_image(const struct op *op);
int op_start_image(struct op *op, struct err *err);
enum op_progress op_ended_image(struct op *op, struct err *err);

/* Waits until the guest does its first tick after the blackout that an earlier step armed. */
enum op_progress op_ended_guest(struct op *op, struct err *err);

/* Waits until the guest has done more ticks than op->ticks. */
enum op_progress op_ended_ticks(struct op *op, struct err *err);

/* The negotiation every new run needs; boot and migrate share it. */
int op_start_negotiate(struct op *op, struct err *err);
enum op_progress op_ended_greeted(struct op *op, struct err *err);
enum op_progress op_ended_arrived(struct op *op, struct err *err);
enum op_progress op_ended_negotiate(struct op *op, struct err *err);

/* What a build can do, asked once. */
bool op_wants_schema(const struct op *op);
int op_start_schema(struct op *op, struct err *err);
enum op_progress op_ended_schema(struct op *op, struct err *err);

/* Starts a run beside the VM's, of the wanted build. */
int op_spawn_destination(struct op *op, enum vm_destination destination, struct err *err);

/* Asks the source to quit; shutdown and migrate share it. */
int op_start_quit(struct op *op, struct err *err);

/* Waits until the step's side has exited; how it should the run knows. */
enum op_progress op_ended_exit(struct op *op, struct err *err);

#endif

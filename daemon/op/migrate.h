/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What migrate and migrate-cancel share: all until both sides are ready. */
#ifndef QSOAK_OP_MIGRATE_H
#define QSOAK_OP_MIGRATE_H

#include "op/step.h"

/* A destination of the wanted build is there, both sides can do what is asked for and are set to it,
 * and the destination listens. */
extern const struct op_step migrate_setup[];

/* The command itself; and until it has made itself ready, with its channels connected. */
int migrate_start(struct op *op, struct err *err);
enum op_progress migrate_ended_setup(struct op *op, struct err *err);

/* Fails if one side has said that the migration failed or was cancelled. */
enum op_progress migrate_check_status(struct op *op, struct err *err);
bool migrate_status_is(const struct op *op, enum op_side side, const char *status);

/* Capabilities outlive the migration, and snapshot-save is a migration inside QEMU: with multifd
 * still on, 7.2 crashes in it (multifd_send_sync_main() without channels). */
int migrate_start_reset(struct op *op, struct err *err);

/* A dirty bitmap of the disk, with content, that moves along (capability dirty-bitmaps): made and filled
 * on the source, found again with as many dirty bytes on the destination, and removed there. */
bool migrate_wants_bitmap(const struct op *op);
int migrate_start_bitmap_add(struct op *op, struct err *err);
int migrate_start_bitmap_fill(struct op *op, struct err *err);
enum op_progress migrate_ended_bitmap_fill(struct op *op, struct err *err);
int migrate_start_bitmap_query(struct op *op, struct err *err);
enum op_progress migrate_ended_bitmap_made(struct op *op, struct err *err);
enum op_progress migrate_ended_bitmap_moved(struct op *op, struct err *err);
int migrate_start_bitmap_remove(struct op *op, struct err *err);

/* Starts the destination, and remembers how the source's guest was then. */
int migrate_start_spawn(struct op *op, struct err *err);

/* The guest goes on there. */
#define MIGRATE_GUEST_STEP                                                                      \
	{                                                                                       \
		.name = "guest", .ended = op_ended_moved, .limit = LIMIT_REPLY, .side = OP_DST, \
		.oracle = OP_ORACLE_GENERATION, .guest_due = true                               \
	}

/* Of migrate-cancel: until the source says so; and its end. */
enum op_progress migrate_ended_cancel(struct op *op, struct err *err);
void migrate_cancelled(struct op *op);

/* The guest goes on where it is: a step before has set op->ticks. */
#define MIGRATE_STAYS_STEP                                                      \
	{                                                                       \
		.name = "guest", .ended = op_ended_ticks, .limit = LIMIT_REPLY, \
		.poll_ns = OP_POLL_NS, .guest_due = true                        \
	}

/* By libvirt: whoever speaks for the destination is there, and then the destination. */
#define LIBVIRT_CONNECT_STEP(step_start)                                                      \
	{                                                                                     \
		.name = "connect", .start = step_start, .ended = op_ended_greeted,            \
		.limit = LIMIT_LIBVIRT, .side = OP_DST, .place = OP_PLACE_HOST, .ours = true, \
	}
#define LIBVIRT_ARRIVE_STEP                                                                        \
	{                                                                                          \
		.name = "arrive", .ended = op_ended_arrived, .limit = LIMIT_REPLY, .side = OP_DST, \
	}
#define LIBVIRT_NEGOTIATE_STEP                                                                 \
	{                                                                                      \
		.name = "negotiate", .start = op_start_negotiate, .ended = op_ended_negotiate, \
		.limit = LIMIT_REPLY, .side = OP_DST,                                          \
	}

/* The source's guest, now. */
struct brownout_moment migrate_source_moment(const struct op *op);

/* What we measure ourselves: brownout and switchover. */
void migrate_measure(struct op *op);

/* Removes the socket. */
void migrate_clean_up(struct op *op);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What migrate and migrate-cancel share: all until both sides are ready. */
#ifndef QSOAK_OP_MIGRATE_H
#define QSOAK_OP_MIGRATE_H

#include "op/step.h"

/* A destination of the wanted build is there, both sides can do what is asked for and are set to it,
 * and the destination listens. */
extern const struct op_step migrate_setup[];

/* The command itself. */
int migrate_start(struct op *op, struct err *err);

/* Fails if one side has said that the migration failed or was cancelled. */
enum op_progress migrate_check_status(struct op *op, struct err *err);
bool migrate_status_is(const struct op *op, enum op_side side, const char *status);

/* Capabilities outlive the migration, and snapshot-save is a migration inside QEMU: with multifd
 * still on, 7.2 crashes in it (multifd_send_sync_main() without channels). */
int migrate_start_reset(struct op *op, struct err *err);

/* Removes the socket. */
void migrate_clean_up(struct op *op);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pushes: `qsoak push` as a child, every so often while there is something to push, and at the end of a campaign.
 *
 * A push that fails is tried again, less and less often; the log says so once, and once when it is over. Nothing else
 * waits for any of it.
 */
#ifndef QSOAK_CONTROL_PUSHES_H
#define QSOAK_CONTROL_PUSHES_H

#include <ev.h>
#include <jansson.h>

#include "control/control.h"

/* How often, where nothing else is said. */
#define PUSHES_EVERY_NS (60 * CLOCK_NS_PER_S)

/* A push that takes longer is killed; the next one goes on where it stood. */
#define PUSHES_LIMIT_NS (15 * 60 * CLOCK_NS_PER_S)

/* The pauses between those that fail double, up to so many times the usual one. */
#define PUSHES_BACKOFF_MAX 8

struct pushes;

/* state: the folder, borrowed. Nothing is pushed until pushes_set(). */
struct pushes *pushes_new(struct ev_loop *loop, struct control *control, const char *state);

/* Kills what runs; takes NULL. */
void pushes_free(struct pushes *pushes);

/* Where to from now on, or NULL: nowhere; copied. Another URL is pushed to at once. */
void pushes_set(struct pushes *pushes, const char *url, int64_t every_ns);

/* {"age-ns": since the start of the last push that ended well, or null, "failing": why, or null}; null where nothing is
 * pushed, and for NULL. */
json_t *pushes_status(const struct pushes *pushes);

#endif

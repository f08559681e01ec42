/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a turn of the loop takes, from waking to the next wait: what is due meanwhile comes so
 * much late.
 */
#ifndef QSOAK_BASE_LAG_H
#define QSOAK_BASE_LAG_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/* The longest turn is that of the last so many seconds. */
#define LAG_WINDOW_S 60

struct lag;

struct lag *lag_new(struct ev_loop *loop);

/* Takes NULL. */
void lag_free(struct lag *lag);

/* The longest turn of the window that has ended. */
int64_t lag_longest_ns(const struct lag *lag);

/* How long the turn in progress has taken so far. */
int64_t lag_turn_ns(const struct lag *lag);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standstills: times in which the loop could not turn, because qsoakd, or the whole host, did not run.
 *
 * A paused host, a frozen cgroup, SIGSTOP: nobody had his time, but the clock went on, and all limits have
 * passed on wake-up. Such time is lost: deadlines (base/deadline.h) are moved by it, and who measures a
 * duration can ask whether some of it was lost meanwhile. CLOCK_MONOTONIC itself stands during a suspend,
 * which moves no deadline but is told all the same.
 */
#ifndef QSOAK_BASE_STANDSTILL_H
#define QSOAK_BASE_STANDSTILL_H

#include <ev.h>
#include <stdint.h>

#include "base/clock.h"

/* A loop under watch turns at least so often, and has stood still if it did not for so long. */
#define STANDSTILL_TURN_NS (500 * CLOCK_NS_PER_MS)
#define STANDSTILL_NS (2 * CLOCK_NS_PER_S)

/* CLOCK_BOOTTIME that goes ahead of CLOCK_MONOTONIC by so much: a suspend. */
#define STANDSTILL_SUSPEND_NS (100 * CLOCK_NS_PER_MS)

struct standstill;

/* Watches the loop; it does not keep it running. stood, or NULL, is called from the loop before anything else
 * of the turn: lost_ns of CLOCK_MONOTONIC were lost, and suspended_ns more; one of them may be 0. */
struct standstill *standstill_new(struct ev_loop *loop,
				  void (*stood)(void *ctx, int64_t lost_ns, int64_t suspended_ns),
				  void *ctx);

/* Before the loop is destroyed; NULL is fine. */
void standstill_free(struct standstill *standstill);

/* What the loop has lost in all, up to now; 0 if nobody watches it. */
int64_t standstill_lost_ns(struct ev_loop *loop);

/* How often it has stood still: two that differ have a standstill or a suspend between them. */
uint64_t standstill_count(struct ev_loop *loop);

#endif

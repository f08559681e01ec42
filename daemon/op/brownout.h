/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brownout: how fast a guest goes on while it is copied, as a share of how fast it was right
 * before.
 *
 * The rate before is that of the migrate's own preparation, from its begin to its command: the
 * source runs and nothing is asked of it but its settings. That is there however closely one
 * operation follows another, lies within one run, where ticks never go back, and has the load of
 * the same moment. The copying is from the command to the source's STOP: a guest that stands for
 * the last part of it has so much less progress, and a longer blackout as well.
 */
#ifndef QSOAK_OP_BROWNOUT_H
#define QSOAK_OP_BROWNOUT_H

#include <stdbool.h>
#include <stdint.h>

/* Turns of the guest that each of both times has to hold, at the rate before: so the ratio is
 * right to within a fifth. Those that the guest did while it was copied do not count, which would
 * leave out the slowest. */
#define BROWNOUT_TURNS_MIN 10

/* What all vCPUs of the guest had done at a time (CLOCK_MONOTONIC). */
struct brownout_moment {
	int64_t at_ns;
	uint64_t ticks;
};

/* 1: as fast as before; 0: it stood. False where one of the times is too short, or there are no
 * ticks. */
bool brownout_ratio(const struct brownout_moment *begin, const struct brownout_moment *command,
		    const struct brownout_moment *stop, double *ret_ratio);

#endif

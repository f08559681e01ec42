/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shrinking a reproducer: what it does not need is left out, as long as it fails at a useful rate.
 *
 * Left out are first half of the machines, and half of those again; then operations of the loop and
 * options of QEMU's command line, by halves, quarters and one by one (as by delta debugging, see
 * Zeller, "Yesterday, my program worked").
 */
#ifndef QSOAK_TRIAGE_REPRODUCER_SHRINK_H
#define QSOAK_TRIAGE_REPRODUCER_SHRINK_H

#include "triage/reproducer.h"

/* A rate is useful from so many percent of the tries on, and from half the rate of the whole script. */
#define SHRINK_RATE_MIN_PERCENT 30

#define SHRINK_TRIES_MAX 1000

/* Of so many tries so many have shown the failure. */
struct shrink_rate {
	unsigned reproduced, tries;
};

struct shrink_spec {
	unsigned tries; /* of each candidate, at most */

	/* Runs one: may end it as soon as needed tries have shown the failure, or cannot any more; 0: all
	 * tries are wanted. */
	int (*run)(void *ctx, const struct reproducer *candidate, unsigned tries, unsigned needed,
		   struct shrink_rate *ret_rate, struct err *err);

	/* Progress: what was left out, and what came of it. */
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

/* Leaves out of the reproducer what it can, and tells in its remarks what that was, with the rates. One
 * that fails too seldom from the beginning stays whole, and says so. */
int shrink(struct reproducer *reproducer, const struct shrink_spec *spec, struct err *err);

#endif

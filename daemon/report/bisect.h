/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search for the build in which a failure began, or ended: how many loops its decisions take, and which
 * build comes next.
 *
 * That a build fails is seen; that it does not can only be concluded, from loops without the failure. A
 * loop is taken to fail by itself with a probability that is the same on all builds that have the failure,
 * or at least not smaller than on the one where it was measured. alpha, 0 < alpha < 1, is the chance of one
 * wrong conclusion; the whole search is wrong with the sum of all its alphas at most (Bonferroni).
 */
#ifndef QSOAK_REPORT_BISECT_H
#define QSOAK_REPORT_BISECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More loops than anybody will do. */
#define BISECT_NEVER INT64_MAX

/* A list of builds: the failure is on one end of (low, high], and not on the other. */
struct bisect {
	size_t low, high; /* low < high: two builds of which both are known */
	bool bad_at_high; /* the failure is on high: where did it begin? Else: where did it end? */
};

/* What can go wrong: the measured rate, the good end, and a build each time the range is halved: the
 * logarithm of its builds to base 2, rounded up, and two. */
unsigned bisect_decisions(const struct bisect *bisect);

/* Whether there is a build to try next, and which. Without one the answer is high: the first build like
 * that end. */
bool bisect_next(const struct bisect *bisect, size_t *ret_build);

/* What came of the build that bisect_next() told. */
void bisect_learn(struct bisect *bisect, size_t build, bool bad);

/* A lower bound of the share of loops that fail, which is above the true one with a chance of alpha at
 * most: failures came in so many loops, the failed ones among them, and the counting ended with the
 * last failure or after a number of loops that was fixed before. 0 without a failure. alpha below 1/2.
 * The one-sided bound of Clopper and Pearson, Biometrika 26 (1934): that the k-th failure comes within n
 * loops is the same as at least k failures in n loops (inverse sampling; Haldane, Biometrika 33, 1945). */
double bisect_rate_lower(int64_t failures, int64_t loops, double alpha);

/* The fewest loops n all of which a build with this rate passes with a chance of alpha at most:
 * (1 - rate)^n <= alpha. At least 1; BISECT_NEVER for a rate of 0, and where that is the number. */
int64_t bisect_loops(double rate, double alpha);

#endif

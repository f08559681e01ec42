/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an experiment could have found, and how much more of it would decide.
 *
 * Both take half the width w of the interval of a log ratio, at its confidence, for its standard
 * error: s = w / z((1 - confidence) / 2), where z(p) is what a standard normal value exceeds with
 * probability p. Both take s to shrink with the square root of the blocks.
 */
#ifndef QSOAK_REPORT_POWER_H
#define QSOAK_REPORT_POWER_H

#include <stddef.h>
#include <stdint.h>

#include "report/rank.h"

/* How likely a detectable effect is to be found. */
#define POWER_WANTED 0.8

#define POWER_NEVER INT64_MAX

/* The smallest log ratio, by size, that a two-sided test at alpha finds with probability
 * POWER_WANTED, with as many blocks as made this interval: (z(alpha / 2) + z(1 - POWER_WANTED)) *
 * s. INFINITY where the interval is not bounded. alpha and confidence lie between 0 and 1. */
double power_detectable(const struct rank_interval *log_ratio, double confidence, double alpha);

/* How many blocks more than these until a verdict is to be expected, if the estimate e stays where
 * it is: slower or faster, once z(alpha / 2) * s is below |e|; same, once w is below margin - |e|;
 * what comes first. That is ceil(blocks * (now / wanted)^2) - blocks for the half-width in
 * question, at least 1. margin is a log ratio, 0 or more: same means -margin to margin; alpha is
 * the level that p has to be below. POWER_NEVER: the interval is not bounded, or neither comes (e
 * and margin are 0), or only after 2^53 blocks. */
int64_t power_more_blocks(const struct rank_interval *log_ratio, size_t blocks, double confidence,
			  double alpha, double margin);

#endif

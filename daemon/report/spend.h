/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of the chance of a false alarm each preset look at an experiment under way may use.
 *
 * Lan and DeMets, Biometrika 70 (1983), with their function like O'Brien and Fleming's bounds:
 * little is spent early, almost all is left for the last look.
 */
#ifndef QSOAK_REPORT_SPEND_H
#define QSOAK_REPORT_SPEND_H

#include <stddef.h>

/* What may be spent until a share t of all blocks, above 0 to 1, is there: alpha(t) = 2 - 2 *
 * Phi(z(alpha / 2) / sqrt(t)), alpha at t = 1. Two-sided; alpha between 0 and 1. */
double spend_until(double alpha, double t);

/* The level of one look, by its position from 0: looks are in blocks, above 0, ascending, the last
 * is the end of the experiment. It is what this look adds to what was spent before, so that all
 * levels sum to alpha: by the union bound alarms stay at or below alpha however the looks hang
 * together. Bounds that make use of how they do would be a little wider. */
double spend_level(double alpha, const size_t *looks, size_t count, size_t look);

#endif

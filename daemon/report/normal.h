/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The standard normal distribution's tail, and its inverse. */
#ifndef QSOAK_REPORT_NORMAL_H
#define QSOAK_REPORT_NORMAL_H

/* The probability that a standard normal value exceeds z: 0.025 for 1.96. */
double normal_upper_tail(double z);

/* The z that a standard normal value exceeds with probability p: 1.96 for 0.025. p from 1e-300 to
 * 0.5, z from 37 to 0, exact to 1e-14. Newton's method on the tail's logarithm. */
double normal_upper_quantile(double p);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logarithms of probability masses, for counts up to 2^52.
 *
 * By C. Loader's saddle point expansion ("Fast and Accurate Computation of Binomial Probabilities",
 * 2000): differences of lgamma() would lose eight digits at 10^7. Counts are doubles without a
 * fraction. Absolute errors of the logarithms stay below 1e-11 for counts up to 10^7.
 */
#ifndef QSOAK_REPORT_MASS_H
#define QSOAK_REPORT_MASS_H

/* Of hits among count tries, 0 <= hits <= count, each with probability p, 0 < p < 1; q is 1 - p,
 * given so that none of the two is lost when it is tiny. */
double mass_log_binomial(double hits, double count, double p, double q);

/* Of x white ones among drawn of white + black, without putting back; x must be possible, and drawn
 * neither none nor all. */
double mass_log_hypergeometric(double x, double white, double black, double drawn);

#endif

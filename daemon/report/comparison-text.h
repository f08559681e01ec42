/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparisons in words and tables; values may come from a peer. All texts are the caller's to free. */
#ifndef QSOAK_REPORT_COMPARISON_TEXT_H
#define QSOAK_REPORT_COMPARISON_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* "fixed is slower than stock: snapshot-save.duration +10.3 % (+8.0 % to +12.4 %); 40 blocks" */
char *comparison_sentence(json_t *comparison);

/* "selfcheck of this host (campaign 3, ...): 0 alarms in 4 metrics of a build against itself, ..." */
char *comparison_selfcheck_sentence(json_t *selfcheck);

/* A value of a metric: "21.3ms", "0.93", "12.5 Mbit/s". */
char *comparison_value(double value, const char *unit);

/* Its sentence, or that there is none (null). */
void comparison_print_selfcheck(json_t *selfcheck, FILE *out);

/* What qsoak compare prints. */
void comparison_print(json_t *comparison, FILE *out);

#endif

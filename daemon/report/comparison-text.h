/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparisons in words and tables; values may come from a peer. All texts are the caller's to free. */
#ifndef QSOAK_REPORT_COMPARISON_TEXT_H
#define QSOAK_REPORT_COMPARISON_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* "fixed is slower than stock: snapshot-save.duration +10.3 % (+8.0 to +12.4 %); 40 blocks" */
char *comparison_sentence(json_t *comparison);

/* "this host, compared with itself, ..." */
char *comparison_selfcheck_sentence(json_t *selfcheck);

/* A value of a metric: "21.3ms", "0.93", "12.5 Mbit/s". */
char *comparison_value(double value, const char *unit);

/* What qsoak compare prints. */
void comparison_print(json_t *comparison, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows as comma-separated values (RFC 4180, but lines end in '\n'). */
#ifndef QSOAK_REPORT_CSV_H
#define QSOAK_REPORT_CSV_H

#include <jansson.h>
#include <stdio.h>

/* The keys, or the values, of one object as a line. null is an empty field. */
void csv_header(json_t *object, FILE *out);
void csv_row(json_t *object, FILE *out);

#endif

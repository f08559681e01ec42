/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of a campaign's report: its signatures, each with what the store and the ledger know of it. */
#ifndef QSOAK_REPORT_SIGNATURES_H
#define QSOAK_REPORT_SIGNATURES_H

#include <jansson.h>
#include <stdio.h>

/* A paragraph for each, and what the ledger expected and did not happen. */
void signatures_print(json_t *report, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a campaign's result that sets its builds side by side. */
#ifndef QSOAK_REPORT_VERDICT_PRINT_H
#define QSOAK_REPORT_VERDICT_PRINT_H

#include <jansson.h>
#include <stdio.h>

/* value: as of report_json_campaign(). */
void verdict_print(json_t *value, FILE *out);

#endif

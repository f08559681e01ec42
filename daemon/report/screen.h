/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One incident on one screen. */
#ifndef QSOAK_REPORT_SCREEN_H
#define QSOAK_REPORT_SCREEN_H

#include "report/report.h"

/* value: the answer to "query-incident", where the files that are to be quoted have their "text", and "where"
 * is what `qsoak` has to be told besides. What it lacks is left out or prints as "-". */
void report_screen(json_t *value, FILE *out);

/* Whether the screen quotes a file of that name. */
bool report_screen_quotes(const char *name);

#endif

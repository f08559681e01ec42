/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An incident for people: its manifest as a page, then its files. */
#ifndef QSOAK_REPORT_INCIDENT_H
#define QSOAK_REPORT_INCIDENT_H

#include <jansson.h>
#include <stdio.h>

/* The answer to "query-incident", whose files also have a "text". All text is made printable. */
void report_incident(json_t *value, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A campaign's result as one HTML page that needs nothing else: no network, no script, no font. */
#ifndef QSOAK_REPORT_HTML_H
#define QSOAK_REPORT_HTML_H

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"

/* report is what `qsoak report --json` prints, plots the answer to "query-plots"; both are
 * borrowed, either may be NULL, and what they lack or have of another type is left out. The page
 * is UTF-8, and well-formed as HTML and as XML. It embeds both as {"report", "plots"}; each
 * number that it shows of them is in an element with its JSON pointer (data-path) and exact
 * value (data-value). -EIO, or what errno says, if out does not take it all. */
int html_report(json_t *report, json_t *plots, FILE *out, struct err *err);

#endif

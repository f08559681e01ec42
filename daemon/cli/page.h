/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A campaign's report as a file for a browser. */
#ifndef QSOAK_CLI_PAGE_H
#define QSOAK_CLI_PAGE_H

#include "cli/source.h"

/* What the page draws of the campaign that the report is of; NULL where nobody can tell. The
 * caller's. */
int page_plots(struct source *source, const json_t *report, json_t **ret_plots, struct err *err);

/* Writes the page; whoever reads path finds it whole, or what was there before. */
int page_write(json_t *report, json_t *plots, const char *path, struct err *err);

#endif

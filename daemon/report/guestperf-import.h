/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports of QEMU's guestperf as records, so that they are in the history of a store. */
#ifndef QSOAK_REPORT_GUESTPERF_IMPORT_H
#define QSOAK_REPORT_GUESTPERF_IMPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/record.h"

/* Of one file, and of the reports in it. */
#define GUESTPERF_TEXT_MAX (16 * 1024 * 1024)
#define GUESTPERF_REPORTS_MAX 1000

/* The name of their campaign. */
#define GUESTPERF_CAMPAIGN "guestperf"

/* Reads a file with one report, or with one behind the other. ret_reports: a list of objects, each
 * with all that guestperf_emit() needs; the caller owns it. -EINVAL: one lacks something, or is no
 * JSON. name is the file's, for error texts. */
int guestperf_read(const char *text, size_t size, const char *name, json_t **ret_reports,
		   struct err *err);

/* Emits a campaign with a VM and a migrate for each report, and returns its id. build: its name for
 * all, or NULL: that of the file which each report names as its QEMU, with a number behind it from
 * the second one on. */
int64_t guestperf_emit(json_t *reports, const char *build, struct records *records);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An incident's evidence, wherever it lies: its manifest and its files. */
#ifndef QSOAK_CLI_EVIDENCE_H
#define QSOAK_CLI_EVIDENCE_H

#include <stddef.h>

#include "cli/source.h"

/* So much of a packed file is fetched. */
#define EVIDENCE_PACKED_MAX (64u << 20)

/* The answer to query-incident: "manifest", "files", "directory". The caller's. */
int evidence_query(struct source *source, int64_t incident, json_t **ret_value, struct err *err);

/* The bytes of one file, with a NUL behind them; the caller frees. Of a file of more than max bytes only
 * its first max come. What was packed (triage/bundle.h) is found by its name without the suffix, too, and
 * is unpacked. -EPROTO: what is packed is damaged, or no answer of ours; -ENOMEM: it cannot be
 * unpacked; else as by source_get(). */
int evidence_get_file(struct source *source, int64_t incident, const char *name, size_t max,
		      char **ret_data, size_t *ret_size, struct err *err);

#endif

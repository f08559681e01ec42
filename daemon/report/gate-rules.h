/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of a release gate: what a campaign must show before its build may go out. */
#ifndef QSOAK_REPORT_GATE_RULES_H
#define QSOAK_REPORT_GATE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Of a file of rules. */
#define GATE_RULES_TEXT_MAX (64 * 1024)

#define GATE_BUILDS_MAX 64
#define GATE_METRICS_MAX 64

/* Of metrics for which neither the rules nor the campaign have one. */
#define GATE_MARGIN 0.05

/* What a share of slowness may be: of one metric. */
struct gate_margin {
	char *metric;
	double margin; /* 0 to 1 */
};

/* Failures that do not count. */
enum gate_ignored {
	GATE_IGNORE_KNOWN,    /* by the ledger of known issues */
	GATE_IGNORE_EXPECTED, /* by the profile */
	GATE_IGNORED_COUNT,
};

struct gate_failures {
	bool given;
	double below;	   /* the share of loops that may fail, above 0 and below 1 */
	double confidence; /* one-sided, above 0.5 and below 1 */
	char **builds;	   /* NULL: the candidate, see gate.h */
	bool ignore[GATE_IGNORED_COUNT];
	bool worse; /* no signature may really come more often than with the build before */
};

struct gate_slower {
	bool given;
	double margin; /* of metrics without their own; negative: as the campaign has it */
	struct gate_margin *metrics;
	size_t metric_count;
};

struct gate_rules {
	char *name;	      /* of the file; NULL: these are the built-in ones */
	bool any_end;	      /* the campaign may have been interrupted */
	bool any_environment; /* the two builds may have run in different ones */
	int64_t min_loops, min_blocks;
	struct gate_failures failures;
	struct gate_slower slower;
	char **need; /* metrics; NULL: none */
};

/* The built-in rules: failures and slower, with their defaults. */
void gate_rules_init(struct gate_rules *rules);
void gate_rules_finish(struct gate_rules *rules);

/* Reads rules; finish them afterwards, also if they are refused. text need not end in NUL; name
 * is the file's, for error texts, which say "name:line: key: what was found, what would be right"
 * with -EINVAL. */
int gate_rules_read(struct gate_rules *ret_rules, const char *text, size_t size, const char *name,
		    struct err *err);

#endif

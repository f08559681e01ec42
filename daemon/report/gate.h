/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The release gate: rules applied to the report of a campaign.
 *
 * A rule holds ("pass"), is proven not to ("broken"), or cannot be decided ("inconclusive"): what
 * is not known never passes. The candidate is build B of a campaign that compares two, else each
 * build.
 */
#ifndef QSOAK_REPORT_GATE_H
#define QSOAK_REPORT_GATE_H

#include <jansson.h>
#include <stdio.h>

#include "report/gate-rules.h"

enum gate_verdict {
	GATE_PASS,
	GATE_BROKEN,
	GATE_INCONCLUSIVE,
	GATE_VERDICT_COUNT,
};

/* report: the answer to query-report with what the ledger says of it (ledger_apply_report()),
 * from a peer. The caller owns the object: {"campaign": {"id", "name"}, "candidate" (or null),
 * "rules_file" (null: the built-in ones), "verdict", "sentence", "rules": [{"rule", "subject" (a
 * build or a metric, or null), "verdict", "sentence", "value", "lower", "upper", "bound"
 * (numbers, or null)}]}. Of failures the figures are shares of loops, and the interval's two ends
 * each have the rule's confidence; of "slower" they are ratios, above 1 where the candidate is
 * worse; of minima and of "worse" they are counts. */
json_t *gate_judge(json_t *report, const struct gate_rules *rules);

/* Of what gate_judge() made. */
enum gate_verdict gate_verdict(json_t *value);

/* The same for people: a line a rule, and one of all. */
void gate_print(json_t *value, FILE *out);

#endif

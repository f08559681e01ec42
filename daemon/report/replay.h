/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a replay: how often one failure came again, and what came instead. */
#ifndef QSOAK_REPORT_REPLAY_H
#define QSOAK_REPORT_REPLAY_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct replay_asked {
	/* of the incident: "failure", "class", "signature", "alternative" (or null), "loops" */
	json_t *manifest;
	const char *build; /* that was tried */
	int64_t attempts;  /* VMs in all */
	int64_t loops;	   /* that each was to do */
};

/* failures: rows of query-failures; report: the answer to query-report; both of the campaign. The same
 * failure is one of the same class that has a title in common with the incident. An attempt
 * is a VM that failed, whatever with, or came to its planned end; none is one that the host failed, or
 * that did not boot. The caller owns the object: "incident", "class", "signature", "build", "campaign", "end", "wanted",
 * "attempts", "reproduced", "rate_lower" and "rate_upper" (95 %), "loops_per_attempt",
 * "loops_to_failure" (sorted list), "incident_loops", "others": [{"class", "signature", "failures"}],
 * "host_failures". */
json_t *replay_result(const struct replay_asked *asked, json_t *failures, json_t *report);

/* The same for people. */
void replay_print(json_t *value, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A campaign's result as test cases, for programs that know tests: one for each build and
 * signature, one for each metric of a comparison, and one for a build without failures.
 */
#ifndef QSOAK_REPORT_CASES_H
#define QSOAK_REPORT_CASES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum case_status {
	CASE_PASSED,
	CASE_FAILED,
	CASE_SKIPPED, /* it says nothing of the build: known, expected, unclear */
	CASE_STATUS_COUNT,
};

/* Texts are as the peer has sent them: not printable, but UTF-8. */
struct test_case {
	char *suite;   /* PROFILE.BUILD */
	char *name;    /* a signature, a metric */
	char *type;    /* the class of the failure, "metric" or "build" */
	char *message; /* a line: why it failed or was skipped; NULL where it passed */
	char *detail;  /* lines; NULL: there are none */
	enum case_status status;
};

struct cases {
	struct test_case *cases; /* those of a suite stand together */
	size_t count;
	char *campaign; /* "campaign 7 nightly" */
	int64_t began_unix_ns;
	int64_t duration_ns; /* of the campaign so far; 0: not known */
};

/* report: the answer to query-report with what the ledger says of it (ledger_apply_report()),
 * from a peer. */
void cases_make(json_t *report, struct cases *ret_cases);
void cases_finish(struct cases *cases);

/* As XML of JUnit: a suite for each PROFILE.BUILD. Valid by the junit-10.xsd of Jenkins' xunit
 * plugin. */
void junit_print(const struct cases *cases, FILE *out);

/* As TAP, version 13. */
void tap_print(const struct cases *cases, FILE *out);

#endif

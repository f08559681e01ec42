/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of known issues: signatures that somebody has looked at, and what is known of them.
 *
 * It is read from files of YAML, each behind the one before; of a failure the first issue counts
 * whose pattern matches its signature or its own other title. A known issue stays a failure:
 * the ledger only says so in reports.
 */
#ifndef QSOAK_REPORT_LEDGER_H
#define QSOAK_REPORT_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "report/version.h"

/* Of one file. */
#define LEDGER_TEXT_MAX (256 * 1024)
#define LEDGER_ISSUES_MAX 512

#define LEDGER_TITLE_MAX 200
#define LEDGER_REFERENCE_MAX 300
#define LEDGER_PROFILES_MAX 64

/* The name of its file, wherever it lies. */
#define LEDGER_FILE "known-issues.yaml"

struct ledger_issue {
	char *pattern;	 /* fnmatch(3), over a whole title */
	char *title;	 /* one line in words */
	char *reference; /* where upstream has it; or NULL */
	char *from;	 /* the first version that has it; NULL: all before fixed_in */
	char *fixed_in;	 /* the first that has it no more; NULL: none is known */
	char **profiles; /* names of those that are expected to show it; NULL: none */
};

/* Zeroed: without issues. */
struct ledger {
	struct ledger_issue *issues;
	size_t count;
};

void ledger_finish(struct ledger *ledger);

/* Adds the issues of a file behind those that are there. text need not end in NUL; name is for error
 * texts, which say "name:line: key: what was found, what would be right" with -EINVAL and leave the
 * ledger as it was. */
int ledger_add(struct ledger *ledger, const char *text, size_t size, const char *name,
	       struct err *err);

/* Whether a failure may be the issue. title may be NULL; alternatives is a JSON array of titles. */
bool ledger_issue_matches(const struct ledger_issue *issue, const char *title,
			  json_t *alternatives);

/* The issue that it is, or NULL. */
const struct ledger_issue *ledger_match(const struct ledger *ledger, const char *title,
					json_t *alternatives);

/* Whether builds that say these versions of themselves (a JSON array of lines) should have the issue no
 * more: all of them are of fixed_in or newer. */
bool ledger_is_fixed(const struct ledger_issue *issue, json_t *versions);

/* Whether a build that says this version of itself has the issue, as far as is known. */
bool ledger_affects(const struct ledger_issue *issue, const char *version);

/* What ledger-apply.c adds to the answers of the commands that read results. Members of the wrong type
 * (they come from a peer) are as if they were not there. */

/* To each element of a list of rows "ledger": {"status", "title", "reference", "fixed_in", "pattern",
 * "came_back_in": [BUILD, ...], "failures"}. The status is "known", "came-back" (on a build that should have
 * it no more) or "new"; then the texts are null. A row is a failure, or failures that share a signature: then
 * the issue is the first one that any of them is, and "failures" is how many are it; else that is null. */
void ledger_apply(const struct ledger *ledger, json_t *rows);

/* To a campaign's report: to its signatures as above, and "did_not_happen": [{"build", "title", "reference",
 * "pattern"}], the issues that its profile is expected to show on a build and that did not come. */
void ledger_apply_report(const struct ledger *ledger, json_t *report);

#endif

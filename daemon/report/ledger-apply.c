// SPDX-License-Identifier: GPL-2.0-or-later
/* What the ledger says of rows and reports, put into them. */
#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/json.h"
#include "report/ledger.h"

/* What joins the names of two builds in the name of a migration between them. */
#define BETWEEN " -> "

/* How many failures of a row (or of a build of one) are the issue: all, where the title that they share
 * says so; else those whose own title does. -1: the row does not tell. */
static json_int_t count_failures(const struct ledger_issue *issue, const char *title, json_t *row)
{
	json_t *counts = json_object_get(row, "alternative_failures"), *count;
	json_int_t failures = json_integer_value(json_object_get(row, "failures")), left = failures;
	const char *alternative;

	if (failures < 1)
		return -1;
	if (ledger_issue_matches(issue, title, NULL))
		return failures;
	if (!json_is_object(counts))
		return -1;
	json_object_foreach(counts, alternative, count) {
		json_int_t more = json_integer_value(count);

		/* A peer may count more than there are. */
		if (more > 0 && ledger_issue_matches(issue, alternative, NULL))
			left -= more < left ? more : left;
	}
	return failures - left;
}

static void add_if_fixed(const struct ledger_issue *issue, json_t *row, json_t *builds)
{
	json_t *build = json_object_get(row, "build");

	if (json_is_string(build) && ledger_is_fixed(issue, json_object_get(row, "versions")))
		json_array_append(builds, build);
}

/* A row is of one build (or two, between which it migrated), or has a list of them. */
static json_t *came_back_in(const struct ledger_issue *issue, json_t *row)
{
	const char *title = field_text(row, "signature");
	json_t *builds = json_array(), *build;
	size_t i;

	add_if_fixed(issue, row, builds);
	json_array_foreach(json_object_get(row, "builds"), i, build)
		if (count_failures(issue, title, build))
			add_if_fixed(issue, build, builds);
	return builds;
}

static json_t *describe(const struct ledger_issue *issue, json_t *row)
{
	json_t *builds = issue ? came_back_in(issue, row) : json_array();
	const char *status = !issue ? "new" : json_array_size(builds) ? "came-back" : "known";
	json_int_t failures = issue ? count_failures(issue, field_text(row, "signature"), row) : -1;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "status", status, "title",
			 report_json_string(issue ? issue->title : NULL), "reference",
			 report_json_string(issue ? issue->reference : NULL), "fixed_in",
			 report_json_string(issue ? issue->fixed_in : NULL), "pattern",
			 report_json_string(issue ? issue->pattern : NULL), "came_back_in", builds,
			 "failures", failures < 0 ? json_null() : json_integer(failures));
}

/* The titles of a row besides its signature: the one of a failure, or those of several. */
static json_t *other_titles(json_t *row)
{
	json_t *alternative = json_object_get(row, "alternative");

	return alternative ? json_pack("[O]", alternative)
			   : json_incref(json_object_get(row, "alternatives"));
}

void ledger_apply(const struct ledger *ledger, json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		auto_json json_t *titles = other_titles(row);

		json_object_set_new(
			row, "ledger",
			describe(ledger_match(ledger, field_text(row, "signature"), titles), row));
	}
}

/* Whether name is one of "NAME" and "NAME -> NAME". */
static bool names_build(const char *builds, const char *name)
{
	const char *between = strstr(builds, BETWEEN);

	if (!between)
		return !strcmp(builds, name);
	return !strcmp(between + strlen(BETWEEN), name) ||
	       (strlen(name) == (size_t)(between - builds) &&
		!strncmp(builds, name, (size_t)(between - builds)));
}

/* By its pattern: a failure that another issue explains first may still be this one. */
static bool came(const struct ledger_issue *issue, json_t *signatures, const char *build)
{
	json_t *row;
	size_t i;

	json_array_foreach(signatures, i, row) {
		const char *builds = field_text(row, "build");

		if (builds && names_build(builds, build) &&
		    ledger_issue_matches(issue, field_text(row, "signature"),
					 json_object_get(row, "alternatives")))
			return true;
	}
	return false;
}

static bool lists_profile(const struct ledger_issue *issue, const char *profile)
{
	for (size_t i = 0; issue->profiles && issue->profiles[i]; i++)
		if (!strcmp(issue->profiles[i], profile))
			return true;
	return false;
}

static void add_missing(const struct ledger_issue *issue, json_t *report, json_t *list)
{
	json_t *build;
	size_t i;

	json_array_foreach(json_object_get(report, "builds"), i, build) {
		const char *name = field_text(build, "build");

		if (name && ledger_affects(issue, field_text(build, "version")) &&
		    !came(issue, json_object_get(report, "signatures"), name))
			json_array_append_new(
				list, json_pack("{s:s, s:o, s:o, s:o}", "build", name, "title",
						report_json_string(issue->title), "reference",
						report_json_string(issue->reference), "pattern",
						report_json_string(issue->pattern)));
	}
}

void ledger_apply_report(const struct ledger *ledger, json_t *report)
{
	const char *profile = field_text(json_object_get(report, "campaign"), "name");
	json_t *list = json_array();

	for (size_t i = 0; profile && i < ledger->count; i++)
		if (lists_profile(&ledger->issues[i], profile))
			add_missing(&ledger->issues[i], report, list);
	ledger_apply(ledger, json_object_get(report, "signatures"));
	json_object_set_new(report, "did_not_happen", list);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* From a campaign's result to test cases. */
#include "report/cases.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/field.h"
#include "report/text.h"

/* Of the case of a build that has no signature. */
#define NO_FAILURES "no failures"

struct maker {
	json_t *report;
	const char *profile;
	struct cases *cases;
};

/* Takes message and detail over; both may be NULL. */
static void add(struct maker *maker, const char *build, const char *name, const char *type,
		enum case_status status, char *message, char *detail)
{
	struct cases *cases = maker->cases;

	cases->cases = mem_realloc(cases->cases, cases->count + 1, sizeof(*cases->cases));
	cases->cases[cases->count++] = (struct test_case){
		.suite = mem_printf("%s.%s", maker->profile, build),
		.name = mem_strdup(text_or_dash(name)),
		.type = mem_strdup(text_or_dash(type)),
		.message = message,
		.detail = detail,
		.status = status,
	};
}

/* --- signatures --- */

/* Why all failures of a row say nothing of the build, or NULL; the caller frees. */
static char *excuse(json_t *row)
{
	json_t *ledger = json_object_get(row, "ledger");
	int64_t failures = field_integer(row, "failures");
	const char *reference = field_text(ledger, "reference");

	if (field_says(row, "class", "host"))
		return mem_strdup("a failure of the host");
	if (field_says(ledger, "status", "known") && failures > 0 &&
	    field_integer(ledger, "failures") == failures)
		return mem_printf("known: %s%s%s%s", text_or_dash(field_text(ledger, "title")),
				  reference ? " (" : "", reference ? reference : "",
				  reference ? ")" : "");
	if (failures > 0 && field_integer(row, "expected") == failures)
		return mem_strdup("expected by the profile");
	return NULL;
}

/* What the ledger says of a row that has no excuse: "new", "came back: TITLE". */
static char *standing(json_t *row)
{
	json_t *ledger = json_object_get(row, "ledger");
	const char *status = field_text(ledger, "status"), *title = field_text(ledger, "title");

	if (!status)
		return mem_strdup("");
	if (!title)
		return mem_printf(", %s", status);
	if (!strcmp(status, "came-back"))
		return mem_printf(", came back: %s", title);
	return mem_printf(", %lld of them known: %s", (long long)field_integer(ledger, "failures"),
			  title);
}

static char *describe_row(json_t *row)
{
	json_t *alternatives = json_object_get(row, "alternatives"), *other;
	char *text = NULL;
	size_t size = 0, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fprintf(out, "signature: %s\nclass: %s\nfailures: %lld\n",
		text_or_dash(field_text(row, "signature")), text_or_dash(field_text(row, "class")),
		(long long)field_integer(row, "failures"));
	if (field_known(row, "first_loops"))
		fprintf(out, "first after loops: %lld\n",
			(long long)field_integer(row, "first_loops"));
	if (field_text(row, "incident"))
		fprintf(out, "incident: %s\n", field_text(row, "incident"));
	json_array_foreach(alternatives, i, other)
		if (json_is_string(other))
			fprintf(out, "also: %s\n", json_string_value(other));
	fclose(out);
	return text;
}

static void add_signature(struct maker *maker, const char *build, json_t *row)
{
	auto_free char *failures = text_count(field_integer(row, "failures"), "failure");
	auto_free char *loops = text_count(field_integer(row, "first_loops"), "loop");
	auto_free char *how = standing(row);
	char *reason = excuse(row);

	add(maker, build, field_text(row, "signature"), field_text(row, "class"),
	    reason ? CASE_SKIPPED : CASE_FAILED,
	    reason ? reason : mem_printf("%s, the first after %s%s", failures, loops, how),
	    describe_row(row));
}

/* Returns how many there are. */
static size_t add_signatures(struct maker *maker, const char *build)
{
	size_t i, count = 0;
	json_t *row;

	json_array_foreach(json_object_get(maker->report, "signatures"), i, row)
		if (field_says(row, "build", build)) {
			add_signature(maker, build, row);
			count += !field_says(row, "class", "host");
		}
	return count;
}

static void add_build(struct maker *maker, const char *build, json_t *row)
{
	size_t signatures = add_signatures(maker, build);

	if (field_says(row, "verdict", "clean"))
		add(maker, build, NO_FAILURES, "build", CASE_PASSED, NULL, NULL);
	else if (field_says(row, "verdict", "inconclusive"))
		add(maker, build, NO_FAILURES, "build", CASE_SKIPPED,
		    mem_printf("%lld of %lld loops were done",
			       (long long)field_integer(row, "loops"),
			       (long long)field_integer(row, "wanted_loops")),
		    NULL);
	else if (!signatures)
		/* Its VMs failed elsewhere: they had migrated. */
		add(maker, build, NO_FAILURES, "build", CASE_FAILED,
		    text_count(field_integer(row, "failures"), "failure"), NULL);
}

/* --- metrics --- */

/* "slower by 10.3 % (8.0 % to 12.4 %), 40 blocks"; what is not known is left out. */
static char *describe_metric(json_t *metric, const char *verdict)
{
	double ratio = json_number_value(json_object_get(metric, "ratio"));
	double lower = json_number_value(json_object_get(metric, "lower"));
	double upper = json_number_value(json_object_get(metric, "upper"));
	auto_free char *blocks = text_count(field_integer(metric, "blocks"), "block");
	auto_free char *change =
		ratio > 0 ? mem_printf(", %+.1f %%", 100 * (ratio - 1)) : mem_strdup("");
	auto_free char *interval = lower > 0 && upper > 0
					   ? mem_printf(" (%+.1f %% to %+.1f %%)",
							100 * (lower - 1), 100 * (upper - 1))
					   : mem_strdup("");
	auto_free char *more = field_integer(metric, "more_blocks") > 0
				       ? mem_printf(", about %lld more would decide",
						    (long long)field_integer(metric, "more_blocks"))
				       : mem_strdup("");

	return mem_printf("%s%s%s, %s%s", verdict, change, interval, blocks, more);
}

static void add_metrics(struct maker *maker, const char *build)
{
	json_t *comparison = json_object_get(maker->report, "comparison"), *metric;
	size_t i;

	if (!field_says(json_object_get(comparison, "b"), "build", build))
		return;
	/* Of builds that ran in different environments. */
	if (!json_array_size(json_object_get(comparison, "metrics")))
		add(maker, build, "comparison", "metric", CASE_SKIPPED,
		    mem_strdup(text_or_dash(field_text(comparison, "sentence"))), NULL);
	json_array_foreach(json_object_get(comparison, "metrics"), i, metric) {
		const char *verdict = field_text(metric, "verdict");
		bool passed = verdict && (!strcmp(verdict, "same") || !strcmp(verdict, "faster"));
		bool failed = verdict && !strcmp(verdict, "slower");

		/* The others decide nothing. */
		if (!json_is_true(json_object_get(metric, "primary")))
			continue;
		if (field_text(metric, "metric"))
			add(maker, build, field_text(metric, "metric"), "metric",
			    passed   ? CASE_PASSED
			    : failed ? CASE_FAILED
				     : CASE_SKIPPED,
			    passed ? NULL : describe_metric(metric, verdict ? verdict : "unclear"),
			    NULL);
	}
}

/* --- all --- */

static bool is_build(json_t *report, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "builds"), i, row)
		if (field_says(row, "build", name))
			return true;
	return false;
}

static bool has_suite(const struct maker *maker, const char *build)
{
	auto_free char *suite = mem_printf("%s.%s", maker->profile, build);

	for (size_t i = 0; i < maker->cases->count; i++)
		if (!strcmp(maker->cases->cases[i].suite, suite))
			return true;
	return false;
}

void cases_make(json_t *report, struct cases *ret_cases)
{
	json_t *campaign = json_object_get(report, "campaign"), *row;
	int64_t began = field_integer(campaign, "began_unix_ns");
	int64_t ended = field_integer(campaign, "ended_unix_ns");
	struct maker maker = { report, text_or_dash(field_text(campaign, "name")), ret_cases };
	size_t i;

	*ret_cases = (struct cases){
		.campaign = mem_printf("campaign %lld %s", (long long)field_integer(campaign, "id"),
				       maker.profile),
		.began_unix_ns = began > 0 ? began : 0,
		.duration_ns = began > 0 && ended > began ? ended - began : 0,
	};
	json_array_foreach(json_object_get(report, "builds"), i, row) {
		const char *build = field_text(row, "build");

		if (!build || has_suite(&maker, build))
			continue;
		add_build(&maker, build, row);
		add_metrics(&maker, build);
	}
	/* Of migrations between two builds. */
	json_array_foreach(json_object_get(report, "signatures"), i, row) {
		const char *build = field_text(row, "build");

		if (build && !is_build(report, build) && !has_suite(&maker, build))
			add_signatures(&maker, build);
	}
}

void cases_finish(struct cases *cases)
{
	for (size_t i = 0; i < cases->count; i++) {
		free(cases->cases[i].suite);
		free(cases->cases[i].name);
		free(cases->cases[i].type);
		free(cases->cases[i].message);
		free(cases->cases[i].detail);
	}
	free(cases->cases);
	free(cases->campaign);
	*cases = (struct cases){ 0 };
}

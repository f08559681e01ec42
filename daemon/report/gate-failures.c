// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of a gate about failures: the share of loops that fail, and whether it grew. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/gate-judge.h"
#include "report/proportion.h"
#include "report/text.h"

/* Of a signature of one build: those that are to be ignored by one of the reasons. */
static int64_t count_ignored(const struct judge *judge, json_t *row)
{
	const bool *ignore = judge->rules->failures.ignore;
	int64_t known = 0, expected = 0, failures = judge_count(row, "failures");

	if (ignore[GATE_IGNORE_KNOWN] &&
	    field_says(json_object_get(row, "ledger"), "status", "known"))
		known = judge_count(json_object_get(row, "ledger"), "failures");
	if (ignore[GATE_IGNORE_EXPECTED])
		expected = judge_count(row, "expected");
	known = known > expected ? known : expected;
	return known < 0 || failures < 0 ? 0 : known > failures ? failures : known;
}

/* How many of the failures of a build do not count. A VM counts for the build that it booted
 * with, and its failure for the one that it ran: where VMs migrate from one to another, the two
 * do not add up, and nothing is ignored. */
static int64_t ignored_of(const struct judge *judge, const char *build, int64_t failures)
{
	int64_t ignored = 0, all = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(judge->report, "signatures"), i, row) {
		if (!field_says(row, "build", build) || field_says(row, "class", "host") ||
		    judge_count(row, "failures") < 0)
			continue;
		all += judge_count(row, "failures");
		ignored += count_ignored(judge, row);
	}
	return all == failures ? ignored : 0;
}

/* So many loops without another failure would be enough. */
static int64_t loops_missing(int64_t failures, int64_t loops, double below, double confidence)
{
	int64_t low = loops, high = loops ? loops : 1;

	while (high < JUDGE_COUNT_MAX &&
	       proportion_clopper_pearson(failures, high, confidence).upper >= below) {
		low = high;
		high *= 2;
	}
	while (low + 1 < high) {
		int64_t middle = low + (high - low) / 2;

		if (proportion_clopper_pearson(failures, middle, confidence).upper < below)
			high = middle;
		else
			low = middle;
	}
	return high - loops;
}

static char *describe_failures(int64_t failures, int64_t ignored, int64_t loops)
{
	auto_free char *left_out =
		ignored ? mem_printf(", %lld ignored", (long long)ignored) : mem_strdup("");

	return mem_printf("%lld of %lld loops%s", (long long)failures, (long long)loops, left_out);
}

/* failures: those that count; loops: that were begun and had no failure that is ignored. */
static void judge_share(struct judge *judge, const char *build, int64_t failures, int64_t ignored,
			int64_t loops)
{
	const struct gate_failures *rule = &judge->rules->failures;
	/* Each end alone has the confidence. */
	struct proportion_interval share =
		proportion_clopper_pearson(failures, loops, 2 * rule->confidence - 1);
	struct judge_figures figures = { loops ? (double)failures / (double)loops : NAN,
					 share.lower, share.upper, rule->below };
	auto_free char *count = describe_failures(failures, ignored, loops);
	auto_free char *bound = judge_percent(rule->below);
	auto_free char *lower = mem_printf("%.3g %%", 100 * share.lower);
	auto_free char *upper = mem_printf("%.3g %%", 100 * share.upper);
	auto_free char *sure = judge_percent(rule->confidence);

	if (share.upper < rule->below) {
		judge_add(judge, "failures", build, GATE_PASS, figures,
			  mem_printf("%s fails in less than %s of its loops with %s confidence "
				     "(%s), the bound is %s",
				     build, upper, sure, count, bound));
	} else if (share.lower >= rule->below) {
		judge_add(judge, "failures", build, GATE_BROKEN, figures,
			  mem_printf("%s fails in more than %s of its loops with %s confidence "
				     "(%s), the bound is %s",
				     build, lower, sure, count, bound));
	} else {
		auto_free char *more = text_count(
			loops_missing(failures, loops, rule->below, 2 * rule->confidence - 1),
			"more loop");

		judge_add(judge, "failures", build, GATE_INCONCLUSIVE, figures,
			  mem_printf("%s may fail in up to %s of its loops (%s confidence, %s), "
				     "the bound is %s; %s without a failure would do",
				     build, upper, sure, count, bound, more));
	}
}

static void judge_loops(struct judge *judge, const char *build, int64_t loops)
{
	int64_t least = judge->rules->min_loops;

	if (least)
		judge_add(judge, "min-loops", build, loops < least ? GATE_INCONCLUSIVE : GATE_PASS,
			  (struct judge_figures){ (double)loops, NAN, NAN, (double)least },
			  mem_printf("%s has done %lld loops, at least %lld are wanted", build,
				     (long long)loops, (long long)least));
}

static void judge_build(struct judge *judge, const char *build)
{
	json_t *row = judge_find(json_object_get(judge->report, "builds"), "build", build);
	int64_t failures = judge_count(row, "failures"), loops = judge_count(row, "loops"), ignored;

	if (failures < 0 || loops < 0) {
		judge_add(judge, "failures", build, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
			  mem_printf("it is not known how often %s failed: %s", build,
				     row ? "its counts make no sense" : "no VM of it ran"));
		return;
	}
	judge_loops(judge, build, loops);
	if (!judge->rules->failures.given)
		return;
	ignored = ignored_of(judge, build, failures);
	judge_share(judge, build, failures - ignored, ignored, loops + failures - ignored);
}

void judge_failures(struct judge *judge)
{
	char **builds = judge->rules->failures.builds;
	json_t *row, *rows = json_object_get(judge->report, "builds");
	size_t i, any = 0;

	if (!judge->rules->failures.given && !judge->rules->min_loops)
		return;
	for (; builds && *builds; builds++, any++)
		judge_build(judge, *builds);
	if (!any && judge->candidate) {
		judge_build(judge, judge->candidate);
	} else if (!any) {
		json_array_foreach(rows, i, row)
			if (field_text(row, "build")) {
				judge_build(judge, field_text(row, "build"));
				any++;
			}
		if (!any)
			judge_add(judge, "failures", NULL, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
				  mem_strdup("no build ran"));
	}
}

/* Whether what came of the candidate more often does not count. */
static bool is_difference_ignored(const struct judge *judge, json_t *difference)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(judge->report, "signatures"), i, row)
		if (field_says(row, "build", judge->candidate) &&
		    json_equal(json_object_get(row, "class"),
			       json_object_get(difference, "class")) &&
		    json_equal(json_object_get(row, "signature"),
			       json_object_get(difference, "signature"))) {
			int64_t ignored = count_ignored(judge, row);

			return ignored && ignored == judge_count(row, "failures");
		}
	return false;
}

/* Of a difference that is real: whether the candidate is the worse one. */
static bool is_worse(const struct judge *judge, json_t *difference)
{
	bool swapped = field_says(difference, "a", judge->candidate);
	double failures_a = judge_number(difference, "failures_a");
	double failures_b = judge_number(difference, "failures_b");
	double a = failures_a / judge_number(difference, "loops_a");
	double b = failures_b / judge_number(difference, "loops_b");

	if (!swapped && !field_says(difference, "b", judge->candidate))
		return false;
	/* Shares that cannot be told are no reason to let it through. */
	return swapped ? !(a < b) : !(b < a);
}

void judge_worse(struct judge *judge)
{
	json_t *differences = json_object_get(judge->comparison, "failures"), *one;
	int64_t broken = 0;
	size_t i;

	if (!judge->rules->failures.given || !judge->rules->failures.worse || !judge->candidate)
		return;
	json_array_foreach(differences, i, one) {
		auto_free char *p = text_p(judge_number(one, "adjusted_p"));

		if (!json_is_true(json_object_get(one, "real")) || !is_worse(judge, one) ||
		    is_difference_ignored(judge, one))
			continue;
		broken++;
		judge_add(judge, "worse", judge->candidate, GATE_BROKEN,
			  (struct judge_figures){ 1, NAN, NAN, 0 },
			  mem_printf("%s fails more often than %s (p %s, adjusted): %s",
				     judge->candidate, judge->base, p,
				     field_text(one, "signature") ? field_text(one, "signature")
								  : "-"));
	}
	if (!broken && json_is_array(differences))
		judge_add(judge, "worse", judge->candidate, GATE_PASS,
			  (struct judge_figures){ 0, NAN, NAN, 0 },
			  mem_printf("no failure is known to come more often with %s than with %s",
				     judge->candidate, judge->base));
	else if (!broken)
		judge_add(judge, "worse", judge->candidate, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
			  mem_printf("the failures of %s and %s were not compared",
				     judge->candidate, judge->base));
}

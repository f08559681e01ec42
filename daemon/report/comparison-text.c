// SPDX-License-Identifier: GPL-2.0-or-later
/* What a comparison says, for people. */
#include "report/comparison-text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/comparison.h"
#include "report/environment.h"
#include "report/field.h"
#include "report/table.h"
#include "report/text.h"

static bool is_primary(json_t *metric)
{
	return json_is_true(json_object_get(metric, "primary"));
}

static bool has_verdict(json_t *metric, const char *verdict)
{
	const char *text = field_text(metric, "verdict");

	return text && !strcmp(text, verdict);
}

static const char *build_name(json_t *comparison, const char *side)
{
	return text_or_dash(field_text(json_object_get(comparison, side), "build"));
}

/* "+10.3 %", with the minus sign that a terminal has. */
static char *change(double ratio)
{
	double percent = (ratio - 1) * 100;

	if (!isfinite(percent))
		return mem_strdup("?");
	return mem_printf("%+.*f %%", fabs(percent) < 100 ? 1 : 0, percent);
}

/* The same in a table, where room is short: "+10.3%". */
static char *change_cell(double ratio)
{
	char *text = change(ratio), *space = strchr(text, ' ');

	if (space)
		memmove(space, space + 1, strlen(space));
	return text;
}

/* "+10.3 % (+8.0 % to +12.4 %)" */
static char *change_and_interval(json_t *metric)
{
	auto_free char *middle = change(field_real(metric, "ratio"));
	auto_free char *lower = change(field_real(metric, "lower"));
	auto_free char *upper = change(field_real(metric, "upper"));

	return mem_printf("%s (%s to %s)", middle, lower, upper);
}

/* The primary metrics of that verdict, with their changes; NULL: none. */
static char *list_metrics(json_t *comparison, const char *verdict)
{
	char *text = NULL;
	json_t *m;
	size_t i;

	json_array_foreach(json_object_get(comparison, "metrics"), i, m) {
		auto_free char *what = change_and_interval(m);

		if (is_primary(m) && has_verdict(m, verdict))
			mem_append(&text, ", ", "%s %s", text_or_dash(field_text(m, "metric")),
				   what);
	}
	return text;
}

/* How many more blocks the slowest of the unclear ones needs; 0: not known. */
static int64_t more_blocks(json_t *comparison)
{
	int64_t most = 0;
	json_t *m;
	size_t i;

	json_array_foreach(json_object_get(comparison, "metrics"), i, m) {
		if (!is_primary(m) || !has_verdict(m, "unclear"))
			continue;
		if (!field_known(m, "more_blocks"))
			return 0;
		if (field_integer(m, "more_blocks") > most)
			most = field_integer(m, "more_blocks");
	}
	return most;
}

static char *unclear_sentence(json_t *comparison, const char *a, const char *b)
{
	json_t *blocks = json_object_get(comparison, "blocks");
	auto_free char *unclear = list_metrics(comparison, "unclear");
	int64_t used = field_integer(blocks, "used"), more = more_blocks(comparison);

	if (!field_known(blocks, "look"))
		return mem_printf("no verdict on %s against %s yet: %lld of the %lld blocks of the "
				  "first look are complete",
				  b, a, (long long)field_integer(blocks, "complete"),
				  (long long)json_integer_value(
					  json_array_get(json_object_get(blocks, "looks"), 0)));
	if (more)
		return mem_printf("it is unclear whether %s is as fast as %s: %s; %lld blocks, "
				  "about %lld more would decide",
				  b, a, text_or_dash(unclear), (long long)used, (long long)more);
	return mem_printf("it is unclear whether %s is as fast as %s: %s; %lld blocks", b, a,
			  text_or_dash(unclear), (long long)used);
}

char *comparison_sentence(json_t *comparison)
{
	const char *a = build_name(comparison, "a"), *b = build_name(comparison, "b");
	json_t *environment = json_object_get(comparison, "environment");
	auto_free char *serious = environment_serious(environment);
	auto_free char *list = NULL;
	int64_t used = field_integer(json_object_get(comparison, "blocks"), "used");

	if (serious && !json_is_true(json_object_get(environment, "forced")))
		return mem_printf(
			"%s and %s cannot be compared: they ran in different environments: "
			"%s",
			a, b, serious);
	if (has_verdict(comparison, "slower")) {
		list = list_metrics(comparison, "slower");
		return mem_printf("%s is slower than %s: %s; %lld blocks", b, a, text_or_dash(list),
				  (long long)used);
	}
	if (has_verdict(comparison, "faster")) {
		list = list_metrics(comparison, "faster");
		return mem_printf("%s is faster than %s: %s; %lld blocks", b, a, text_or_dash(list),
				  (long long)used);
	}
	if (has_verdict(comparison, "same")) {
		list = list_metrics(comparison, "same");
		return mem_printf("%s is as fast as %s, within the margins: %s; %lld blocks", b, a,
				  text_or_dash(list), (long long)used);
	}
	return unclear_sentence(comparison, a, b);
}

char *comparison_selfcheck_sentence(json_t *selfcheck)
{
	auto_free char *when = text_time(field_integer(selfcheck, "began_unix_ns"));
	double share = field_real(selfcheck, "detectable");
	auto_free char *detectable = isfinite(share) ? text_percent(share) : NULL;

	return mem_printf(
		"selfcheck of this host (campaign %lld, %s): %lld alarms in %lld metrics of "
		"a build against itself, %lld blocks; %s%s would be found",
		(long long)field_integer(selfcheck, "campaign"), when,
		(long long)field_integer(selfcheck, "alarms"),
		(long long)field_integer(selfcheck, "metrics"),
		(long long)field_integer(selfcheck, "blocks"),
		detectable ? "a change of " : "no change", detectable ? detectable : "");
}

char *comparison_value(double value, const char *unit)
{
	if (!isfinite(value))
		return NULL;
	if (unit && !strcmp(unit, "ns"))
		return text_duration((int64_t)fmin(fmax(value, 0), 1e18));
	if (unit && !strcmp(unit, "mbps"))
		return mem_printf("%.4g Mbit/s", value);
	return mem_printf("%.3g", value);
}

static void add_value(struct table *table, json_t *metric, const char *side, const char *key)
{
	table_add(table, comparison_value(field_real(json_object_get(metric, side), key),
					  field_text(metric, "unit")));
}

static char *verdict_cell(json_t *metric)
{
	const char *verdict = text_or_dash(field_text(metric, "verdict"));

	if (field_known(metric, "more_blocks"))
		return mem_printf("%s +%lld", verdict,
				  (long long)field_integer(metric, "more_blocks"));
	return mem_strdup(verdict);
}

static void add_metric(struct table *table, json_t *m, bool primary)
{
	table_add(table, field_copy(m, "metric"));
	add_value(table, m, "a", "p50");
	add_value(table, m, "b", "p50");
	table_add(table, change_cell(field_real(m, "ratio")));
	table_add(table, change_cell(field_real(m, "lower")));
	table_add(table, change_cell(field_real(m, "upper")));
	if (primary)
		table_add(table, change_cell(field_real(json_object_get(m, "p95"), "ratio")));
	table_add(table, field_known(m, "adjusted_p") ? text_p(field_real(m, "adjusted_p")) : NULL);
	table_add(table, primary ? verdict_cell(m) : field_copy(m, "verdict"));
}

/* Of those that nobody asked for a little less is told: their names are long, and 100 columns are to do. */
static void print_metrics(json_t *comparison, bool primary, FILE *out)
{
	static const struct table_column asked_for[] = {
		{ "METRIC", false }, { "A P50", true },	 { "B P50", true },
		{ "CHANGE", true },  { "FROM", true },	 { "TO", true },
		{ "AT P95", true },  { "ADJ. P", true }, { "VERDICT", false },
	};
	static const struct table_column others[] = {
		{ "OTHER METRIC", false }, { "A P50", true },	 { "B P50", true },
		{ "CHANGE", true },	   { "FROM", true },	 { "TO", true },
		{ "ADJ. P", true },	   { "VERDICT", false },
	};
	struct table *table = primary ? table_new(asked_for, ARRAY_SIZE(asked_for))
				      : table_new(others, ARRAY_SIZE(others));
	bool any = false;
	json_t *m;
	size_t i;

	json_array_foreach(json_object_get(comparison, "metrics"), i, m) {
		if (is_primary(m) != primary)
			continue;
		any = true;
		add_metric(table, m, primary);
	}
	if (any) {
		fputc('\n', out);
		table_print(table, out);
	}
	table_free(table);
}

static void print_environment(json_t *environment, FILE *out)
{
	json_t *d;
	size_t i;

	json_array_foreach(json_object_get(environment, "differences"), i, d) {
		auto_free char *key = text_printable(field_text(d, "key"));
		auto_free char *a = text_printable(text_or_dash(field_text(d, "a")));
		auto_free char *b = text_printable(text_or_dash(field_text(d, "b")));

		fprintf(out, "%senvironments differ%s: %s: A %.60s%s, B %.60s%s\n", i ? "" : "\n",
			json_is_true(json_object_get(d, "serious")) ? "" : " (not in what matters)",
			key, a, strlen(a) > 60 ? "..." : "", b, strlen(b) > 60 ? "..." : "");
	}
}

static void print_experiments(json_t *experiments, FILE *out)
{
	json_t *m;
	size_t i;

	if (json_is_object(experiments) && !field_integer(experiments, "count"))
		fprintf(out, "\nno experiment of %lld blocks: there are fewer\n",
			(long long)field_integer(experiments, "blocks"));
	json_array_foreach(json_object_get(experiments, "metrics"), i, m) {
		if (!field_integer(experiments, "count"))
			break;
		auto_free char *metric = text_printable(field_text(m, "metric"));

		fprintf(out,
			"%s%lld experiments of %lld blocks: %s: %lld alarms, %lld slower, %lld "
			"faster, %lld same\n",
			i ? "" : "\n", (long long)field_integer(experiments, "count"),
			(long long)field_integer(experiments, "blocks"), metric,
			(long long)field_integer(m, "alarms"),
			(long long)field_integer(m, "slower"),
			(long long)field_integer(m, "faster"), (long long)field_integer(m, "same"));
	}
}

void comparison_print_selfcheck(json_t *selfcheck, FILE *out)
{
	auto_free char *sentence = text_printable(field_text(selfcheck, "sentence"));

	if (json_is_object(selfcheck))
		fprintf(out, "\n%s\n", sentence);
	else
		fputs("\nthis host was never compared with itself: see `qsoak selfcheck`\n", out);
}

/* Which campaign it is of, and what its numbers are. */
static void print_source(json_t *comparison, FILE *out)
{
	json_t *campaign = json_object_get(comparison, "campaign");
	auto_free char *name = text_printable(field_text(campaign, "name"));
	auto_free char *began = text_time(field_integer(campaign, "began_unix_ns"));
	const char *end = field_text(campaign, "end");
	auto_free char *how = text_printable(end ? end : "running");
	json_t *blocks = json_object_get(comparison, "blocks");

	fprintf(out,
		"of campaign %lld %s, %s, %s: %lld of %lld blocks, without %lld loops of warm-up\n",
		(long long)field_integer(campaign, "id"), name, began, how,
		(long long)field_integer(blocks, "complete"),
		(long long)field_integer(blocks, "planned"),
		(long long)field_integer(blocks, "warm_up_loops"));
	if (comparison_refused(comparison))
		fputs("`qsoak compare` and `qsoak report` compare them all the same with --force\n",
		      out);
}

void comparison_print(json_t *comparison, FILE *out)
{
	auto_free char *sentence = text_printable(field_text(comparison, "sentence"));
	auto_free char *a = text_printable(build_name(comparison, "a"));
	auto_free char *b = text_printable(build_name(comparison, "b"));
	auto_free char *av =
		text_printable(field_text(json_object_get(comparison, "a"), "version"));
	auto_free char *bv =
		text_printable(field_text(json_object_get(comparison, "b"), "version"));

	fprintf(out, "%s\n\nA: %s, %s\nB: %s, %s\n", sentence, a, av, b, bv);
	print_source(comparison, out);
	print_metrics(comparison, true, out);
	print_metrics(comparison, false, out);
	print_environment(json_object_get(comparison, "environment"), out);
	print_experiments(json_object_get(comparison, "experiments"), out);
	if (json_object_get(comparison, "selfcheck"))
		comparison_print_selfcheck(json_object_get(comparison, "selfcheck"), out);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Counting the attempts of a replay. */
#include "report/replay.h"

#include <string.h>

#include "report/field.h"
#include "report/proportion.h"
#include "report/table.h"
#include "report/text.h"
#include "report/verdict.h"

static bool same_word(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool same_class(const json_t *a, const json_t *b)
{
	return same_word(field_text(a, "class"), field_text(b, "class"));
}

static bool same_row(const json_t *a, const json_t *b)
{
	return same_class(a, b) &&
	       same_word(field_text(a, "signature"), field_text(b, "signature"));
}

/* Whether a row of query-failures has this title. */
static bool has_title(const json_t *failure, const char *title)
{
	return same_word(field_text(failure, "signature"), title) ||
	       same_word(field_text(failure, "alternative"), title);
}

/* One title in common is enough: frames are there or not, and differ among builds. */
static bool is_of_incident(const json_t *failure, const json_t *manifest)
{
	return same_class(failure, manifest) &&
	       (has_title(failure, field_text(manifest, "signature")) ||
		has_title(failure, field_text(manifest, "alternative")));
}

static void count_other(json_t *others, const json_t *failure)
{
	json_t *other;
	size_t i;

	json_array_foreach(others, i, other) {
		if (!same_row(other, failure))
			continue;
		json_object_set_new(other, "failures",
				    json_integer(field_integer(other, "failures") + 1));
		return;
	}
	json_array_append_new(others,
			      json_pack("{s:O?, s:O?, s:i}", "class",
					json_object_get(failure, "class"), "signature",
					json_object_get(failure, "signature"), "failures", 1));
}

/* In its place in a sorted list. */
static void add_sorted(json_t *list, int64_t number)
{
	size_t at = json_array_size(list);

	while (at && json_integer_value(json_array_get(list, at - 1)) > number)
		at--;
	json_array_insert_new(list, at, json_integer(number));
}

/* VMs that came to their planned end. */
static int64_t count_shut_down(json_t *report)
{
	json_t *operation;
	int64_t count = 0;
	size_t i;

	json_array_foreach(json_object_get(report, "operations"), i, operation) {
		if (same_word(field_text(operation, "kind"), "shutdown"))
			count += field_integer(operation, "count") -
				 field_integer(operation, "failed");
	}
	return count;
}

json_t *replay_result(const struct replay_asked *asked, json_t *failures, json_t *report)
{
	json_t *campaign = json_object_get(report, "campaign"), *failure;
	json_t *loops = json_array(), *others = json_array();
	int64_t attempts = count_shut_down(report), host = 0, reproduced;
	struct proportion_interval rate;
	size_t i;

	json_array_foreach(failures, i, failure) {
		if (same_word(field_text(failure, "class"), "host")) {
			host++;
			continue;
		}
		if (is_of_incident(failure, asked->manifest)) {
			add_sorted(loops, field_integer(failure, "loops"));
			attempts++;
			continue;
		}
		count_other(others, failure);
		attempts += !same_word(field_text(failure, "kind"), "boot");
	}
	reproduced = (int64_t)json_array_size(loops);
	rate = proportion_bounds(reproduced, attempts, VERDICT_CONFIDENCE);
	return json_pack("{s:I, s:O?, s:O?, s:s, s:I, s:O?, s:I, s:I, s:I, s:f, s:f, s:I, s:o, "
			 "s:I, s:o, s:I}",
			 "incident", (json_int_t)field_integer(asked->manifest, "failure"), "class",
			 json_object_get(asked->manifest, "class"), "signature",
			 json_object_get(asked->manifest, "signature"), "build", asked->build,
			 "campaign", (json_int_t)field_integer(campaign, "id"), "end",
			 json_object_get(campaign, "end"), "wanted", (json_int_t)asked->attempts,
			 "attempts", (json_int_t)attempts, "reproduced", (json_int_t)reproduced,
			 "rate_lower", rate.lower, "rate_upper", rate.upper, "loops_per_attempt",
			 (json_int_t)asked->loops, "loops_to_failure", loops, "incident_loops",
			 (json_int_t)field_integer(asked->manifest, "loops"), "others", others,
			 "host_failures", (json_int_t)host);
}

static void print_rate(json_t *value, FILE *out)
{
	json_t *loops = json_object_get(value, "loops_to_failure"), *one;
	auto_free char *lower =
		text_percent(json_number_value(json_object_get(value, "rate_lower")));
	auto_free char *upper =
		text_percent(json_number_value(json_object_get(value, "rate_upper")));
	auto_free char *attempts = text_count(field_integer(value, "attempts"), "attempt");
	auto_free char *length = text_count(field_integer(value, "loops_per_attempt"), "loop");
	size_t i;

	if (!field_integer(value, "attempts")) {
		fputs("not tried: no attempt came to an end\n", out);
		return;
	}
	if (!json_array_size(loops)) {
		fprintf(out,
			"not reproduced in %s of %s: with 95 %% confidence it comes in less than "
			"%s of them\n",
			attempts, length, upper);
		return;
	}
	fprintf(out,
		"reproduced in %zu of %s of up to %s: %.*s-%s of them, with 95 %% confidence\n",
		json_array_size(loops), attempts, length, (int)strcspn(lower, " "), lower, upper);
	fputs("after so many loops:", out);
	json_array_foreach(loops, i, one)
		fprintf(out, " %lld", (long long)json_integer_value(one));
	fprintf(out, " (the incident: %lld)\n", (long long)field_integer(value, "incident_loops"));
}

static void print_others(json_t *others, FILE *out)
{
	static const struct table_column columns[] = { { "OTHERWISE", false },
						       { "FAILURES", true },
						       { "SIGNATURE", false } };
	struct table *table = table_new(columns, 3);
	json_t *other;
	size_t i;

	json_array_foreach(others, i, other) {
		table_add(table, field_copy(other, "class"));
		table_add(table, field_number(other, "failures"));
		table_add(table, field_copy(other, "signature"));
	}
	fputc('\n', out);
	table_print(table, out);
	table_free(table);
}

void replay_print(json_t *value, FILE *out)
{
	auto_free char *signature = text_printable(field_text(value, "signature"));
	auto_free char *build = text_printable(field_text(value, "build"));
	int64_t host = field_integer(value, "host_failures");

	fprintf(out, "incident %lld on build %s: %s\n", (long long)field_integer(value, "incident"),
		build, signature);
	print_rate(value, out);
	if (host) {
		auto_free char *failures = text_count(host, "attempt");

		fprintf(out, "%s failed by the host's own fault: they say nothing\n", failures);
	}
	if (field_integer(value, "attempts") < field_integer(value, "wanted"))
		fprintf(out, "%lld attempts were asked for\n",
			(long long)field_integer(value, "wanted"));
	if (json_array_size(json_object_get(value, "others")))
		print_others(json_object_get(value, "others"), out);
}

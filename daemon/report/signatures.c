// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures as paragraphs: a title is a long line, and several things are to be said of it. */
#include "report/signatures.h"

#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/report.h"
#include "report/text.h"

static void print_line(const char *what, const char *text, FILE *out)
{
	auto_free char *printable = text_printable(text);

	fprintf(out, "    %s%s\n", what, printable);
}

/* "known, fixed in 8.2, 2 of 7 failures: came back: TITLE" */
static void print_head(json_t *row, FILE *out)
{
	json_t *ledger = json_object_get(row, "ledger");
	bool came_back = json_array_size(json_object_get(ledger, "came_back_in"));
	auto_free char *status = text_printable(came_back ? "known" : field_text(ledger, "status"));
	auto_free char *title = text_printable(field_text(row, "signature"));
	auto_free char *fixed_in = text_printable(field_text(ledger, "fixed_in"));
	auto_free char *failures = text_count(field_integer(row, "failures"), "failure");

	if (field_known(ledger, "status"))
		fputs(status, out);
	if (field_known(ledger, "fixed_in"))
		fprintf(out, ", fixed in %s", fixed_in);
	if (field_known(ledger, "failures") &&
	    field_integer(ledger, "failures") < field_integer(row, "failures"))
		fprintf(out, ", %lld of %s", (long long)field_integer(ledger, "failures"),
			failures);
	fprintf(out, "%s%s%s\n", came_back ? ": came back" : "",
		field_known(ledger, "status") ? ": " : "", title);
}

/* What the ledger knows, and when and as what else it was seen. */
static void print_paragraph(json_t *row, FILE *out)
{
	json_t *ledger = json_object_get(row, "ledger"), *alternative, *build;
	auto_free char *first = text_time(field_integer(row, "first_seen_unix_ns"));
	auto_free char *last = text_time(field_integer(row, "last_seen_unix_ns"));
	size_t i;

	print_head(row, out);
	if (field_known(ledger, "title"))
		print_line("", field_text(ledger, "title"), out);
	if (field_known(ledger, "reference"))
		print_line("", field_text(ledger, "reference"), out);
	json_array_foreach(json_object_get(ledger, "came_back_in"), i, build)
		print_line("came back in ", json_string_value(build), out);
	if (field_known(row, "first_seen_unix_ns"))
		fprintf(out, "    first seen %s, last seen %s\n", first, last);
	json_array_foreach(json_object_get(row, "alternatives"), i, alternative)
		print_line("also: ", json_string_value(alternative), out);
}

static bool is_same(json_t *a, json_t *b)
{
	return json_equal(json_object_get(a, "class"), json_object_get(b, "class")) &&
	       json_equal(json_object_get(a, "signature"), json_object_get(b, "signature"));
}

/* The higher, the more it is worth telling. */
static int weight(json_t *ledger)
{
	if (json_array_size(json_object_get(ledger, "came_back_in")))
		return 2;
	return field_known(ledger, "title") ? 1 : 0;
}

static void extend_new(json_t *list, json_t *more)
{
	json_t *one, *other;
	size_t i, j;

	json_array_foreach(more, i, one) {
		json_array_foreach(list, j, other)
			if (json_equal(one, other))
				break;
		if (j == json_array_size(list))
			json_array_append(list, one);
	}
}

static json_t *ledger_of(json_t *row)
{
	return json_object_get(row, "ledger");
}

static bool is_same_issue(json_t *a, json_t *b)
{
	const char *one = field_text(a, "pattern"), *other = field_text(b, "pattern");

	return one && other ? !strcmp(one, other) : !one && !other;
}

/* Of what a peer counted. */
static json_int_t add(json_int_t a, json_int_t b)
{
	json_int_t sum;

	return __builtin_add_overflow(a, b, &sum) ? a : sum;
}

/* What the ledger says of all rows of a signature: the weightiest of it, counted over those that say so. */
static json_t *merge_ledgers(json_t *rows, json_t *of)
{
	json_t *told = ledger_of(of), *builds = json_array(), *merged, *row;
	bool counted = true;
	json_int_t failures = 0;
	size_t i;

	json_array_foreach(rows, i, row)
		if (is_same(row, of) && weight(ledger_of(row)) > weight(told))
			told = ledger_of(row);
	json_array_foreach(rows, i, row) {
		if (!is_same(row, of) || !is_same_issue(ledger_of(row), told))
			continue;
		counted = counted && field_known(ledger_of(row), "failures");
		failures = add(failures, field_integer(ledger_of(row), "failures"));
		extend_new(builds, json_object_get(ledger_of(row), "came_back_in"));
	}
	merged = json_copy(told);
	json_object_set_new(merged, "came_back_in", builds);
	json_object_set_new(merged, "failures", counted ? json_integer(failures) : json_null());
	return merged;
}

/* All rows of the signature of row number i as one; NULL where an earlier row is of it. */
static json_t *merge_rows(json_t *rows, size_t i)
{
	json_t *of = json_array_get(rows, i), *alternatives = json_array(), *merged, *row;
	json_int_t failures = 0;
	size_t j;

	json_array_foreach(rows, j, row) {
		if (!is_same(row, of))
			continue;
		if (j < i) {
			json_decref(alternatives);
			return NULL;
		}
		failures = add(failures, field_integer(row, "failures"));
		extend_new(alternatives, json_object_get(row, "alternatives"));
	}
	merged = json_copy(of);
	json_object_set_new(merged, "failures", json_integer(failures));
	json_object_set_new(merged, "alternatives", alternatives);
	json_object_set_new(merged, "ledger", merge_ledgers(rows, of));
	return merged;
}

static void print_missing(json_t *missing, FILE *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(missing, i, one) {
		auto_free char *build = text_printable(field_text(one, "build"));
		auto_free char *pattern = text_printable(field_text(one, "pattern"));

		fprintf(out, "%sexpected and did not happen on %s: %s\n", i ? "" : "\n", build,
			pattern);
		print_line("", field_text(one, "title"), out);
		if (field_known(one, "reference"))
			print_line("", field_text(one, "reference"), out);
	}
}

void signatures_print(json_t *report, FILE *out)
{
	json_t *rows = json_object_get(report, "signatures");
	bool first = true;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		auto_json json_t *row = merge_rows(rows, i);

		if (!row)
			continue;
		if (first)
			fputc('\n', out);
		first = false;
		print_paragraph(row, out);
	}
	print_missing(json_object_get(report, "did_not_happen"), out);
}

/* "hang, 7 failures in 2 campaigns: stock 5, bql-naive 2" */
static void print_counts(json_t *row, FILE *out)
{
	auto_free char *class = text_printable(field_text(row, "class"));
	auto_free char *failures = text_count(field_integer(row, "failures"), "failure");
	auto_free char *campaigns = text_count(field_integer(row, "campaigns"), "campaign");
	json_t *build;
	size_t i;

	fprintf(out, "    %s, %s in %s", class, failures, campaigns);
	json_array_foreach(json_object_get(row, "builds"), i, build) {
		auto_free char *name = text_printable(field_text(build, "build"));

		fprintf(out, "%s %s %lld", i ? "," : ":", name,
			(long long)field_integer(build, "failures"));
	}
	fputc('\n', out);
}

void report_signatures(json_t *value, FILE *out)
{
	json_t *rows = json_object_get(value, "signatures"), *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (i)
			fputc('\n', out);
		print_paragraph(row, out);
		print_counts(row, out);
	}
	if (!json_array_size(rows))
		fputs("no failures\n", out);
}

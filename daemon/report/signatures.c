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

/* "known, fixed in 8.2: came back: TITLE" */
static void print_head(json_t *row, bool came_back, FILE *out)
{
	json_t *ledger = json_object_get(row, "ledger");
	auto_free char *status = text_printable(came_back ? "known" : field_text(ledger, "status"));
	auto_free char *title = text_printable(field_text(row, "signature"));
	auto_free char *fixed_in = text_printable(field_text(ledger, "fixed_in"));

	if (field_known(ledger, "status"))
		fputs(status, out);
	if (field_known(ledger, "fixed_in"))
		fprintf(out, ", fixed in %s", fixed_in);
	fprintf(out, "%s%s%s\n", came_back ? ": came back" : "",
		field_known(ledger, "status") ? ": " : "", title);
}

/* What the ledger knows, and when and as what else it was seen. builds: those that it came back in. */
static void print_paragraph(json_t *row, json_t *builds, FILE *out)
{
	json_t *ledger = json_object_get(row, "ledger"), *alternative, *build;
	auto_free char *first = text_time(field_integer(row, "first_seen_unix_ns"));
	auto_free char *last = text_time(field_integer(row, "last_seen_unix_ns"));
	size_t i;

	print_head(row, json_array_size(builds) > 0, out);
	if (field_known(ledger, "title"))
		print_line("", field_text(ledger, "title"), out);
	if (field_known(ledger, "reference"))
		print_line("", field_text(ledger, "reference"), out);
	json_array_foreach(builds, i, build)
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

/* The builds of all rows of the signature of row number i; NULL where an earlier row has it. */
static json_t *gather(json_t *rows, size_t i)
{
	json_t *builds = json_array(), *row;
	size_t j;

	json_array_foreach(rows, j, row) {
		if (!is_same(row, json_array_get(rows, i)))
			continue;
		if (j < i) {
			json_decref(builds);
			return NULL;
		}
		json_array_extend(builds,
				  json_object_get(json_object_get(row, "ledger"), "came_back_in"));
	}
	return builds;
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
	json_t *rows = json_object_get(report, "signatures"), *row;
	bool first = true;
	size_t i;

	json_array_foreach(rows, i, row) {
		auto_json json_t *builds = gather(rows, i);

		if (!builds)
			continue;
		if (first)
			fputc('\n', out);
		first = false;
		print_paragraph(row, builds, out);
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
		print_paragraph(
			row, json_object_get(json_object_get(row, "ledger"), "came_back_in"), out);
		print_counts(row, out);
	}
	if (!json_array_size(rows))
		fputs("no failures\n", out);
}

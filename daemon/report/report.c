// SPDX-License-Identifier: GPL-2.0-or-later
/* A campaign's result, and the way out of all reports. */
#include "report/report.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "report/comparison-text.h"
#include "report/field.h"
#include "report/signatures.h"
#include "report/table.h"
#include "report/text.h"
#include "report/verdict-print.h"

static void print_campaign(json_t *c, FILE *out)
{
	auto_free char *name = text_printable(field_text(c, "name"));
	auto_free char *accel = text_printable(field_text(c, "accel"));
	auto_free char *machine = text_printable(field_text(c, "machine"));
	auto_free char *seed = text_printable(field_text(c, "seed"));
	auto_free char *vms = text_count(field_integer(c, "vms"), "VM");
	auto_free char *operations = text_count(field_integer(c, "operations"), "operation");
	auto_free char *loops = text_count(field_integer(c, "loops"), "loop");
	auto_free char *failures =
		text_failures(field_integer(c, "failures"), field_integer(c, "expected"));
	const char *end = field_text(c, "end");
	auto_free char *took = end ? text_long_duration(field_active(c)) : mem_strdup("running");

	fprintf(out, "campaign %lld %s: %s", (long long)field_integer(c, "id"), name, took);
	if (end && strcmp(end, "complete")) {
		auto_free char *how = text_printable(end);

		fprintf(out, " (%s)", how);
	}
	fprintf(out, ", %s (%s, %s), seed %s: %s in %s, %s\n", vms, accel, machine, seed,
		operations, loops, failures);
}

/* A row for each but the last ones of many. */
static void print_gaps(json_t *gaps, FILE *out)
{
	json_t *gap;
	size_t i;

	json_array_foreach(gaps, i, gap) {
		auto_free char *why = text_printable(field_text(gap, "reason"));
		auto_free char *from = text_time(field_integer(gap, "began_unix_ns"));
		auto_free char *length =
			field_known(gap, "ended_unix_ns")
				? text_long_duration(field_integer(gap, "ended_unix_ns") -
						     field_integer(gap, "began_unix_ns"))
				: mem_strdup("it goes on");

		if (i == REPORT_GAPS_MAX) {
			fprintf(out, "gaps: %zu more, see `qsoak export --list gaps`\n",
				json_array_size(gaps) - i);
			return;
		}
		fprintf(out, "gap: %s from %s, %s\n", length, from, why);
	}
}

static void add_duration(struct table *table, json_t *object, const char *key)
{
	if (field_known(object, key))
		table_add(table, text_duration(field_integer(object, key)));
	else
		table_add(table, NULL);
}

/* "0 %", or the interval of the share that fails; of none the upper bound. */
static char *failure_rate(json_t *t)
{
	auto_free char *lower = text_percent(json_number_value(json_object_get(t, "rate_lower")));
	auto_free char *upper = text_percent(json_number_value(json_object_get(t, "rate_upper")));

	if (!field_integer(t, "count"))
		return NULL;
	if (!field_integer(t, "failed"))
		return mem_printf("< %s", upper);
	return mem_printf("%.*s-%s", (int)strcspn(lower, " "), lower, upper);
}

static void print_timings(json_t *timings, FILE *out)
{
	static const struct table_column columns[] = {
		{ "BUILD", false }, { "OPERATION", false }, { "COUNT", true },
		{ "FAILED", true }, { "RATE", true },	    { "P50", true },
		{ "P95", true },    { "P99", true },	    { "MAX", true },
	};
	struct table *table;
	json_t *t;
	size_t i;

	if (!json_array_size(timings))
		return;
	table = table_new(columns, ARRAY_SIZE(columns));
	json_array_foreach(timings, i, t) {
		table_add(table, field_copy(t, "build"));
		table_add(table, field_copy(t, "kind"));
		table_add(table, field_number(t, "count"));
		table_add(table, field_number(t, "failed"));
		table_add(table, failure_rate(t));
		add_duration(table, t, "p50_ns");
		add_duration(table, t, "p95_ns");
		add_duration(table, t, "p99_ns");
		add_duration(table, t, "max_ns");
	}
	fputc('\n', out);
	table_print(table, out);
	table_free(table);
}

/* Loops, or "-" where they are not reached. */
static char *loops_or_dash(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_number(value) ? mem_printf("%g", json_number_value(value)) : mem_strdup("-");
}

/* With its interval. */
static char *median(json_t *loops)
{
	auto_free char *middle = loops_or_dash(loops, "median");
	auto_free char *lower = loops_or_dash(loops, "lower");
	auto_free char *upper = loops_or_dash(loops, "upper");

	if (!field_known(loops, "median") && !field_known(loops, "lower"))
		return NULL;
	return mem_printf("%s (%s to %s)", middle, lower, upper);
}

static void print_signatures(json_t *signatures, FILE *out)
{
	static const struct table_column columns[] = {
		{ "BUILD", false },	 { "CLASS", false },	   { "FAILURES", true },
		{ "FIRST AFTER", true }, { "MEDIAN AFTER", true }, { "SIGNATURE", false },
		{ "EXPECTED", true },
	};
	bool any_expected = false;
	struct table *table;
	json_t *s;
	size_t i;

	fputc('\n', out);
	if (!json_array_size(signatures)) {
		fputs("no failures\n", out);
		return;
	}
	json_array_foreach(signatures, i, s)
		any_expected = any_expected || field_integer(s, "expected");
	/* A column of zeros would only be in the way. */
	table = table_new(columns, ARRAY_SIZE(columns) - !any_expected);
	json_array_foreach(signatures, i, s) {
		table_add(table, field_copy(s, "build"));
		table_add(table, field_copy(s, "class"));
		table_add(table, field_number(s, "failures"));
		table_add(table, text_count(field_integer(s, "first_loops"), "loop"));
		table_add(table, median(json_object_get(s, "loops_to_failure")));
		table_add(table, field_copy(s, "signature"));
		if (any_expected)
			table_add(table, field_number(s, "expected"));
	}
	table_print(table, out);
	table_free(table);
}

void report_campaign(json_t *value, FILE *out)
{
	print_campaign(json_object_get(value, "campaign"), out);
	print_gaps(json_object_get(value, "gaps"), out);
	print_timings(json_object_get(value, "operations"), out);
	print_signatures(json_object_get(value, "signatures"), out);
	signatures_print(value, out);
	verdict_print(value, out);
	if (json_is_object(json_object_get(value, "comparison"))) {
		fputc('\n', out);
		comparison_print(json_object_get(value, "comparison"), out);
		comparison_print_selfcheck(json_object_get(value, "selfcheck"), out);
	}
}

int report_print(json_t *value, report_fn fn, bool json, FILE *out, struct err *err)
{
	errno = 0;
	if (json) {
		json_dumpf(value, out, JSON_INDENT(2));
		fputc('\n', out);
	} else {
		fn(value, out);
	}
	if (fflush(out) || ferror(out))
		return err_set_errno(err, errno ? errno : EIO, "cannot print the report");
	return 0;
}

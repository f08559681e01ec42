// SPDX-License-Identifier: GPL-2.0-or-later
/* A campaign's result, and the way out of all reports. */
#include "report/report.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/table.h"
#include "report/text.h"

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
	auto_free char *took = end ? text_long_duration(field_integer(c, "ended_unix_ns") -
							field_integer(c, "began_unix_ns"))
				   : mem_strdup("running");

	fprintf(out, "campaign %lld %s: %s", (long long)field_integer(c, "id"), name, took);
	if (end && strcmp(end, "complete")) {
		auto_free char *how = text_printable(end);

		fprintf(out, " (%s)", how);
	}
	fprintf(out, ", %s (%s, %s), seed %s: %s in %s, %s\n", vms, accel, machine, seed,
		operations, loops, failures);
}

static void add_duration(struct table *table, json_t *object, const char *key)
{
	if (field_known(object, key))
		table_add(table, text_duration(field_integer(object, key)));
	else
		table_add(table, NULL);
}

static void print_timings(json_t *timings, FILE *out)
{
	static const struct table_column columns[] = {
		{ "BUILD", false }, { "OPERATION", false }, { "COUNT", true }, { "FAILED", true },
		{ "P50", true },    { "P95", true },	    { "P99", true },   { "MAX", true },
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
		add_duration(table, t, "p50_ns");
		add_duration(table, t, "p95_ns");
		add_duration(table, t, "p99_ns");
		add_duration(table, t, "max_ns");
	}
	fputc('\n', out);
	table_print(table, out);
	table_free(table);
}

static void print_signatures(json_t *signatures, FILE *out)
{
	static const struct table_column columns[] = {
		{ "BUILD", false },	 { "CLASS", false },	 { "FAILURES", true },
		{ "FIRST AFTER", true }, { "SIGNATURE", false }, { "EXPECTED", true },
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
	print_timings(json_object_get(value, "operations"), out);
	print_signatures(json_object_get(value, "signatures"), out);
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

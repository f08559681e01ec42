// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables that set builds side by side: measures, verdicts, differences, and what was left out. */
#include "report/verdict-print.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/table.h"
#include "report/text.h"

/* Those that people compare; JSON has all. Milliseconds are QEMU's own unit for its migrations. */
static const struct {
	const char *measure, *title;
	double unit_ns;
} shown_measures[] = {
	{ "main_loop_stall_ns", "main loop stall", 1 },
	{ "blackout_ns", "blackout", 1 },
	{ "setup_ms", "setup", 1e6 },
	{ "downtime_ms", "downtime", 1e6 },
};

/* A peer may have said any number. */
static char *duration_of(double ns)
{
	return text_duration((int64_t)fmin(fmax(ns, 0), 1e18));
}

static void add_measure(struct table *table, json_t *m, size_t shown)
{
	static const char *const keys[] = { "p50", "p95", "max" };

	table_add(table, field_copy(m, "kind"));
	table_add(table, mem_strdup(shown_measures[shown].title));
	table_add(table, field_copy(m, "build"));
	table_add(table, field_number(m, "count"));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		table_add(table, duration_of(json_number_value(json_object_get(m, keys[i])) *
					     shown_measures[shown].unit_ns));
}

static void print_measures(json_t *measures, FILE *out)
{
	static const struct table_column columns[] = {
		{ "OPERATION", false }, { "MEASURE", false }, { "BUILD", false }, { "COUNT", true },
		{ "P50", true },	{ "P95", true },      { "MAX", true },
	};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	bool any = false;
	json_t *m;
	size_t i;

	for (size_t shown = 0; shown < ARRAY_SIZE(shown_measures); shown++)
		json_array_foreach(measures, i, m) {
			const char *name = field_text(m, "measure");

			if (!name || strcmp(name, shown_measures[shown].measure))
				continue;
			add_measure(table, m, shown);
			any = true;
		}
	if (any) {
		fputc('\n', out);
		table_print(table, out);
	}
	table_free(table);
}

static void print_builds(json_t *builds, FILE *out)
{
	static const struct table_column columns[] = {
		{ "BUILD", false }, { "VERDICT", false }, { "VMS", true },
		{ "LOOPS", true },  { "FAILURES", true },
	};
	struct table *table;
	json_t *b;
	size_t i;

	if (!json_array_size(builds))
		return;
	table = table_new(columns, ARRAY_SIZE(columns));
	json_array_foreach(builds, i, b) {
		table_add(table, field_copy(b, "build"));
		table_add(table, field_copy(b, "verdict"));
		table_add(table, field_number(b, "vms"));
		table_add(table, field_number(b, "loops"));
		table_add(table, field_number(b, "failures"));
	}
	fputc('\n', out);
	table_print(table, out);
	table_free(table);
}

/* "8 of 145 loops of stock" */
static char *failures_of(json_t *d, const char *which)
{
	auto_free char *failures = mem_printf("failures_%s", which);
	auto_free char *loops = mem_printf("loops_%s", which);

	return mem_printf("%s: %lld of %lld", field_text(d, which) ? field_text(d, which) : "-",
			  (long long)field_integer(d, failures),
			  (long long)field_integer(d, loops));
}

static char *p_value(json_t *d, const char *key)
{
	return field_known(d, key) ? text_p(json_number_value(json_object_get(d, key))) : NULL;
}

/* Only what is real; of the others how many there are. */
static void print_differences(json_t *differences, FILE *out)
{
	static const struct table_column columns[] = {
		{ "FAILURES OF LOOPS", false }, { "AGAINST", false }, { "FISHER P", true },
		{ "LOG-RANK P", true },		{ "ADJUSTED", true }, { "SIGNATURE", false },
	};
	struct table *table;
	size_t i, real = 0;
	json_t *d;

	if (!json_array_size(differences))
		return;
	table = table_new(columns, ARRAY_SIZE(columns));
	json_array_foreach(differences, i, d) {
		if (!json_is_true(json_object_get(d, "real")))
			continue;
		real++;
		table_add(table, failures_of(d, "a"));
		table_add(table, failures_of(d, "b"));
		table_add(table, p_value(d, "fisher_p"));
		table_add(table, p_value(d, "logrank_p"));
		table_add(table, p_value(d, "adjusted_p"));
		table_add(table, field_copy(d, "signature"));
	}
	fputc('\n', out);
	if (real)
		table_print(table, out);
	table_free(table);
	fprintf(out, "%zu of %zu differences between builds are real (p below 0.05, adjusted)\n",
		real, json_array_size(differences));
}

static void print_left_out(json_t *left_out, FILE *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(left_out, i, one) {
		auto_free char *kind = text_printable(field_text(one, "kind"));
		auto_free char *reason = text_printable(field_text(one, "reason"));

		fprintf(out, "%sleft out: operations[%lld] (%s): %s\n", i ? "" : "\n",
			(long long)field_integer(one, "position"), kind, reason);
	}
}

/* What a guest that nobody saw cannot have failed in. */
static void print_unseen(json_t *unseen, FILE *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(unseen, i, one) {
		auto_free char *uri = text_printable(field_text(one, "uri"));

		fprintf(out,
			"%snot seen: the guests of %lld runs by %s: no blackout is known, a guest "
			"that "
			"stands still is not found, and its memory and flash are not compared\n",
			i ? "" : "\n", (long long)field_integer(one, "runs"), uri);
	}
}

void verdict_print(json_t *value, FILE *out)
{
	print_measures(json_object_get(value, "measures"), out);
	print_builds(json_object_get(value, "builds"), out);
	print_differences(json_object_get(value, "differences"), out);
	print_left_out(json_object_get(value, "left_out"), out);
	print_unseen(json_object_get(value, "unseen_guests"), out);
}

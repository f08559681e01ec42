// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables as of Go's benchstat, version 2. */
#include "report/benchstat.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/text.h"

/* Where a comparison does not say. */
#define ALPHA 0.05

/* What stands between two columns of the header. */
#define BAR " │ "

static const struct {
	const char *unit, *shown;
	double factor;
} units[] = {
	{ "ns", "sec/op", 1e-9 },
	{ "mbps", "Mbit/s", 1 },
};

enum column {
	NAME,
	OLD,
	NEW,
	PERCENT,
	SURE, /* "(p=0.000 n=40)" */
	COLUMNS,
};

struct row {
	char *cells[COLUMNS]; /* printable */
};

struct table {
	struct row *rows;
	size_t count;
	int widths[COLUMNS];
};

/* Of printable UTF-8: characters, which all are one column wide here. */
static int width(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* Borrowed texts. */
static void grow(struct table *table, enum column column, const char *text)
{
	int needed = width(text);

	if (table->widths[column] < needed)
		table->widths[column] = needed;
}

/* Spaces before, text, spaces behind. */
static void print_padded(const char *text, int before, int behind, FILE *out)
{
	fprintf(out, "%*s%s%*s", before > 0 ? before : 0, "", text, behind > 0 ? behind : 0, "");
}

static void print_centered(const char *text, int room, FILE *out)
{
	int spaces = room - width(text), before = spaces / 2;

	print_padded(text, before, spaces - before, out);
}

/* Four digits and a prefix of SI: "13.60m". */
static char *scale(double value)
{
	static const char *const prefixes[] = { "n", "µ", "m", "", "k", "M", "G", "T" };
	size_t i = 3;

	if (!isfinite(value))
		return mem_strdup("-");
	while (value && fabs(value) < 0.99995 && i > 0) {
		value *= 1000;
		i--;
	}
	while (fabs(value) >= 999.95 && i + 1 < ARRAY_SIZE(prefixes)) {
		value /= 1000;
		i++;
	}
	return mem_printf("%.*f%s",
			  fabs(value) < 9.9995	 ? 3
			  : fabs(value) < 99.995 ? 2
						 : 1,
			  value, prefixes[i]);
}

static const char *unit_of(json_t *metric, double *ret_factor)
{
	const char *unit = field_text(metric, "unit");

	*ret_factor = 1;
	for (size_t i = 0; unit && i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].unit, unit)) {
			*ret_factor = units[i].factor;
			return units[i].shown;
		}
	return unit ? unit : "-";
}

static void fill_change(struct row *row, json_t *metric, double alpha)
{
	double adjusted = field_real(metric, "adjusted_p"), ratio = field_real(metric, "ratio");
	double p = isfinite(adjusted) ? adjusted : field_real(metric, "p");

	row->cells[PERCENT] = isfinite(ratio) && p < alpha
				      ? mem_printf("%+.2f%%", 100 * (ratio - 1))
				      : mem_strdup("~");
	row->cells[SURE] =
		isfinite(p) ? mem_printf("(p=%.3f n=%lld)", p,
					 (long long)field_integer(metric, "blocks"))
			    : mem_printf("(n=%lld)", (long long)field_integer(metric, "blocks"));
}

static void add(struct table *table, json_t *metric, double factor, double alpha)
{
	struct row row = { .cells = {
				   [NAME] = text_printable(field_text(metric, "metric")),
				   [OLD] = scale(factor *
						 field_real(json_object_get(metric, "a"), "p50")),
				   [NEW] = scale(factor *
						 field_real(json_object_get(metric, "b"), "p50")),
			   } };

	fill_change(&row, metric, alpha);
	for (int i = 0; i < COLUMNS; i++)
		grow(table, (enum column)i, row.cells[i]);
	table->rows = mem_realloc(table->rows, table->count + 1, sizeof(*table->rows));
	table->rows[table->count++] = row;
}

static void print_header(const struct table *table, const char *old, const char *new,
			 const char *unit, FILE *out)
{
	const int *widths = table->widths;
	int change = widths[PERCENT] + 1 + widths[SURE];

	print_padded("", widths[NAME], 0, out);
	fputs(BAR, out);
	print_centered(old, widths[OLD], out);
	fputs(BAR, out);
	print_centered(new, widths[NEW] + 2 + change, out);
	fputs(" │\n", out);
	print_padded("", widths[NAME], 0, out);
	fputs(BAR, out);
	print_centered(unit, widths[OLD], out);
	fputs(BAR, out);
	print_centered(unit, widths[NEW], out);
	fputs("  ", out);
	print_padded("vs base", 0, change - width("vs base"), out);
	fputs(" │\n", out);
}

static void print_row(const struct table *table, const struct row *row, FILE *out)
{
	for (int i = 0; i < COLUMNS; i++) {
		static const char *const between[] = { "", "   ", "   ", "  ", " " };
		int spaces = table->widths[i] - width(row->cells[i]);

		fputs(between[i], out);
		if (i == NAME)
			print_padded(row->cells[i], 0, spaces, out);
		else
			print_padded(row->cells[i], i == SURE ? 0 : spaces, 0, out);
	}
	fputc('\n', out);
}

static void table_finish(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		for (int j = 0; j < COLUMNS; j++)
			free(table->rows[i].cells[j]);
	free(table->rows);
}

/* The metrics of one unit. */
static void print_unit(json_t *comparison, const char *unit, FILE *out)
{
	auto_free char *old = text_printable(field_text(json_object_get(comparison, "a"), "build"));
	auto_free char *new = text_printable(field_text(json_object_get(comparison, "b"), "build"));
	auto_free char *shown = text_printable(unit);
	double alpha = field_real(comparison, "alpha"), factor;
	struct table table = { 0 };
	json_t *metric;
	size_t i;

	if (!isfinite(alpha))
		alpha = ALPHA;
	json_array_foreach(json_object_get(comparison, "metrics"), i, metric)
		if (!strcmp(unit_of(metric, &factor), unit))
			add(&table, metric, factor, alpha);
	grow(&table, OLD, old);
	grow(&table, OLD, shown);
	grow(&table, NEW, new);
	grow(&table, NEW, shown);
	fputc('\n', out);
	print_header(&table, old, new, shown, out);
	for (i = 0; i < table.count; i++)
		print_row(&table, &table.rows[i], out);
	table_finish(&table);
}

static bool had_before(json_t *metrics, size_t index, const char *unit)
{
	double factor;

	for (size_t i = 0; i < index; i++)
		if (!strcmp(unit_of(json_array_get(metrics, i), &factor), unit))
			return true;
	return false;
}

/* "key: value", as the lines before a table of benchstat. */
static void print_key(const char *key, const char *value, FILE *out)
{
	auto_free char *printable = value ? text_printable(value) : NULL;

	if (printable)
		fprintf(out, "%s: %s\n", key, printable);
}

void benchstat_print(json_t *comparison, FILE *out)
{
	json_t *metrics = json_object_get(comparison, "metrics"), *metric;
	json_t *campaign = json_object_get(comparison, "campaign");
	json_t *host = json_object_get(json_object_get(comparison, "environment"), "host");
	double factor;
	size_t i;

	print_key("campaign", field_text(campaign, "name"), out);
	print_key("accel", field_text(campaign, "accel"), out);
	print_key("machine", field_text(campaign, "machine"), out);
	print_key("cpu", field_text(host, "cpu"), out);
	json_array_foreach(metrics, i, metric) {
		const char *unit = unit_of(metric, &factor);

		if (!had_before(metrics, i, unit))
			print_unit(comparison, unit, out);
	}
}

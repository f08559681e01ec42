// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics of a comparison: forest plot, table, and the samples of each. */
#include <string.h>

#include "base/mem.h"
#include "report/html-section.h"
#include "report/svg.h"

/* More metrics are not drawn. */
#define SAMPLES_MAX 100

#define METRICS "/report/comparison/metrics"
#define METRIC METRICS "/%zu"

static bool has_metrics(const struct html *html)
{
	return html_size(html, METRICS) > 0;
}

static void print_ratios(const struct html *html)
{
	size_t count;
	auto_free size_t *order = html_metric_order(html, &count);

	html_figure_open(
		html, "forest",
		"The estimated change of each metric and its interval. Grey is the margin: a "
		"metric whose interval lies inside is the same. Primary metrics, which make "
		"the verdict, are first and in bold.");
	svg_forest(html, order, html_rows(count));
	html_figure_close(html);
	html_more(html, count, HTML_ROWS_MAX);
}

/* Of one build: its share of a row. */
static void print_side(const struct html *html, size_t metric, const char *side,
		       enum html_format format)
{
	static const char *const keys[] = { "p50", "p95", "p99" };

	fputs("<td>", html->out);
	html_build_name(html, html_string(html, "/report/comparison/%s/build", side));
	fputs("</td>", html->out);
	html_cell_number(html, HTML_COUNT, METRIC "/%s/samples", metric, side);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		html_cell_number(html, format, METRIC "/%s/%s", metric, side, keys[i]);
}

static void print_interval(const struct html *html, enum html_format format, const char *pointer)
{
	if (!json_is_number(html_get(html, "%s/lower", pointer)) &&
	    !json_is_number(html_get(html, "%s/upper", pointer)))
		return;
	fputs(" <span class=\"muted\">(", html->out);
	html_number(html, format, "%s/lower", pointer);
	fputs(" to ", html->out);
	html_number(html, format, "%s/upper", pointer);
	fputs(")</span>", html->out);
}

/* A number that is of both builds. */
static void print_shared(const struct html *html, enum html_format format, size_t metric,
			 const char *key)
{
	fputs("<td rowspan=\"2\" class=\"num\">", html->out);
	html_number(html, format, METRIC "/%s", metric, key);
	fputs("</td>", html->out);
}

static void print_metric(const struct html *html, size_t metric)
{
	enum html_format format = html_format_of(html_string(html, METRIC "/unit", metric));
	auto_free char *pointer = mem_printf(METRIC, metric);

	fprintf(html->out, "<tbody%s><tr><th scope=\"rowgroup\" rowspan=\"2\">",
		json_is_true(html_get(html, METRIC "/primary", metric)) ? " class=\"primary\""
									: "");
	html_text(html, METRIC "/title", metric);
	fputs("<br/><code>", html->out);
	html_text(html, METRIC "/metric", metric);
	fputs("</code></th><td rowspan=\"2\">", html->out);
	html_verdict(html, html_string(html, METRIC "/verdict", metric));
	fputs("</td><td rowspan=\"2\" class=\"num\"><b>", html->out);
	html_number(html, HTML_RATIO, METRIC "/ratio", metric);
	fputs("</b><br/>", html->out);
	print_interval(html, HTML_RATIO, pointer);
	fputs("</td>", html->out);
	print_shared(html, HTML_P, metric, "adjusted_p");
	print_side(html, metric, "a", format);
	print_shared(html, HTML_COUNT, metric, "blocks");
	print_shared(html, HTML_PERCENT, metric, "detectable");
	print_shared(html, HTML_COUNT, metric, "more_blocks");
	fputs("</tr><tr>", html->out);
	print_side(html, metric, "b", format);
	fputs("</tr></tbody>\n", html->out);
}

static void print_metrics(const struct html *html)
{
	static const char *const columns[] = { "metric", "verdict",  ">ratio B/A",  ">adjusted p",
					       "build",	 ">samples", ">p50",	    ">p95",
					       ">p99",	 ">blocks",  ">detectable", ">more blocks",
					       NULL };
	size_t count;
	auto_free size_t *order = html_metric_order(html, &count);

	html_table_open(
		html,
		"Ratio: B over A, with its interval. Detectable: the least change that so many "
		"blocks find in four of five cases. More blocks: so many would decide what is "
		"unclear.",
		columns);
	for (size_t i = 0; i < html_rows(count); i++)
		print_metric(html, order[i]);
	html_table_close(html);
	html_more(html, count, HTML_ROWS_MAX);
}

static bool has_samples(const struct html *html)
{
	return html_size(html, "/plots/metrics") > 0;
}

static void add_name(json_t *names, const char *name)
{
	json_t *known;
	size_t i;

	if (!name)
		return;
	json_array_foreach(names, i, known)
		if (!strcmp(json_string_value(known), name))
			return;
	json_array_append_new(names, json_string(name));
}

static bool has_plot(const struct html *html, const char *metric)
{
	for (size_t i = 0; i < html_size(html, "/plots/metrics"); i++) {
		const char *name = html_string(html, "/plots/metrics/%zu/metric", i);

		if (name && !strcmp(name, metric))
			return true;
	}
	return false;
}

/* Those of the comparison first, in its order. */
static json_t *list_names(const struct html *html)
{
	json_t *names = json_array();
	size_t count;
	auto_free size_t *order = html_metric_order(html, &count);

	for (size_t i = 0; i < count; i++) {
		const char *name = html_string(html, METRIC "/metric", order[i]);

		if (name && has_plot(html, name))
			add_name(names, name);
	}
	for (size_t i = 0; i < html_size(html, "/plots/metrics"); i++)
		add_name(names, html_string(html, "/plots/metrics/%zu/metric", i));
	return names;
}

/* Of the comparison; how many there are, if it is not among them. */
static size_t find_metric(const struct html *html, const char *name)
{
	size_t i = 0;

	for (; i < html_size(html, METRICS); i++) {
		const char *other = html_string(html, METRIC "/metric", i);

		if (other && !strcmp(other, name))
			break;
	}
	return i;
}

static const char *title_of(const struct html *html, const char *metric)
{
	for (size_t i = 0; i < html_size(html, "/plots/metrics"); i++) {
		const char *name = html_string(html, "/plots/metrics/%zu/metric", i);

		if (name && !strcmp(name, metric))
			return html_string(html, "/plots/metrics/%zu/title", i);
	}
	return NULL;
}

static void print_change(const struct html *html, const char *what, const char *pointer)
{
	if (!json_is_number(html_get(html, "%s/ratio", pointer)))
		return;
	fprintf(html->out, "<span class=\"change\">%s ", what);
	html_number(html, HTML_CHANGE, "%s/ratio", pointer);
	print_interval(html, HTML_CHANGE, pointer);
	fputs("</span> ", html->out);
}

static void print_changes(const struct html *html, size_t metric)
{
	auto_free char *middle = mem_printf(METRIC, metric);
	auto_free char *p95 = mem_printf(METRIC "/p95", metric);
	auto_free char *p99 = mem_printf(METRIC "/p99", metric);

	fputs("<p class=\"changes\">", html->out);
	html_verdict(html, html_string(html, METRIC "/verdict", metric));
	print_change(html, "typical", middle);
	print_change(html, "p95", p95);
	print_change(html, "p99", p99);
	fputs("</p>\n", html->out);
}

/* Percentiles of the plots, which are of all samples; also of a campaign that compares nothing. */
static void print_percentiles(const struct html *html, const char *metric)
{
	static const char *const keys[] = { "p50", "p95", "p99", "max" };

	fputs("<ul class=\"legend\">", html->out);
	for (size_t s = 0; s < html_size(html, "/plots/metrics"); s++) {
		const char *name = html_string(html, "/plots/metrics/%zu/metric", s);
		const char *unit = html_string(html, "/plots/metrics/%zu/unit", s);

		if (!name || strcmp(name, metric))
			continue;
		fputs("<li>", html->out);
		html_build_name(html, html_string(html, "/plots/metrics/%zu/build", s));
		fputs(" <span class=\"muted\">", html->out);
		html_number(html, HTML_COUNT, "/plots/metrics/%zu/count", s);
		fputs(" samples", html->out);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			fprintf(html->out, ", %s ", keys[i]);
			html_number(html, html_format_of(unit), "/plots/metrics/%zu/%s", s,
				    keys[i]);
		}
		fputs("</span></li>", html->out);
	}
	fputs("</ul>\n", html->out);
}

static void print_card(const struct html *html, const char *name)
{
	size_t metric = find_metric(html, name);
	bool compared = metric < html_size(html, METRICS);
	const char *title = title_of(html, name);

	fputs("<article class=\"card\"><h3>", html->out);
	html_escape(html, title ? title : name);
	fputs(" <code>", html->out);
	html_escape(html, name);
	fputs("</code></h3>\n", html->out);
	if (compared)
		print_changes(html, metric);
	print_percentiles(html, name);
	fputs("<div class=\"row\">", html->out);
	html_figure_open(html, "strip", "Samples in run order, by time since the campaign began");
	svg_strip(html, name);
	html_figure_close(html);
	html_figure_open(html, "ecdf", "Share of samples up to a value");
	svg_ecdf(html, name);
	html_figure_close(html);
	if (compared && html_size(html, METRIC "/differences", metric)) {
		html_figure_open(html, "blocks", "Change in each block, in run order");
		svg_blocks(html, metric);
		html_figure_close(html);
	}
	fputs("</div></article>\n", html->out);
}

static void print_samples(const struct html *html)
{
	auto_json json_t *names = list_names(html);
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		if (i < SAMPLES_MAX)
			print_card(html, json_string_value(name));
	html_more(html, json_array_size(names), SAMPLES_MAX);
}

const struct html_section html_ratios = { "ratios", "Change by metric", has_metrics, print_ratios };
const struct html_section html_metrics = { "metrics", "Metrics", has_metrics, print_metrics };
const struct html_section html_samples = { "samples", "Samples", has_samples, print_samples };

// SPDX-License-Identifier: GPL-2.0-or-later
/* One metric over campaigns: p50 and p95 in the order of time, and where they changed for good. */
#include <math.h>

#include "base/mem.h"
#include "report/svg.h"

#define WIDTH 560
#define HEIGHT 210

/* Names of campaigns that have room. */
#define NAMES_MAX 10

#define HISTORY "/plots/history/%zu"

static const struct svg_box box = { 60, WIDTH - 14, 18, HEIGHT - 40 };

static bool value_of(const struct html *html, size_t history, size_t i, const char *key,
		     double *ret_value)
{
	return html_value(html, ret_value, HISTORY "/points/%zu/%s", history, i, key);
}

static void print_line(const struct html *html, size_t history, size_t count, const char *key,
		       const struct svg_axis *x, const struct svg_axis *y)
{
	bool begun = false;
	double value;

	for (size_t i = 0; i < count; i++) {
		if (!value_of(html, history, i, key, &value))
			continue;
		fprintf(html->out, begun ? "L%.1f %.1f" : "<path class=\"trend\" d=\"M%.1f %.1f",
			svg_at(x, (double)i), svg_at(y, value));
		begun = true;
	}
	if (begun)
		fputs("\"/>", html->out);
}

static void print_points(const struct html *html, size_t history, size_t count, const char *key,
			 const struct svg_axis *x, const struct svg_axis *y)
{
	double value, campaign;

	for (size_t i = 0; i < count; i++) {
		const char *build = html_string(html, HISTORY "/points/%zu/build", history, i);
		const char *version = html_string(html, HISTORY "/points/%zu/version", history, i);
		auto_free char *pointer = mem_printf(HISTORY "/points/%zu/%s", history, i, key);
		auto_free char *class = NULL, *text = NULL, *title = NULL;

		if (!value_of(html, history, i, key, &value))
			continue;
		if (!value_of(html, history, i, "campaign", &campaign))
			campaign = 0;
		class = mem_printf("%s b%zu", key[1] == '5' ? "quantile" : "dot",
				   html_build(html, build));
		text = html_format(y->format, value);
		title = mem_printf("%s %s, campaign %.0f, %s %s", key, text, campaign,
				   build ? build : "", version ? version : "");
		svg_mark(html, svg_at(x, (double)i), svg_at(y, value), class, pointer, title);
	}
}

static void print_names(const struct html *html, size_t history, size_t count,
			const struct svg_axis *x)
{
	size_t stride = (count + NAMES_MAX - 1) / NAMES_MAX;
	double campaign;

	for (size_t i = 0; i < count; i += stride) {
		auto_free char *text = NULL;

		if (!value_of(html, history, i, "campaign", &campaign))
			continue;
		text = html_format(HTML_COUNT, campaign);
		svg_text(html, svg_at(x, (double)i), box.bottom + 15, "tick middle", text);
	}
	fprintf(html->out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>", box.left, box.bottom,
		box.right);
	svg_text(html, (box.left + box.right) / 2, box.bottom + 31, "tick middle", "campaign");
}

/* Between the last point before and the first after. */
static void print_changes(const struct html *html, size_t history, size_t count,
			  const struct svg_axis *x, enum html_format format)
{
	size_t changes = html_size(html, HISTORY "/changes", history);

	for (size_t i = 0; i < changes && i < SVG_POINTS_MAX; i++) {
		auto_free char *from = NULL, *to = NULL, *p_text = NULL;
		double at, p, before, after, left;

		if (!html_value(html, &at, HISTORY "/changes/%zu/at", history, i) || at < 0 ||
		    at >= (double)count)
			continue;
		if (html_value(html, &before, HISTORY "/changes/%zu/before", history, i))
			from = html_format(format, before);
		if (html_value(html, &after, HISTORY "/changes/%zu/after", history, i))
			to = html_format(format, after);
		if (html_value(html, &p, HISTORY "/changes/%zu/p", history, i))
			p_text = html_format(HTML_P, p);
		left = svg_at(x, at - .5);
		fprintf(html->out, "<path class=\"change\" d=\"M%.1f %.1fV%.1f\"", left, box.top,
			box.bottom);
		html_reference(html, HISTORY "/changes/%zu/at", history, i);
		fputc('>', html->out);
		svg_title(html, "change: %s to %s, p %s", from ? from : "?", to ? to : "?",
			  p_text ? p_text : "?");
		fputs("</path>", html->out);
		svg_text(html, left, box.top - 6, "tick middle", "change");
	}
}

void svg_history(const struct html *html, size_t history)
{
	const char *title = html_string(html, HISTORY "/title", history);
	auto_free char *label = mem_printf("%s over campaigns", title ? title : "A metric");
	size_t count = html_size(html, HISTORY "/points", history);
	struct svg_range range = { 0 };
	struct svg_axis x, y;
	double value;

	if (count > SVG_POINTS_MAX)
		count = SVG_POINTS_MAX;
	for (size_t i = 0; i < count; i++) {
		if (value_of(html, history, i, "p50", &value))
			svg_range_add(&range, value);
		if (value_of(html, history, i, "p95", &value))
			svg_range_add(&range, value);
	}
	x = (struct svg_axis){ -.7, (double)count - .3, box.left, box.right, false, HTML_COUNT };
	y = svg_axis_fit(&range, box.bottom, box.top, true,
			 html_format_of(html_string(html, HISTORY "/unit", history)));
	svg_open(html, WIDTH, HEIGHT, label);
	svg_axis_y(html, &y, &box);
	print_names(html, history, count, &x);
	print_changes(html, history, count, &x, y.format);
	print_line(html, history, count, "p50", &x, &y);
	print_points(html, history, count, "p95", &x, &y);
	print_points(html, history, count, "p50", &x, &y);
	svg_close(html);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* One metric: its samples in run order, how they are distributed, and the differences of its
 * blocks. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/svg.h"

#define HEIGHT 215
#define STRIP_WIDTH 510
#define SIDE_WIDTH 315

#define SERIES "/plots/metrics/%zu"
#define METRIC "/report/comparison/metrics/%zu"

static const struct svg_box strip_box = { 60, STRIP_WIDTH - 8, 8, HEIGHT - 24 };
static const struct svg_box side_box = { 50, SIDE_WIDTH - 12, 8, HEIGHT - 24 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_of(const struct html *html, size_t series, const char *metric)
{
	const char *name = html_string(html, SERIES "/metric", series);

	return name && !strcmp(name, metric);
}

/* One number of a list of pairs. */
static bool pair_value(const struct html *html, size_t series, const char *list, size_t i,
		       size_t which, double *ret_value)
{
	return html_value(html, ret_value, SERIES "/%s/%zu/%zu", series, list, i, which);
}

/* What a list of pairs of all builds spans; of its numbers number which. */
static struct svg_range range_of(const struct html *html, const char *metric, const char *list,
				 size_t which)
{
	struct svg_range range = { 0 };
	double value;

	for (size_t s = 0; s < html_size(html, "/plots/metrics"); s++) {
		if (!is_of(html, s, metric))
			continue;
		for (size_t i = 0;
		     i < least(html_size(html, SERIES "/%s", s, list), SVG_POINTS_MAX); i++)
			if (pair_value(html, s, list, i, which, &value))
				svg_range_add(&range, value);
	}
	return range;
}

static enum html_format format_of(const struct html *html, const char *metric)
{
	for (size_t s = 0; s < html_size(html, "/plots/metrics"); s++)
		if (is_of(html, s, metric))
			return html_format_of(html_string(html, SERIES "/unit", s));
	return HTML_PLAIN;
}

static void print_samples(const struct html *html, size_t series, const struct svg_axis *x,
			  const struct svg_axis *y)
{
	const char *build = html_string(html, SERIES "/build", series);
	auto_free char *class = mem_printf("dot b%zu", html_build(html, build));
	size_t count = least(html_size(html, SERIES "/strip", series), SVG_POINTS_MAX);

	for (size_t i = 0; i < count; i++) {
		auto_free char *pointer = mem_printf(SERIES "/strip/%zu/1", series, i);
		auto_free char *text = NULL, *title = NULL, *when = NULL;
		double at, value;

		if (!pair_value(html, series, "strip", i, 0, &at) ||
		    !pair_value(html, series, "strip", i, 1, &value))
			continue;
		text = html_format(y->format, value);
		when = html_format(HTML_SPAN, at);
		title = mem_printf("%s: %s at %s", build ? build : "", text, when);
		svg_mark(html, svg_at(x, at), svg_at(y, value), class, pointer, title);
	}
}

void svg_strip(const struct html *html, const char *metric)
{
	struct svg_range times = range_of(html, metric, "strip", 0);
	struct svg_range values = range_of(html, metric, "strip", 1);
	struct svg_axis x = svg_axis_fit(&times, strip_box.left, strip_box.right, false, HTML_SPAN);
	struct svg_axis y = svg_axis_fit(&values, strip_box.bottom, strip_box.top, true,
					 format_of(html, metric));
	auto_free char *label = mem_printf("Samples of %s in the order in which they ran", metric);

	svg_open(html, STRIP_WIDTH, HEIGHT, label);
	svg_axis_y(html, &y, &strip_box);
	svg_axis_x(html, &x, &strip_box, NULL);
	for (size_t s = 0; s < html_size(html, "/plots/metrics"); s++)
		if (is_of(html, s, metric))
			print_samples(html, s, &x, &y);
	svg_close(html);
}

/* A curve that is level from each value to the next. */
static void print_steps(const struct html *html, size_t series, const struct svg_axis *x,
			const struct svg_axis *y)
{
	const char *build = html_string(html, SERIES "/build", series);
	size_t count = least(html_size(html, SERIES "/ecdf", series), SVG_POINTS_MAX);
	bool begun = false;

	for (size_t i = 0; i < count; i++) {
		double value, share;

		if (!pair_value(html, series, "ecdf", i, 0, &value) ||
		    !pair_value(html, series, "ecdf", i, 1, &share))
			continue;
		if (begun)
			fprintf(html->out, "H%.1fV%.1f", svg_at(x, value), svg_at(y, share));
		else
			fprintf(html->out, "<path class=\"curve b%zu\" d=\"M%.1f %.1fV%.1f",
				html_build(html, build), svg_at(x, value), svg_at(y, 0),
				svg_at(y, share));
		begun = true;
	}
	if (!begun)
		return;
	fprintf(html->out, "H%.1f\">", x->end);
	svg_title(html, "%s", build ? build : "");
	fputs("</path>", html->out);
}

static const struct {
	const char *key;
	double share;
} percentiles[] = { { "p50", .5 }, { "p95", .95 }, { "p99", .99 } };

static void print_percentiles(const struct html *html, size_t series, const struct svg_axis *x,
			      const struct svg_axis *y)
{
	const char *build = html_string(html, SERIES "/build", series);
	auto_free char *class = mem_printf("quantile b%zu", html_build(html, build));

	for (size_t i = 0; i < ARRAY_SIZE(percentiles); i++) {
		auto_free char *pointer = mem_printf(SERIES "/%s", series, percentiles[i].key);
		auto_free char *text = NULL, *title = NULL;
		double value;

		if (!html_value(html, &value, "%s", pointer))
			continue;
		text = html_format(x->format, value);
		title = mem_printf("%s: %s %s", build ? build : "", percentiles[i].key, text);
		svg_mark(html, svg_at(x, value), svg_at(y, percentiles[i].share), class, pointer,
			 title);
	}
}

void svg_ecdf(const struct html *html, const char *metric)
{
	struct svg_range values = range_of(html, metric, "ecdf", 0);
	struct svg_axis x =
		svg_axis_fit(&values, side_box.left, side_box.right, true, format_of(html, metric));
	struct svg_axis y = { 0, 1, side_box.bottom, side_box.top, false, HTML_PERCENT };
	auto_free char *label =
		mem_printf("Share of the samples of %s that are no more than a value", metric);

	svg_open(html, SIDE_WIDTH, HEIGHT, label);
	/* The marked shares are the grid: two of them have no room for both their names. */
	for (size_t i = 0; i < ARRAY_SIZE(percentiles); i++) {
		double at = svg_at(&y, percentiles[i].share);

		fprintf(html->out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", side_box.left,
			at, side_box.right);
		svg_text(html, side_box.left - 6,
			 at + (i == 1	? 9
			       : i == 2 ? 1
					: 4),
			 "tick end", percentiles[i].key);
	}
	svg_axis_x(html, &x, &side_box, NULL);
	for (size_t s = 0; s < html_size(html, "/plots/metrics"); s++) {
		if (!is_of(html, s, metric))
			continue;
		print_steps(html, s, &x, &y);
		print_percentiles(html, s, &x, &y);
	}
	svg_close(html);
}

/* The interval of the estimate behind the blocks, and the estimate. */
static void print_estimate(const struct html *html, size_t metric, const struct svg_axis *y)
{
	double ratio, lower, upper;
	auto_free char *text = NULL;

	if (html_value(html, &lower, METRIC "/lower", metric) &&
	    html_value(html, &upper, METRIC "/upper", metric) && lower > 0 && upper >= lower) {
		double top = svg_at(y, upper), bottom = svg_at(y, lower);

		fprintf(html->out,
			"<rect class=\"interval\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/>",
			side_box.left, top, side_box.right - side_box.left, bottom - top);
	}
	if (!html_value(html, &ratio, METRIC "/ratio", metric) || ratio <= 0)
		return;
	text = html_format(HTML_CHANGE, ratio);
	fprintf(html->out, "<path class=\"estimate\" d=\"M%.1f %.1fH%.1f\"", side_box.left,
		svg_at(y, ratio), side_box.right);
	html_reference(html, METRIC "/ratio", metric);
	fputc('>', html->out);
	svg_title(html, "estimate: %s", text);
	fputs("</path>", html->out);
}

void svg_blocks(const struct html *html, size_t metric)
{
	size_t count = least(html_size(html, METRIC "/differences", metric), SVG_POINTS_MAX);
	struct svg_range values = { 0 }, blocks = { 1, (double)count, count > 0 };
	struct svg_axis x, y;
	double value;

	svg_range_add(&values, 1);
	for (size_t i = 0; i < count; i++)
		if (html_value(html, &value, METRIC "/differences/%zu", metric, i))
			svg_range_add(&values, exp(fmin(fmax(value, -200), 200)));
	x = svg_axis_fit(&blocks, side_box.left, side_box.right, false, HTML_COUNT);
	y = svg_axis_fit(&values, side_box.bottom, side_box.top, true, HTML_CHANGE);
	svg_open(html, SIDE_WIDTH, HEIGHT,
		 "The change from A to B in each block, with the estimate and its interval");
	svg_axis_y(html, &y, &side_box);
	svg_axis_x(html, &x, &side_box, NULL);
	print_estimate(html, metric, &y);
	fprintf(html->out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>", side_box.left,
		svg_at(&y, 1), side_box.right);
	for (size_t i = 0; i < count; i++) {
		auto_free char *pointer = mem_printf(METRIC "/differences/%zu", metric, i);
		auto_free char *text = NULL, *title = NULL;

		if (!html_value(html, &value, "%s", pointer))
			continue;
		value = exp(fmin(fmax(value, -200), 200));
		text = html_format(HTML_CHANGE, value);
		title = mem_printf("block %zu: %s", i + 1, text);
		svg_mark(html, svg_at(&x, (double)i + 1), svg_at(&y, value), "dot block", pointer,
			 title);
	}
	svg_close(html);
}

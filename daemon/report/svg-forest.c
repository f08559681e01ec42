// SPDX-License-Identifier: GPL-2.0-or-later
/* The forest plot: each metric's ratio with its interval and margin, on one scale of relative
 * change. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/svg.h"

#define WIDTH 980
#define ROW 30
#define TOP 30
#define PLOT_LEFT 270
#define PLOT_RIGHT 640
#define TEXT_AT 664
#define VERDICT_AT 900

/* Of the wildest metric at most so many times what the primary ones need is shown. */
#define SCALE_FACTOR 3

/* At least so much to each side, and at most. */
#define LEAST_HALF log(1.02)
#define MOST_HALF log(100)

#define METRIC "/report/comparison/metrics/%zu"

static bool is_primary(const struct html *html, size_t metric)
{
	return json_is_true(html_get(html, METRIC "/primary", metric));
}

/* How far from 1 a metric's marks go, as a logarithm. */
static double reach(const struct html *html, size_t metric)
{
	static const char *const keys[] = { "ratio", "lower", "upper" };
	double most = 0, value;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (html_value(html, &value, METRIC "/%s", metric, keys[i]) && value > 0)
			most = fmax(most, fabs(log(value)));
	if (html_value(html, &value, METRIC "/margin", metric) && value > 0)
		most = fmax(most, log1p(value));
	return fmin(most, MOST_HALF);
}

static double half_range(const struct html *html, const size_t *order, size_t count)
{
	double primary = 0, all = 0;

	for (size_t i = 0; i < count; i++) {
		double far = reach(html, order[i]);

		all = fmax(all, far);
		if (is_primary(html, order[i]))
			primary = fmax(primary, far);
	}
	if (primary > 0)
		all = fmin(all, SCALE_FACTOR * primary);
	return fmax(1.08 * all, LEAST_HALF);
}

static void print_scale(const struct html *html, const struct svg_axis *axis, double bottom)
{
	static const double steps[] = { .01, .02, .05, .1, .2, .25, .5 };
	static const double ratios[] = { .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 50, 100 };
	double ticks[32], step = 0;
	size_t count = 0;

	for (size_t i = 0; !(step > 0) && i < ARRAY_SIZE(steps); i++)
		if (log(axis->to) / log1p(steps[i]) <= 3.5)
			step = steps[i];
	if (step > 0) {
		for (int i = -3; i <= 3; i++)
			ticks[count++] = 1 + i * step;
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(ratios); i++)
			ticks[count++] = ratios[i];
	}
	for (size_t i = 0; i < count; i++) {
		auto_free char *text = step > 0 ? mem_printf("%s%g %%",
							     ticks[i] < 1   ? "\u2212"
							     : ticks[i] > 1 ? "+"
									    : "",
							     round(fabs(ticks[i] - 1) * 1000) / 10)
						: mem_printf("\u00d7%g", ticks[i]);
		double x;

		if (ticks[i] <= 0 || !svg_is_within(axis, ticks[i]))
			continue;
		x = svg_at(axis, ticks[i]);
		fprintf(html->out, "<path class=\"%s\" d=\"M%.1f %dV%.1f\"/>",
			fabs(ticks[i] - 1) < 1e-9 ? "axis" : "grid", x, TOP - 6, bottom);
		svg_text(html, x, bottom + 16, "tick middle", text);
	}
}

static void print_band(const struct html *html, const struct svg_axis *axis, size_t metric,
		       double y)
{
	double margin, left, right;
	auto_free char *text = NULL;

	if (!html_value(html, &margin, METRIC "/margin", metric) || !(margin > 0))
		return;
	margin = fmin(margin, 1e6);
	left = svg_at(axis, 1 / (1 + margin));
	right = svg_at(axis, 1 + margin);
	text = html_format(HTML_PERCENT, margin);
	fprintf(html->out,
		"<rect class=\"band\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"", left,
		y - ROW / 2. + 1, right - left, ROW - 2);
	html_reference(html, METRIC "/margin", metric);
	fputc('>', html->out);
	svg_title(html, "margin: %s", text);
	fputs("</rect>", html->out);
}

/* One end of the interval: a cap, or an arrow where it goes on outside. */
static void print_end(const struct html *html, const struct svg_axis *axis, size_t metric,
		      const char *key, const char *class, double y)
{
	auto_free char *text = NULL;
	double value, x;

	if (!html_value(html, &value, METRIC "/%s", metric, key))
		return;
	x = svg_at(axis, value);
	text = html_format(HTML_CHANGE, value);
	if (svg_is_within(axis, value))
		fprintf(html->out, "<path class=\"whisker %s\" d=\"M%.1f %.1fv10\"", class, x,
			y - 5);
	else
		fprintf(html->out, "<path class=\"whisker %s\" d=\"M%.1f %.1fl%d 5l%d 5\"", class,
			x, y - 5, value > 1 ? 6 : -6, value > 1 ? -6 : 6);
	html_reference(html, METRIC "/%s", metric, key);
	fputc('>', html->out);
	svg_title(html, "%s end of the interval: %s", key, text);
	fputs("</path>", html->out);
}

static void print_interval(const struct html *html, const struct svg_axis *axis, size_t metric,
			   const char *class, double y)
{
	double lower, upper;

	if (html_value(html, &lower, METRIC "/lower", metric) &&
	    html_value(html, &upper, METRIC "/upper", metric))
		fprintf(html->out, "<path class=\"whisker %s\" d=\"M%.1f %.1fH%.1f\"/>", class,
			svg_at(axis, lower), y, svg_at(axis, upper));
	print_end(html, axis, metric, "lower", class, y);
	print_end(html, axis, metric, "upper", class, y);
}

/* Shapes besides colours: a diamond where the builds differ, a full circle for "same", an empty
 * one. */
static void print_point(const struct html *html, const struct svg_axis *axis, size_t metric,
			const char *class, double y)
{
	auto_free char *text = NULL;
	double ratio, x;

	if (!html_value(html, &ratio, METRIC "/ratio", metric))
		return;
	text = html_format(HTML_CHANGE, ratio);
	x = svg_at(axis, ratio);
	if (!strcmp(class, "bad") || !strcmp(class, "good"))
		fprintf(html->out,
			"<path class=\"point %s\" d=\"M%.1f %.1fl6.5 6.5l-6.5 6.5l-6.5 "
			"-6.5z\"",
			class, x, y - 6.5);
	else
		fprintf(html->out, "<circle class=\"point %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"",
			class, x, y);
	html_reference(html, METRIC "/ratio", metric);
	fputc('>', html->out);
	svg_title(html, "ratio: %s", text);
	fputs(!strcmp(class, "bad") || !strcmp(class, "good") ? "</path>" : "</circle>", html->out);
}

static bool has_interval(const struct html *html, size_t metric)
{
	double ignored;

	return html_value(html, &ignored, METRIC "/lower", metric) ||
	       html_value(html, &ignored, METRIC "/upper", metric);
}

static void print_change(const struct html *html, size_t metric, const char *key)
{
	auto_free char *text = NULL;
	double value;

	if (!html_value(html, &value, METRIC "/%s", metric, key))
		return;
	text = html_format(HTML_CHANGE, value);
	fputs("<tspan", html->out);
	html_reference(html, METRIC "/%s", metric, key);
	fputc('>', html->out);
	html_escape(html, text);
	fputs("</tspan>", html->out);
}

static void print_row(const struct html *html, const struct svg_axis *axis, size_t metric, double y)
{
	const char *title = html_string(html, METRIC "/title", metric);
	const char *verdict = html_string(html, METRIC "/verdict", metric);
	const char *better = html_string(html, METRIC "/better", metric);
	const char *class = html_verdict_class(verdict);
	bool higher = better && !strcmp(better, "higher");

	print_band(html, axis, metric, y);
	print_interval(html, axis, metric, class, y);
	print_point(html, axis, metric, class, y);
	fprintf(html->out, "<text x=\"0\" y=\"%.1f\" class=\"%s\">", y + 4.5,
		is_primary(html, metric) ? "label strong" : "label");
	html_escape(html, title ? title : html_string(html, METRIC "/metric", metric));
	if (higher)
		fputs("<tspan class=\"hint\"> (more is better)</tspan>", html->out);
	fprintf(html->out, "</text><text x=\"%d\" y=\"%.1f\" class=\"label\">", TEXT_AT, y + 4.5);
	fputs("<tspan class=\"strong\">", html->out);
	print_change(html, metric, "ratio");
	fputs("</tspan><tspan class=\"hint\">", html->out);
	if (has_interval(html, metric)) {
		fputs(" (", html->out);
		print_change(html, metric, "lower");
		fputs(" to ", html->out);
		print_change(html, metric, "upper");
		fputs(")", html->out);
	}
	fprintf(html->out, "</tspan></text><text x=\"%d\" y=\"%.1f\" class=\"label word %s\">",
		VERDICT_AT, y + 4.5, class);
	html_escape(html, verdict);
	fputs("</text>\n", html->out);
}

void svg_forest(const struct html *html, const size_t *order, size_t count)
{
	double half = half_range(html, order, count);
	struct svg_axis axis = { exp(-half), exp(half), PLOT_LEFT, PLOT_RIGHT, true, HTML_CHANGE };
	double bottom, y = TOP + ROW / 2.;
	size_t primary = 0;

	while (primary < count && is_primary(html, order[primary]))
		primary++;
	bottom = TOP + ROW * (double)count + (primary && primary < count ? 12 : 0);
	svg_open(html, WIDTH, bottom + 24,
		 "Forest plot: the ratio of each metric between the builds, with its interval and "
		 "the margin within which builds count as the same");
	svg_text(html, 0, 14, "head", "metric");
	svg_text(html, PLOT_LEFT, 14, "head", "\u2190 B less than A");
	svg_text(html, PLOT_RIGHT, 14, "head end", "B more than A \u2192");
	svg_text(html, TEXT_AT, 14, "head", "change from A to B");
	svg_text(html, VERDICT_AT, 14, "head", "verdict");
	print_scale(html, &axis, bottom);
	for (size_t i = 0; i < count; i++) {
		if (i && i == primary) {
			fprintf(html->out, "<path class=\"rule\" d=\"M0 %.1fH%d\"/>",
				y - ROW / 2. + 6, WIDTH);
			y += 12;
		}
		print_row(html, &axis, order[i], y);
		y += ROW;
	}
	svg_close(html);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Survival curves of one kind of failure: the share of VMs that have not failed, against loops. */
#include <math.h>

#include "base/mem.h"
#include "report/svg.h"

#define WIDTH 560
#define HEIGHT 260

#define CURVE "/plots/survival/%zu"

static const struct svg_box box = { 60, WIDTH - 14, 8, HEIGHT - 40 };

enum column { LOOPS, SURVIVAL, LOWER, UPPER, AT_RISK };

static bool value_of(const struct html *html, size_t curve, size_t i, enum column column,
		     double *ret_value)
{
	return html_value(html, ret_value, CURVE "/points/%zu/%d", curve, i, (int)column);
}

static bool is_same(const struct html *html, size_t curve, size_t other)
{
	return json_equal(html_get(html, CURVE "/class", curve),
			  html_get(html, CURVE "/class", other)) &&
	       json_equal(html_get(html, CURVE "/signature", curve),
			  html_get(html, CURVE "/signature", other));
}

static size_t count_points(const struct html *html, size_t curve)
{
	size_t count = html_size(html, CURVE "/points", curve);

	return count < SVG_POINTS_MAX ? count : SVG_POINTS_MAX;
}

/* There and back again: the upper bound, then the lower one, level between points. */
static void print_band(const struct html *html, size_t curve, const struct svg_axis *x,
		       const struct svg_axis *y)
{
	size_t count = count_points(html, curve);
	double loops, bound;

	fprintf(html->out, "<path class=\"ci b%zu\" d=\"M%.1f %.1f",
		html_build(html, html_string(html, CURVE "/build", curve)), x->start, svg_at(y, 1));
	for (size_t i = 0; i < count; i++)
		if (value_of(html, curve, i, LOOPS, &loops) &&
		    value_of(html, curve, i, UPPER, &bound))
			fprintf(html->out, "H%.1fV%.1f", svg_at(x, loops), svg_at(y, bound));
	fprintf(html->out, "H%.1f", x->end);
	/* Before a point the bound of the one before it holds. */
	for (size_t i = count; i-- > 0;)
		if (value_of(html, curve, i, LOWER, &bound) &&
		    value_of(html, curve, i, LOOPS, &loops))
			fprintf(html->out, "V%.1fH%.1f", svg_at(y, bound), svg_at(x, loops));
	fprintf(html->out, "V%.1fz\"/>", svg_at(y, 1));
}

static void print_curve(const struct html *html, size_t curve, const struct svg_axis *x,
			const struct svg_axis *y)
{
	const char *build = html_string(html, CURVE "/build", curve);
	size_t count = count_points(html, curve);
	double loops, share;

	fprintf(html->out, "<path class=\"curve b%zu\" d=\"M%.1f %.1f", html_build(html, build),
		x->start, svg_at(y, 1));
	for (size_t i = 0; i < count; i++)
		if (value_of(html, curve, i, LOOPS, &loops) &&
		    value_of(html, curve, i, SURVIVAL, &share))
			fprintf(html->out, "H%.1fV%.1f", svg_at(x, loops), svg_at(y, share));
	fprintf(html->out, "H%.1f\">", x->end);
	svg_title(html, "%s", build ? build : "");
	fputs("</path>", html->out);
}

static void print_marks(const struct html *html, size_t curve, const struct svg_axis *x,
			const struct svg_axis *y)
{
	const char *build = html_string(html, CURVE "/build", curve);
	auto_free char *class = mem_printf("quantile b%zu", html_build(html, build));

	for (size_t i = 0; i < count_points(html, curve); i++) {
		auto_free char *pointer = mem_printf(CURVE "/points/%zu/%d", curve, i, SURVIVAL);
		auto_free char *share_text = NULL, *title = NULL;
		double loops, share, at_risk;

		if (!value_of(html, curve, i, LOOPS, &loops) ||
		    !value_of(html, curve, i, SURVIVAL, &share))
			continue;
		share_text = html_format(HTML_SHARE, share);
		title = value_of(html, curve, i, AT_RISK, &at_risk)
				? mem_printf("%s: %s after %g loops (%g VMs at risk)",
					     build ? build : "", share_text, loops, at_risk)
				: mem_printf("%s: %s after %g loops", build ? build : "",
					     share_text, loops);
		svg_mark(html, svg_at(x, loops), svg_at(y, share), class, pointer, title);
	}
}

/* Loops from 0, and shares up to 1. */
static void fit(const struct html *html, size_t first, struct svg_axis *ret_x,
		struct svg_axis *ret_y)
{
	struct svg_range loops = { 0 }, shares = { 0 };
	double value;

	svg_range_add(&loops, 0);
	svg_range_add(&shares, 1);
	for (size_t c = first; c < html_size(html, "/plots/survival"); c++) {
		if (!is_same(html, first, c))
			continue;
		for (size_t i = 0; i < count_points(html, c); i++) {
			if (value_of(html, c, i, LOOPS, &value))
				svg_range_add(&loops, value);
			if (value_of(html, c, i, SURVIVAL, &value))
				svg_range_add(&shares, value);
			if (value_of(html, c, i, LOWER, &value))
				svg_range_add(&shares, value);
		}
	}
	*ret_x = svg_axis_fit(&loops, box.left, box.right, false, HTML_COUNT);
	*ret_y = svg_axis_fit(&shares, box.bottom, box.top, false, HTML_SHARE);
	ret_y->to = fmax(ret_y->from + 1e-6, 1);
}

void svg_survival(const struct html *html, size_t first)
{
	const char *signature = html_string(html, CURVE "/signature", first);
	auto_free char *label =
		mem_printf("Share of VMs without the failure after so many loops: %s",
			   signature ? signature : "");
	size_t count = html_size(html, "/plots/survival");
	struct svg_axis x, y;

	fit(html, first, &x, &y);
	svg_open(html, WIDTH, HEIGHT, label);
	svg_axis_y(html, &y, &box);
	svg_axis_x(html, &x, &box, "loops since the VM's cold boot");
	for (size_t c = first; c < count; c++)
		if (is_same(html, first, c))
			print_band(html, c, &x, &y);
	for (size_t c = first; c < count; c++) {
		if (!is_same(html, first, c))
			continue;
		print_curve(html, c, &x, &y);
		print_marks(html, c, &x, &y);
	}
	svg_close(html);
}

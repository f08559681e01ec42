// SPDX-License-Identifier: GPL-2.0-or-later
/* The phases of a migration, a bar a build, and beside it the short ones at the end on a scale
 * of their own. */
#include <math.h>

#include "base/mem.h"
#include "report/svg.h"

#define WIDTH 1000
#define ROW 44
#define TOP 26
#define LABEL_WIDTH 150

#define MIGRATION "/plots/migrations/%zu"

static const struct {
	const char *key, *class, *title;
} phases[] = {
	{ "setup_ns", "setup", "setup" },
	{ "copy_ns", "copy", "copy of memory" },
	{ "switchover_ns", "switchover", "switchover" },
	{ "first_tick_ns", "first-tick", "to the first guest tick" },
};

/* Where the guest stands still. */
#define FIRST_SHORT 2

static double phase_of(const struct html *html, size_t migration, size_t phase)
{
	double ns;

	return html_value(html, &ns, MIGRATION "/%s", migration, phases[phase].key)
		       ? fmin(fmax(ns, 0), 1e18)
		       : 0;
}

static void print_bar(const struct html *html, size_t migration, size_t first,
		      const struct svg_axis *axis, double y)
{
	double sum = 0;

	for (size_t p = first; p < ARRAY_SIZE(phases); p++) {
		double ns = phase_of(html, migration, p);
		double from = svg_at(axis, sum), to = svg_at(axis, sum + ns);
		auto_free char *text = html_format(HTML_DURATION, ns);

		sum += ns;
		if (!html_value(html, &ns, MIGRATION "/%s", migration, phases[p].key))
			continue;
		/* However short, it is there. */
		fprintf(html->out,
			"<rect class=\"phase %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"22\"",
			phases[p].class, from, y, fmax(to - from, 1.5));
		html_reference(html, MIGRATION "/%s", migration, phases[p].key);
		fputc('>', html->out);
		svg_title(html, "%s: %s", phases[p].title, text);
		fputs("</rect>", html->out);
	}
}

static void print_panel(const struct html *html, size_t first, const struct svg_box *box,
			const char *title)
{
	size_t count = html_size(html, "/plots/migrations");
	struct svg_range range = { 0 };
	struct svg_axis axis;

	svg_range_add(&range, 0);
	for (size_t i = 0; i < count && i < SVG_POINTS_MAX; i++) {
		double sum = 0;

		for (size_t p = first; p < ARRAY_SIZE(phases); p++)
			sum += phase_of(html, i, p);
		svg_range_add(&range, sum);
	}
	axis = svg_axis_fit(&range, box->left, box->right, false, HTML_DURATION);
	svg_text(html, box->left, 14, "head", title);
	svg_axis_x(html, &axis, box, NULL);
	for (size_t i = 0; i < count && i < SVG_POINTS_MAX; i++)
		print_bar(html, i, first, &axis, TOP + ROW * (double)i + (ROW - 22) / 2.);
}

void svg_phases(const struct html *html)
{
	size_t count = html_size(html, "/plots/migrations");
	double bottom;

	if (count > SVG_POINTS_MAX)
		count = SVG_POINTS_MAX;
	bottom = TOP + ROW * (double)count;
	svg_open(html, WIDTH, bottom + 24,
		 "Timeline of a migration for each build: setup, copy of memory, switchover, and "
		 "the "
		 "time to the first tick of the guest");
	print_panel(html, 0, &(struct svg_box){ LABEL_WIDTH, 600, TOP, bottom },
		    "the whole migration");
	print_panel(html, FIRST_SHORT, &(struct svg_box){ 650, WIDTH - 14, TOP, bottom },
		    "from the switchover on: the guest stands still");
	for (size_t i = 0; i < count; i++) {
		const char *build = html_string(html, MIGRATION "/build", i);

		svg_text(html, 0, TOP + ROW * ((double)i + .5) + 4.5, "label strong",
			 build ? build : "\u2013");
	}
	svg_close(html);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Axes, and what all plots share. */
#include "report/svg.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"

#define TICKS_MAX 24
#define TICK_ROOM_X 74
#define TICK_ROOM_Y 34

/* From this ratio of greatest to least on, a logarithmic axis tells more. */
#define LOG_FROM 4

/* Beyond these nothing is told apart, and differences do not overflow. */
#define VALUE_MAX 1e150

static double bounded(double value)
{
	return fmin(fmax(value, -VALUE_MAX), VALUE_MAX);
}

void svg_range_add(struct svg_range *range, double value)
{
	value = bounded(value);
	range->least = range->any ? fmin(range->least, value) : value;
	range->most = range->any ? fmax(range->most, value) : value;
	range->any = true;
}

struct svg_axis svg_axis_fit(const struct svg_range *range, double start, double end,
			     bool may_be_log, enum html_format format)
{
	struct svg_axis axis = { 0, 1, start, end, false, format };
	double room;

	if (!range->any)
		return axis;
	axis.from = range->least;
	axis.to = range->most;
	if (may_be_log && axis.from > 1e-150 && axis.to / axis.from > LOG_FROM) {
		room = pow(axis.to / axis.from, .04);
		axis.log = true;
		axis.from /= room;
		axis.to *= room;
		return axis;
	}
	room = .05 * (axis.to - axis.from);
	/* One value alone stands in the middle. */
	if (!(room > 0))
		room = axis.to != 0 ? fabs(axis.to) / 10 : 1;
	/* What cannot be below 0 has no room there. */
	axis.from = range->least >= 0 ? fmax(0, axis.from - room) : axis.from - room;
	axis.to += room;
	return axis;
}

static double share_of(const struct svg_axis *axis, double value)
{
	value = bounded(value);
	if (!axis->log)
		return (value - axis->from) / (axis->to - axis->from);
	return value > 0 ? log(value / axis->from) / log(axis->to / axis->from) : 0;
}

double svg_at(const struct svg_axis *axis, double value)
{
	double share = share_of(axis, value);

	/* Not a number, too. */
	if (!(share > 0))
		share = 0;
	return axis->start + fmin(share, 1) * (axis->end - axis->start);
}

bool svg_is_within(const struct svg_axis *axis, double value)
{
	double share = share_of(axis, value);

	return share >= -1e-9 && share <= 1 + 1e-9;
}

/* The least of 1, 2 and 5 times a power of ten, or of what clocks count by, that is about as
 * much. */
static double nice_step(double least, enum html_format format)
{
	static const double spans[] = { 1,   2,	  5,	10,   15,   30,	   60,	  120,	 300,
					600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400 };
	static const double steps[] = { 1, 2, 5, 10 };
	double power = pow(10, floor(log10(least)));

	for (size_t i = 0; format == HTML_SPAN && least >= 1 && i < ARRAY_SIZE(spans); i++)
		if (spans[i] >= .75 * least)
			return spans[i];
	/* Half a thing does not exist. */
	if (format == HTML_COUNT && least < 1)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i] * power >= .75 * least)
			return steps[i] * power;
	return 10 * power;
}

static size_t linear_ticks(const struct svg_axis *axis, double wanted, double *ret_ticks)
{
	double step = nice_step((axis->to - axis->from) / wanted, axis->format);
	double first = ceil(axis->from / step - 1e-9);
	size_t count = 0;

	while (count < TICKS_MAX && isfinite(step) &&
	       (first + (double)count) * step <= axis->to + step * 1e-9) {
		ret_ticks[count] = (first + (double)count) * step;
		count++;
	}
	return count;
}

/* Within a decade: the most of these that have room; gap is the least between two, in decades. */
static const struct {
	double gap;
	size_t count;
	double steps[6];
} log_steps[] = {
	{ .125, 6, { 1, 1.5, 2, 3, 5, 7 } },
	{ .301, 3, { 1, 2, 5 } },
	{ 1, 1, { 1 } },
};

static size_t log_ticks(const struct svg_axis *axis, double room, double *ret_ticks)
{
	double decades = log10(axis->to / axis->from);
	double a_decade = fabs(axis->end - axis->start) / decades;
	double stride = fmax(1, ceil(room / a_decade));
	size_t count = 0, fine = 0;

	while (fine + 1 < ARRAY_SIZE(log_steps) && log_steps[fine].gap * a_decade < .7 * room)
		fine++;
	for (double e = floor(log10(axis->from)); e <= log10(axis->to); e += stride)
		for (size_t i = 0; i < log_steps[fine].count; i++) {
			double value = log_steps[fine].steps[i] * pow(10, e);

			if (svg_is_within(axis, value) && count < TICKS_MAX)
				ret_ticks[count++] = value;
		}
	return count;
}

static size_t ticks_of(const struct svg_axis *axis, double room, double *ret_ticks)
{
	if (axis->log)
		return log_ticks(axis, room, ret_ticks);
	return linear_ticks(axis, fmax(2, floor(fabs(axis->end - axis->start) / room)), ret_ticks);
}

/* "50.0ms" of an axis is "50ms". */
static char *tick_text(const struct svg_axis *axis, double value)
{
	char *text = html_format(axis->format, value);
	char *dot = strchr(text, '.'), *end, *keep;

	if (axis->format == HTML_DURATION && value == 0)
		return strcpy(text, "0");
	/* The unit stands with the numbers above the plot. */
	if (axis->format == HTML_MBPS)
		text[strcspn(text, " ")] = '\0';
	if (!dot || axis->format == HTML_P)
		return text;
	end = dot + 1 + strspn(dot + 1, "0123456789");
	for (keep = end; keep > dot && keep[-1] == '0'; keep--)
		;
	if (keep == dot + 1)
		keep = dot;
	memmove(keep, end, strlen(end) + 1);
	return text;
}

void svg_text(const struct html *html, double x, double y, const char *class, const char *text)
{
	fprintf(html->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	html_escape(html, text);
	fputs("</text>", html->out);
}

void svg_axis_x(const struct html *html, const struct svg_axis *axis, const struct svg_box *box,
		const char *title)
{
	double ticks[TICKS_MAX];
	size_t count = ticks_of(axis, TICK_ROOM_X, ticks);

	for (size_t i = 0; i < count; i++) {
		auto_free char *text = tick_text(axis, ticks[i]);
		double x = svg_at(axis, ticks[i]);

		fprintf(html->out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", x, box->top,
			box->bottom);
		svg_text(html, x, box->bottom + 15, "tick middle", text);
	}
	fprintf(html->out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>", box->left, box->bottom,
		box->right);
	if (title)
		svg_text(html, (box->left + box->right) / 2, box->bottom + 31, "tick middle",
			 title);
}

void svg_axis_y(const struct html *html, const struct svg_axis *axis, const struct svg_box *box)
{
	double ticks[TICKS_MAX];
	size_t count = ticks_of(axis, TICK_ROOM_Y, ticks);

	for (size_t i = 0; i < count; i++) {
		auto_free char *text = tick_text(axis, ticks[i]);
		double y = svg_at(axis, ticks[i]);

		fprintf(html->out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", box->left, y,
			box->right);
		svg_text(html, box->left - 6, y + 4, "tick end", text);
	}
}

void svg_open(const struct html *html, double width, double height, const char *label)
{
	fprintf(html->out,
		"<svg width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		"aria-label=\"",
		width, height, width, height);
	html_escape(html, label);
	fputs("\">", html->out);
}

void svg_close(const struct html *html)
{
	fputs("</svg>\n", html->out);
}

void svg_title(const struct html *html, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	fputs("<title>", html->out);
	html_escape(html, text);
	fputs("</title>", html->out);
}

void svg_mark(const struct html *html, double x, double y, const char *class, const char *pointer,
	      const char *title)
{
	/* A line of no length with round ends is a dot whose size the style sheet says. */
	fprintf(html->out, "<path class=\"%s\" d=\"M%.1f %.1fh0\"", class, x, y);
	html_reference(html, "%s", pointer);
	fputc('>', html->out);
	svg_title(html, "%s", title);
	fputs("</path>", html->out);
}

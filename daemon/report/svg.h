/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plots of the HTML page as inline SVG: axes, and their drawings.
 *
 * Coordinates are pixels at 100 %. What colour a thing has the style sheet says, by its class.
 * Values come from a peer: whatever they are, coordinates are finite and within the plot.
 */
#ifndef QSOAK_REPORT_SVG_H
#define QSOAK_REPORT_SVG_H

#include "report/html-text.h"

/* More points of a list are not drawn. */
#define SVG_POINTS_MAX 1000

struct svg_range {
	double least, most;
	bool any;
};

struct svg_axis {
	double from, to;   /* values */
	double start, end; /* the coordinates of both */
	bool log;
	enum html_format format;
};

/* The inner part of a plot. */
struct svg_box {
	double left, right, top, bottom;
};

void svg_range_add(struct svg_range *range, double value);

/* An axis that shows the range, with some room. Logarithmic where allowed, all is above 0, and the
 * greatest is many times the least. An empty range is 0 to 1. */
struct svg_axis svg_axis_fit(const struct svg_range *range, double start, double end,
			     bool may_be_log, enum html_format format);

double svg_at(const struct svg_axis *axis, double value);
bool svg_is_within(const struct svg_axis *axis, double value);

/* Grid lines with their values: below the box, and left of it. title: of the axis, or NULL. */
void svg_axis_x(const struct html *html, const struct svg_axis *axis, const struct svg_box *box,
		const char *title);
void svg_axis_y(const struct html *html, const struct svg_axis *axis, const struct svg_box *box);

/* label says to those who do not see it what it shows. svg_close() ends it. */
void svg_open(const struct html *html, double width, double height, const char *label);
void svg_close(const struct html *html);

/* What a pointer on the mark shows; escaped. */
void svg_title(const struct html *html, const char *fmt, ...) HTML_POINTER(2);

/* Escaped, at a point. */
void svg_text(const struct html *html, double x, double y, const char *class, const char *text);

/* A mark at a point that stands for the value at pointer, with a title. */
void svg_mark(const struct html *html, double x, double y, const char *class, const char *pointer,
	      const char *title);

/* The ratios of the comparison's metrics: order has their indices. */
void svg_forest(const struct html *html, const size_t *order, size_t count);

/* Of the metric that is named: samples in run order, their distributions. */
void svg_strip(const struct html *html, const char *metric);
void svg_ecdf(const struct html *html, const char *metric);

/* The differences of the blocks of a metric of the comparison. */
void svg_blocks(const struct html *html, size_t metric);

/* The medians of all migrations. */
void svg_phases(const struct html *html);

/* The curves of all builds with the class and signature of curve number first. */
void svg_survival(const struct html *html, size_t first);

void svg_history(const struct html *html, size_t history);

#endif

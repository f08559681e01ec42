/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections of the HTML page, each of which knows whether it has something to say. */
#ifndef QSOAK_REPORT_HTML_SECTION_H
#define QSOAK_REPORT_HTML_SECTION_H

#include "report/html-text.h"

struct html_section {
	const char *id, *title;
	bool (*has)(const struct html *html);
	void (*print)(const struct html *html); /* what stands below its heading */
};

extern const struct html_section html_ratios, html_metrics, html_samples, html_migrations,
	html_failures, html_operations, html_history, html_environment, html_selfcheck, html_method;

/* The head of the page: what was run, the verdict, and the figures that it rests on. */
void html_verdict_print(const struct html *html);

/* The metrics of the comparison in the order in which they are shown: the primary ones first.
 * Their indices; the caller frees. */
size_t *html_metric_order(const struct html *html, size_t *ret_count);

/* Plots are in figures: they scroll where there is no room. caption may be NULL. */
void html_figure_open(const struct html *html, const char *class, const char *caption);
void html_figure_close(const struct html *html);

/* More rows of a list are not shown, but html_more() says how many. */
#define HTML_ROWS_MAX 1000

/* A table that scrolls where there is no room; its head is a NULL-terminated list: those that
 * begin with '>' are of numbers. */
void html_table_open(const struct html *html, const char *caption, const char *const *columns);
void html_table_close(const struct html *html);

/* How many are shown of so many: at most HTML_ROWS_MAX. */
size_t html_rows(size_t count);

/* A line that says how many of so many are not shown, if any. */
void html_more(const struct html *html, size_t count, size_t shown);

/* A cell of a table. */
void html_cell_number(const struct html *html, enum html_format format, const char *pointer, ...)
	HTML_POINTER(3);
void html_cell_text(const struct html *html, const char *pointer, ...) HTML_POINTER(2);

#endif

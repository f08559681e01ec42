/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text and numbers of the HTML page.
 *
 * A value is named by its JSON pointer into the data that the page embeds, so that what is shown,
 * and what data-path and data-value say, cannot differ. Pointers are given as formats of printf.
 */
#ifndef QSOAK_REPORT_HTML_TEXT_H
#define QSOAK_REPORT_HTML_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Builds have so many colours; then they begin again. */
#define HTML_COLOURS 6

struct html {
	FILE *out;
	json_t *root;	/* {"report", "plots"} */
	json_t *builds; /* names of builds, in the order of their colours */
};

enum html_format {
	HTML_PLAIN,	    /* three digits */
	HTML_COUNT,	    /* whole */
	HTML_DURATION,	    /* of ns: "21.3ms" */
	HTML_LONG_DURATION, /* of ns: "12 min 5 s" */
	HTML_SPAN,	    /* of seconds, of an axis: "5min" */
	HTML_TIME,	    /* of ns since 1970 */
	HTML_PERCENT,	    /* of a share of one */
	HTML_SHARE,	    /* of one, whatever is near it: "99.87 %" */
	HTML_P,
	HTML_RATIO,  /* "1.103" */
	HTML_CHANGE, /* of a ratio: "+10.3 %" */
	HTML_MBPS,   /* "940 Mbit/s" */
};

#define HTML_POINTER(n) __attribute__((format(printf, n, n + 1)))

/* The format of a metric's unit; HTML_PLAIN of one that is not known. */
enum html_format html_format_of(const char *unit);

/* Any number; the caller frees. */
char *html_format(enum html_format format, double value);

/* Text, of any origin, as content of an element or of an attribute in double quotes. NULL:
 * nothing. */
void html_escape(const struct html *html, const char *text);

/* Borrowed; NULL where nothing is. */
json_t *html_get(const struct html *html, const char *pointer, ...) HTML_POINTER(2);
size_t html_size(const struct html *html, const char *pointer, ...) HTML_POINTER(2);
const char *html_string(const struct html *html, const char *pointer, ...) HTML_POINTER(2);

/* False where there is no number. */
bool html_value(const struct html *html, double *ret_value, const char *pointer, ...)
	HTML_POINTER(3);

/* " data-path=... data-value=..." of a number or a text; nothing of anything else. */
void html_reference(const struct html *html, const char *pointer, ...) HTML_POINTER(2);

/* An element with the number; a dash where there is none. */
void html_number(const struct html *html, enum html_format format, const char *pointer, ...)
	HTML_POINTER(3);

/* An element with the text; a dash where there is none. */
void html_text(const struct html *html, const char *pointer, ...) HTML_POINTER(2);

/* Text that is not of the data, but may have parts that are: it is escaped. */
void html_printf(const struct html *html, const char *fmt, ...) HTML_POINTER(2);

/* The colour of a build, below HTML_COLOURS; its name becomes known with that. NULL: 0. */
size_t html_build(const struct html *html, const char *name);

/* Its name behind a swatch of its colour. */
void html_build_name(const struct html *html, const char *name);

/* The word in its form. Borrowed: a class of the style sheet, "other" of a word that is not
 * known. */
void html_verdict(const struct html *html, const char *verdict);
const char *html_verdict_class(const char *verdict);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Escaping, JSON pointers and formats of the HTML page. */
#include "report/html-text.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/xml.h"
#include "report/text.h"

static char *format_duration(double ns)
{
	auto_free char *text = text_duration((int64_t)fabs(ns));

	return mem_printf("%s%s", ns < 0 ? "\u2212" : "", text);
}

static char *format_change(double ratio)
{
	double percent = 100 * (ratio - 1);

	if (ratio >= 4 || ratio <= 0)
		return mem_printf("\u00d7%.3g", ratio);
	/* What rounds to nothing has no sign. */
	return mem_printf("%s%.1f %%",
			  percent <= -.05  ? "\u2212"
			  : percent >= .05 ? "+"
					   : "",
			  fabs(percent));
}

static char *format_span(double s)
{
	return s >= 3600  ? mem_printf("%.3gh", s / 3600)
	       : s >= 120 ? mem_printf("%.3gmin", s / 60)
			  : mem_printf("%.3gs", s);
}

/* A peer may have said any number: whether the format has a form for it. */
static bool fits(enum html_format format, double value)
{
	if (!isfinite(value))
		return false;
	switch (format) {
	case HTML_DURATION:
	case HTML_LONG_DURATION:
	case HTML_TIME:
		return fabs(value) < 9e18;
	case HTML_COUNT:
	case HTML_MBPS:
		return fabs(value) < 1e15;
	case HTML_PERCENT:
	case HTML_SHARE:
		return fabs(value) < 1e4;
	case HTML_P:
		return value >= 0 && value <= 1;
	default:
		return true;
	}
}

char *html_format(enum html_format format, double value)
{
	switch (fits(format, value) ? format : HTML_PLAIN) {
	case HTML_COUNT:
		return mem_printf("%.*f", fabs(value) == floor(fabs(value)) ? 0 : 1, value);
	case HTML_DURATION:
		return format_duration(value);
	case HTML_LONG_DURATION:
		return text_long_duration((int64_t)value);
	case HTML_SPAN:
		return format_span(value);
	case HTML_TIME:
		return text_time((int64_t)value);
	case HTML_PERCENT:
		return text_percent(value);
	case HTML_SHARE:
		return mem_printf("%.4g %%", 100 * value);
	case HTML_P:
		return text_p(value);
	case HTML_RATIO:
		return mem_printf(fabs(value) < 10 ? "%.3f" : "%.3g", value);
	case HTML_CHANGE:
		return format_change(value);
	case HTML_MBPS:
		return mem_printf("%.*f Mbit/s", fabs(value) < 99.95 ? 1 : 0, value);
	case HTML_PLAIN:
		break;
	}
	/* A difference of two may have no value. */
	return isfinite(value) ? mem_printf("%.3g", value) : mem_strdup("\u2013");
}

enum html_format html_format_of(const char *unit)
{
	static const struct {
		const char *unit;
		enum html_format format;
	} units[] = {
		{ "ns", HTML_DURATION },
		{ "count", HTML_COUNT },
		{ "mbps", HTML_MBPS },
		{ "ratio", HTML_RATIO },
	};

	for (size_t i = 0; unit && i < ARRAY_SIZE(units); i++)
		if (!strcmp(unit, units[i].unit))
			return units[i].format;
	return HTML_PLAIN;
}

/* What no document of XML may have, in any spelling: U+FFFE and U+FFFF. */
static bool is_no_character(const char *s)
{
	return !strncmp(s, "\xef\xbf\xbe", 3) || !strncmp(s, "\xef\xbf\xbf", 3);
}

void html_escape(const struct html *html, const char *text)
{
	auto_free char *printable = text ? text_printable(text) : mem_strdup("");

	for (const char *s = printable; *s; s++) {
		if (*s == '\'') {
			fputs("&#39;", html->out);
		} else if (is_no_character(s)) {
			fputs("\u25a1", html->out);
			s += 2;
		} else {
			xml_print(*s, html->out);
		}
	}
}

/* One reference token, with ~0 and ~1 (RFC 6901); returns what is behind it. */
static const char *read_token(const char *pointer, char **ret_token)
{
	size_t length = strcspn(pointer, "/");
	char *token = mem_zalloc(length + 1), *to = token;

	for (size_t i = 0; i < length; i++) {
		if (pointer[i] == '~' && i + 1 < length && strchr("01", pointer[i + 1]))
			*to++ = pointer[++i] == '0' ? '~' : '/';
		else
			*to++ = pointer[i];
	}
	*ret_token = token;
	return pointer + length;
}

static json_t *resolve(json_t *root, const char *pointer)
{
	json_t *value = root;

	while (value && *pointer == '/') {
		auto_free char *token = NULL;

		pointer = read_token(pointer + 1, &token);
		value = json_is_array(value) ? json_array_get(value, strtoul(token, NULL, 10))
					     : json_object_get(value, token);
	}
	return value;
}

/* The pointer of a function's last arguments. */
#define POINTER_OF(pointer)                         \
	auto_free char *path = NULL;                \
	do {                                        \
		va_list args_;                      \
		va_start(args_, pointer);           \
		path = mem_vprintf(pointer, args_); \
		va_end(args_);                      \
	} while (0)

json_t *html_get(const struct html *html, const char *pointer, ...)
{
	POINTER_OF(pointer);
	return resolve(html->root, path);
}

size_t html_size(const struct html *html, const char *pointer, ...)
{
	POINTER_OF(pointer);
	return json_array_size(resolve(html->root, path));
}

const char *html_string(const struct html *html, const char *pointer, ...)
{
	POINTER_OF(pointer);
	return json_string_value(resolve(html->root, path));
}

bool html_value(const struct html *html, double *ret_value, const char *pointer, ...)
{
	POINTER_OF(pointer);
	json_t *value = resolve(html->root, path);

	if (!json_is_number(value))
		return false;
	*ret_value = json_number_value(value);
	return true;
}

static void print_reference(const struct html *html, const char *path)
{
	json_t *value = resolve(html->root, path);

	if (!json_is_number(value) && !json_is_string(value))
		return;
	fputs(" data-path=\"", html->out);
	html_escape(html, path);
	fputs("\" data-value=\"", html->out);
	if (json_is_string(value)) {
		html_escape(html, json_string_value(value));
	} else {
		/* As in the embedded data. */
		auto_free char *text = json_dumps(value, JSON_ENCODE_ANY);

		fputs(text, html->out);
	}
	fputc('"', html->out);
}

void html_reference(const struct html *html, const char *pointer, ...)
{
	POINTER_OF(pointer);
	print_reference(html, path);
}

#define NOTHING "<span class=\"none\">\u2013</span>"

void html_number(const struct html *html, enum html_format format, const char *pointer, ...)
{
	POINTER_OF(pointer);
	json_t *value = resolve(html->root, path);
	auto_free char *text = NULL;

	if (!json_is_number(value)) {
		fputs(NOTHING, html->out);
		return;
	}
	text = html_format(format, json_number_value(value));
	fputs("<span class=\"n\"", html->out);
	print_reference(html, path);
	fputc('>', html->out);
	html_escape(html, text);
	fputs("</span>", html->out);
}

void html_text(const struct html *html, const char *pointer, ...)
{
	POINTER_OF(pointer);
	json_t *value = resolve(html->root, path);

	if (!json_is_string(value)) {
		fputs(NOTHING, html->out);
		return;
	}
	fputs("<span", html->out);
	print_reference(html, path);
	fputc('>', html->out);
	html_escape(html, json_string_value(value));
	fputs("</span>", html->out);
}

void html_printf(const struct html *html, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	html_escape(html, text);
}

size_t html_build(const struct html *html, const char *name)
{
	json_t *build;
	size_t i;

	if (!name)
		return 0;
	json_array_foreach(html->builds, i, build)
		if (!strcmp(json_string_value(build), name))
			return i % HTML_COLOURS;
	json_array_append_new(html->builds, json_string(name));
	return i % HTML_COLOURS;
}

void html_build_name(const struct html *html, const char *name)
{
	fprintf(html->out, "<span class=\"build\"><i class=\"swatch b%zu\"></i>",
		html_build(html, name));
	html_escape(html, name ? name : "\u2013");
	fputs("</span>", html->out);
}

static const struct {
	const char *word, *class, *sign;
} verdicts[] = {
	{ "slower", "bad", "\u25b2" },
	{ "faster", "good", "\u25bc" },
	{ "same", "same", "=" },
	{ "unclear", "unclear", "?" },
	{ "failed", "bad", "\u2715" },
	{ "clean", "good", "\u2713" },
	{ "inconclusive", "unclear", "?" },
	{ "running", "unclear", "\u2026" },
	{ "new", "bad", "\u2715" },
	{ "came-back", "bad", "\u21ba" },
	{ "known", "same", "=" },
};

static size_t find_verdict(const char *verdict)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(verdicts) && (!verdict || strcmp(verdict, verdicts[i].word)))
		i++;
	return i;
}

const char *html_verdict_class(const char *verdict)
{
	size_t i = find_verdict(verdict);

	return i < ARRAY_SIZE(verdicts) ? verdicts[i].class : "other";
}

void html_verdict(const struct html *html, const char *verdict)
{
	size_t i = find_verdict(verdict);

	if (!verdict) {
		fputs(NOTHING, html->out);
		return;
	}
	fprintf(html->out, "<span class=\"verdict %s\">", html_verdict_class(verdict));
	if (i < ARRAY_SIZE(verdicts))
		fprintf(html->out, "<span aria-hidden=\"true\">%s</span> ", verdicts[i].sign);
	html_escape(html, verdict);
	fputs("</span>", html->out);
}

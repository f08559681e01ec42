// SPDX-License-Identifier: GPL-2.0-or-later
/* Figures and tables of the HTML page. */
#include "report/html-section.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"

void html_figure_open(const struct html *html, const char *class, const char *caption)
{
	fprintf(html->out, "<figure class=\"%s\">", class);
	if (caption) {
		fputs("<figcaption>", html->out);
		html_escape(html, caption);
		fputs("</figcaption>", html->out);
	}
	fputs("<div class=\"scroll\">", html->out);
}

void html_figure_close(const struct html *html)
{
	fputs("</div></figure>\n", html->out);
}

void html_table_open(const struct html *html, const char *caption, const char *const *columns)
{
	fputs("<div class=\"scroll\"><table><caption>", html->out);
	html_escape(html, caption);
	fputs("</caption><thead><tr>", html->out);
	for (; *columns; columns++) {
		bool number = **columns == '>';

		fprintf(html->out, "<th scope=\"col\"%s>", number ? " class=\"num\"" : "");
		html_escape(html, *columns + number);
		fputs("</th>", html->out);
	}
	fputs("</tr></thead>\n", html->out);
}

void html_table_close(const struct html *html)
{
	fputs("</table></div>\n", html->out);
}

size_t html_rows(size_t count)
{
	return count < HTML_ROWS_MAX ? count : HTML_ROWS_MAX;
}

void html_more(const struct html *html, size_t count, size_t shown)
{
	if (count > shown)
		fprintf(html->out,
			"<p class=\"muted\">%zu more are not shown; the data has them.</p>\n",
			count - shown);
}

void html_cell_number(const struct html *html, enum html_format format, const char *pointer, ...)
{
	auto_free char *path = NULL;
	va_list args;

	va_start(args, pointer);
	path = mem_vprintf(pointer, args);
	va_end(args);
	fputs("<td class=\"num\">", html->out);
	html_number(html, format, "%s", path);
	fputs("</td>", html->out);
}

void html_cell_text(const struct html *html, const char *pointer, ...)
{
	auto_free char *path = NULL;
	va_list args;

	va_start(args, pointer);
	path = mem_vprintf(pointer, args);
	va_end(args);
	fputs("<td>", html->out);
	html_text(html, "%s", path);
	fputs("</td>", html->out);
}

size_t *html_metric_order(const struct html *html, size_t *ret_count)
{
	size_t all = html_size(html, "/report/comparison/metrics"), count = 0;
	size_t *order = mem_zalloc((all + 1) * sizeof(*order));

	for (int primary = 1; primary >= 0; primary--)
		for (size_t i = 0; i < all; i++)
			if (json_is_true(html_get(html, "/report/comparison/metrics/%zu/primary",
						  i)) == primary)
				order[count++] = i;
	*ret_count = count;
	return order;
}

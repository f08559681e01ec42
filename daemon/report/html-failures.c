// SPDX-License-Identifier: GPL-2.0-or-later
/* Failures: survival curves, signatures with what is known of them, and whether builds differ in
 * them. */
#include <string.h>

#include "base/mem.h"
#include "report/html-section.h"
#include "report/svg.h"

/* More curves are not drawn. */
#define CURVES_MAX 64

#define SIGNATURE "/report/signatures/%zu"
#define CURVE "/plots/survival/%zu"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The signatures have a section, if only to say that there are none. */
static bool has_failures(const struct html *html)
{
	return json_is_array(html_get(html, "/report/signatures"));
}

static bool is_same_curve(const struct html *html, size_t curve, size_t other)
{
	return json_equal(html_get(html, CURVE "/class", curve),
			  html_get(html, CURVE "/class", other)) &&
	       json_equal(html_get(html, CURVE "/signature", curve),
			  html_get(html, CURVE "/signature", other));
}

static bool is_first_curve(const struct html *html, size_t curve)
{
	for (size_t i = 0; i < curve; i++)
		if (is_same_curve(html, i, curve))
			return false;
	return true;
}

static void print_curve(const struct html *html, size_t curve, size_t count)
{
	const char *signature = html_string(html, CURVE "/signature", curve);

	fputs("<article class=\"card half\"><h3>", html->out);
	html_escape(html, signature ? signature : "\u2013");
	fputs("</h3><ul class=\"legend\">", html->out);
	for (size_t i = curve; i < count; i++) {
		if (!is_same_curve(html, curve, i))
			continue;
		fputs("<li>", html->out);
		html_build_name(html, html_string(html, CURVE "/build", i));
		fputs("</li>", html->out);
	}
	fputs("</ul>\n", html->out);
	html_figure_open(html, "survival", NULL);
	svg_survival(html, curve);
	html_figure_close(html);
	fputs("</article>\n", html->out);
}

static void print_curves(const struct html *html)
{
	size_t count = least(html_size(html, "/plots/survival"), CURVES_MAX);

	if (!count)
		return;
	fputs("<p>How many VMs came how far without the failure (Kaplan and Meier), with the 95 % "
	      "band "
	      "by Greenwood. VMs that ended otherwise count up to their end.</p>\n"
	      "<div class=\"row\">",
	      html->out);
	for (size_t i = 0; i < count; i++)
		if (is_first_curve(html, i))
			print_curve(html, i, count);
	fputs("</div>\n", html->out);
	html_more(html, html_size(html, "/plots/survival"), CURVES_MAX);
}

/* A path below the page's folder: nothing that a peer says leads elsewhere. */
static bool is_relative(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./";

	return path && *path && *path != '/' && !path[strspn(path, plain)] && !strstr(path, "..");
}

static void print_evidence(const struct html *html, size_t row)
{
	const char *incident = html_string(html, SIGNATURE "/incident", row);

	fputs("<td>", html->out);
	if (is_relative(incident))
		fprintf(html->out, "<a href=\"%s/\">%s</a>", incident, incident);
	else
		html_text(html, SIGNATURE "/incident", row);
	fputs("</td>", html->out);
}

static bool is_address(const char *reference)
{
	return reference &&
	       (!strncmp(reference, "https://", 8) || !strncmp(reference, "http://", 7));
}

static void print_reference(const struct html *html, size_t row)
{
	const char *reference = html_string(html, SIGNATURE "/ledger/reference", row);

	if (!reference)
		return;
	fputs("<br/>", html->out);
	if (is_address(reference)) {
		fputs("<a rel=\"noreferrer\" href=\"", html->out);
		html_escape(html, reference);
		fputs("\">", html->out);
	}
	html_escape(html, reference);
	if (is_address(reference))
		fputs("</a>", html->out);
}

static void print_ledger(const struct html *html, size_t row)
{
	fputs("<td>", html->out);
	html_verdict(html, html_string(html, SIGNATURE "/ledger/status", row));
	if (html_string(html, SIGNATURE "/ledger/title", row)) {
		fputs("<br/>", html->out);
		html_text(html, SIGNATURE "/ledger/title", row);
	}
	if (html_string(html, SIGNATURE "/ledger/fixed_in", row)) {
		fputs(", fixed in ", html->out);
		html_text(html, SIGNATURE "/ledger/fixed_in", row);
	}
	print_reference(html, row);
	fputs("</td>", html->out);
}

/* The median of loops, and its interval. */
static void print_median(const struct html *html, size_t row)
{
	fputs("<td class=\"num\">", html->out);
	html_number(html, HTML_PLAIN, SIGNATURE "/loops_to_failure/median", row);
	if (json_is_number(html_get(html, SIGNATURE "/loops_to_failure/lower", row))) {
		fputs(" <span class=\"muted\">(", html->out);
		html_number(html, HTML_PLAIN, SIGNATURE "/loops_to_failure/lower", row);
		fputs(" to ", html->out);
		html_number(html, HTML_PLAIN, SIGNATURE "/loops_to_failure/upper", row);
		fputs(")</span>", html->out);
	}
	fputs("</td>", html->out);
}

static void print_signature(const struct html *html, size_t row)
{
	fputs("<tr><td>", html->out);
	html_build_name(html, html_string(html, SIGNATURE "/build", row));
	fputs("</td>", html->out);
	html_cell_text(html, SIGNATURE "/class", row);
	fputs("<td class=\"long\">", html->out);
	html_text(html, SIGNATURE "/signature", row);
	fputs("</td>", html->out);
	html_cell_number(html, HTML_COUNT, SIGNATURE "/failures", row);
	html_cell_number(html, HTML_COUNT, SIGNATURE "/expected", row);
	html_cell_number(html, HTML_COUNT, SIGNATURE "/first_loops", row);
	print_median(html, row);
	print_ledger(html, row);
	print_evidence(html, row);
	fputs("</tr>\n", html->out);
}

static void print_signatures(const struct html *html)
{
	static const char *const columns[] = {
		"build",	"class",	 "signature",	">failures", ">expected",
		">first after", ">median after", "known issue", "evidence",  NULL
	};
	size_t count = html_size(html, "/report/signatures");

	if (!count) {
		fputs("<p>There were no failures.</p>\n", html->out);
		return;
	}
	html_table_open(
		html,
		"Failures by their signature. First and median after: in loops since a VM's cold "
		"boot, the median with its 95 % interval. Evidence: the folder of the last one.",
		columns);
	fputs("<tbody>", html->out);
	for (size_t i = 0; i < html_rows(count); i++)
		print_signature(html, i);
	fputs("</tbody>", html->out);
	html_table_close(html);
	html_more(html, count, HTML_ROWS_MAX);
}

/* Of the comparison, or of all builds. */
static const char *differences_of(const struct html *html)
{
	return json_is_array(html_get(html, "/report/comparison/failures"))
		       ? "/report/comparison/failures"
		       : "/report/differences";
}

static void print_share(const struct html *html, const char *pointer, const char *side)
{
	fputs("<td class=\"whole\">", html->out);
	html_build_name(html, html_string(html, "%s/%s", pointer, side));
	fputs(": ", html->out);
	html_number(html, HTML_COUNT, "%s/failures_%s", pointer, side);
	fputs(" of ", html->out);
	html_number(html, HTML_COUNT, "%s/loops_%s", pointer, side);
	fputs("</td>", html->out);
}

static void print_difference(const struct html *html, const char *pointer)
{
	bool real = json_is_true(html_get(html, "%s/real", pointer));

	fprintf(html->out, "<tr><td class=\"long\">");
	html_text(html, "%s/signature", pointer);
	fputs("</td>", html->out);
	print_share(html, pointer, "a");
	print_share(html, pointer, "b");
	html_cell_number(html, HTML_P, "%s/fisher_p", pointer);
	html_cell_number(html, HTML_P, "%s/logrank_p", pointer);
	html_cell_number(html, HTML_P, "%s/adjusted_p", pointer);
	fputs(real ? "<td><b>real</b></td></tr>\n" : "<td class=\"muted\">not proven</td></tr>\n",
	      html->out);
}

static void print_differences(const struct html *html)
{
	static const char *const columns[] = { "signature",   "failures of loops",
					       "against",     ">Fisher p",
					       ">log-rank p", ">adjusted p",
					       "difference",  NULL };
	const char *list = differences_of(html);
	size_t count = html_size(html, "%s", list);

	if (!count)
		return;
	html_table_open(html,
			"Whether builds differ in their failures: per loop by Fisher's exact test, "
			"in loops "
			"to failure by the log-rank test; p values are adjusted together (Holm).",
			columns);
	fputs("<tbody>", html->out);
	for (size_t i = 0; i < html_rows(count); i++) {
		auto_free char *pointer = mem_printf("%s/%zu", list, i);

		print_difference(html, pointer);
	}
	fputs("</tbody>", html->out);
	html_table_close(html);
	html_more(html, count, HTML_ROWS_MAX);
}

static void print_missing(const struct html *html)
{
	size_t count = html_size(html, "/report/did_not_happen");

	if (count)
		fputs("<p>Expected, and did not happen:</p><ul>", html->out);
	for (size_t i = 0; i < html_rows(count); i++) {
		fputs("<li>", html->out);
		html_build_name(html, html_string(html, "/report/did_not_happen/%zu/build", i));
		fputs(": ", html->out);
		html_text(html, "/report/did_not_happen/%zu/title", i);
		fputs("</li>", html->out);
	}
	if (count)
		fputs("</ul>\n", html->out);
}

static void print_failures(const struct html *html)
{
	print_curves(html);
	print_signatures(html);
	print_differences(html);
	print_missing(html);
}

const struct html_section html_failures = { "failures", "Failures", has_failures, print_failures };

// SPDX-License-Identifier: GPL-2.0-or-later
/* What the campaign did on its builds, the phases of its migrations, and what it was run on. */
#include <string.h>

#include "base/mem.h"
#include "report/html-section.h"
#include "report/svg.h"

static size_t rows_of(const struct html *html, const char *pointer)
{
	return html_rows(html_size(html, "%s", pointer));
}

static bool has_operations(const struct html *html)
{
	return html_size(html, "/report/operations") || html_size(html, "/report/builds");
}

static void print_builds(const struct html *html)
{
	static const char *const columns[] = { "build",	 "version",	  "verdict",   ">VMs",
					       ">loops", ">loops wanted", ">failures", NULL };

	if (!rows_of(html, "/report/builds"))
		return;
	html_table_open(html, "Builds, each with what it did and whether a VM of it has failed.",
			columns);
	fputs("<tbody>", html->out);
	for (size_t i = 0; i < rows_of(html, "/report/builds"); i++) {
		fputs("<tr><td>", html->out);
		html_build_name(html, html_string(html, "/report/builds/%zu/build", i));
		fputs("</td>", html->out);
		html_cell_text(html, "/report/builds/%zu/version", i);
		fputs("<td>", html->out);
		html_verdict(html, html_string(html, "/report/builds/%zu/verdict", i));
		fputs("</td>", html->out);
		html_cell_number(html, HTML_COUNT, "/report/builds/%zu/vms", i);
		html_cell_number(html, HTML_COUNT, "/report/builds/%zu/loops", i);
		html_cell_number(html, HTML_COUNT, "/report/builds/%zu/wanted_loops", i);
		html_cell_number(html, HTML_COUNT, "/report/builds/%zu/failures", i);
		fputs("</tr>\n", html->out);
	}
	fputs("</tbody>", html->out);
	html_table_close(html);
	html_more(html, html_size(html, "/report/builds"), HTML_ROWS_MAX);
}

static void print_rate(const struct html *html, size_t i)
{
	double failed;

	fputs("<td class=\"num\">", html->out);
	if (html_value(html, &failed, "/report/operations/%zu/failed", i) && failed > 0) {
		html_number(html, HTML_PERCENT, "/report/operations/%zu/rate_lower", i);
		fputs(" to ", html->out);
	} else {
		fputs("&lt; ", html->out);
	}
	html_number(html, HTML_PERCENT, "/report/operations/%zu/rate_upper", i);
	fputs("</td>", html->out);
}

static void print_timings(const struct html *html)
{
	static const char *const columns[] = { "build", "operation", ">count", ">failed", ">rate",
					       ">p50",	">p95",	     ">p99",   ">max",	  NULL };
	static const char *const keys[] = { "p50_ns", "p95_ns", "p99_ns", "max_ns" };

	if (!rows_of(html, "/report/operations"))
		return;
	html_table_open(html,
			"Operations. Rate: the 95 % interval of the share that fails (Clopper and "
			"Pearson). Percentiles are of those that ended well.",
			columns);
	fputs("<tbody>", html->out);
	for (size_t i = 0; i < rows_of(html, "/report/operations"); i++) {
		fputs("<tr><td>", html->out);
		html_build_name(html, html_string(html, "/report/operations/%zu/build", i));
		fputs("</td>", html->out);
		html_cell_text(html, "/report/operations/%zu/kind", i);
		html_cell_number(html, HTML_COUNT, "/report/operations/%zu/count", i);
		html_cell_number(html, HTML_COUNT, "/report/operations/%zu/failed", i);
		print_rate(html, i);
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			html_cell_number(html, HTML_DURATION, "/report/operations/%zu/%s", i,
					 keys[k]);
		fputs("</tr>\n", html->out);
	}
	fputs("</tbody>", html->out);
	html_table_close(html);
	html_more(html, html_size(html, "/report/operations"), HTML_ROWS_MAX);
}

static void print_left_out(const struct html *html)
{
	if (!rows_of(html, "/report/left_out"))
		return;
	fputs("<p>Left out:</p><ul>", html->out);
	for (size_t i = 0; i < rows_of(html, "/report/left_out"); i++) {
		fputs("<li>", html->out);
		html_text(html, "/report/left_out/%zu/kind", i);
		fputs(": ", html->out);
		html_text(html, "/report/left_out/%zu/reason", i);
		fputs("</li>", html->out);
	}
	fputs("</ul>\n", html->out);
}

static void print_unseen(const struct html *html)
{
	if (!rows_of(html, "/report/unseen_guests"))
		return;
	fputs("<p>Guests that were not seen (no blackout is known, nothing of them "
	      "compared):</p><ul>",
	      html->out);
	for (size_t i = 0; i < rows_of(html, "/report/unseen_guests"); i++) {
		fputs("<li>", html->out);
		html_text(html, "/report/unseen_guests/%zu/uri", i);
		fputs("</li>", html->out);
	}
	fputs("</ul>\n", html->out);
}

static void print_gaps(const struct html *html)
{
	if (!rows_of(html, "/report/gaps"))
		return;
	fputs("<p>Gaps, in which it did nothing:</p><ul>", html->out);
	for (size_t i = 0; i < rows_of(html, "/report/gaps"); i++) {
		double began, ended;

		fputs("<li>", html->out);
		html_number(html, HTML_TIME, "/report/gaps/%zu/began_unix_ns", i);
		if (html_value(html, &began, "/report/gaps/%zu/began_unix_ns", i) &&
		    html_value(html, &ended, "/report/gaps/%zu/ended_unix_ns", i)) {
			auto_free char *took = html_format(HTML_LONG_DURATION, ended - began);

			html_printf(html, ", %s", took);
		}
		fputs(": ", html->out);
		html_text(html, "/report/gaps/%zu/reason", i);
		fputs("</li>", html->out);
	}
	fputs("</ul>\n", html->out);
	html_more(html, html_size(html, "/report/gaps"), HTML_ROWS_MAX);
}

static void print_operations(const struct html *html)
{
	print_gaps(html);
	print_builds(html);
	print_timings(html);
	print_left_out(html);
	print_unseen(html);
}

static bool has_migrations(const struct html *html)
{
	return html_size(html, "/plots/migrations") > 0;
}

static void print_migrations(const struct html *html)
{
	static const char *const columns[] = { "build",	      ">migrations",	">setup",  ">copy",
					       ">switchover", ">to first tick", ">passes", NULL };
	static const char *const keys[] = { "setup_ns", "copy_ns", "switchover_ns",
					    "first_tick_ns" };

	html_figure_open(html, "phases", NULL);
	svg_phases(html);
	html_figure_close(html);
	fputs("<ul class=\"legend\"><li><i class=\"swatch setup\"></i> setup</li>"
	      "<li><i class=\"swatch copy\"></i> copy of memory</li>"
	      "<li><i class=\"swatch switchover\"></i> switchover</li>"
	      "<li><i class=\"swatch first-tick\"></i> to the first guest tick</li></ul>\n",
	      html->out);
	html_table_open(html, "Medians of the phases. Passes: over the guest's memory.", columns);
	fputs("<tbody>", html->out);
	for (size_t i = 0; i < rows_of(html, "/plots/migrations"); i++) {
		fputs("<tr><td>", html->out);
		html_build_name(html, html_string(html, "/plots/migrations/%zu/build", i));
		fputs("</td>", html->out);
		html_cell_number(html, HTML_COUNT, "/plots/migrations/%zu/count", i);
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			html_cell_number(html, HTML_DURATION, "/plots/migrations/%zu/%s", i,
					 keys[k]);
		html_cell_number(html, HTML_PLAIN, "/plots/migrations/%zu/passes", i);
		fputs("</tr>\n", html->out);
	}
	fputs("</tbody>", html->out);
	html_table_close(html);
	html_more(html, html_size(html, "/plots/migrations"), HTML_ROWS_MAX);
}

static bool has_history(const struct html *html)
{
	return html_size(html, "/plots/history") > 0;
}

static void print_history_change(const struct html *html, size_t history, size_t change,
				 enum html_format format)
{
	auto_free char *pointer = mem_printf("/plots/history/%zu/changes/%zu", history, change);
	double at;

	if (!html_value(html, &at, "%s/at", pointer) || !(at >= 0 && at < 1e9))
		return;
	fputs("<li>change before campaign ", html->out);
	html_number(html, HTML_COUNT, "/plots/history/%zu/points/%zu/campaign", history,
		    (size_t)at);
	fputs(": ", html->out);
	html_number(html, format, "%s/before", pointer);
	fputs(" to ", html->out);
	html_number(html, format, "%s/after", pointer);
	fputs(", p ", html->out);
	html_number(html, HTML_P, "%s/p", pointer);
	fputs("</li>", html->out);
}

static void print_one_history(const struct html *html, size_t history)
{
	enum html_format format =
		html_format_of(html_string(html, "/plots/history/%zu/unit", history));
	auto_free char *changes = mem_printf("/plots/history/%zu/changes", history);

	fputs("<article class=\"card half\"><h3>", html->out);
	html_text(html, "/plots/history/%zu/title", history);
	fputs(" <code>", html->out);
	html_text(html, "/plots/history/%zu/metric", history);
	fputs("</code></h3>\n", html->out);
	html_figure_open(html, "history", NULL);
	svg_history(html, history);
	html_figure_close(html);
	fputs("<ul class=\"legend\">", html->out);
	for (size_t i = 0; i < rows_of(html, changes); i++)
		print_history_change(html, history, i, format);
	if (!rows_of(html, changes))
		fputs("<li>no change</li>", html->out);
	fputs("</ul></article>\n", html->out);
}

static void print_history(const struct html *html)
{
	fputs("<p>Each campaign's p50 (large, joined) and p95 (small) in the order of time, by the "
	      "colour of its build. Dashed: where the level changed for good (E-Divisive).</p>\n"
	      "<div class=\"row\">",
	      html->out);
	for (size_t i = 0; i < rows_of(html, "/plots/history"); i++)
		print_one_history(html, i);
	fputs("</div>\n", html->out);
}

const struct html_section html_operations = { "operations", "Builds and operations", has_operations,
					      print_operations };
const struct html_section html_migrations = { "migrations", "Phases of a migration", has_migrations,
					      print_migrations };
const struct html_section html_history = { "history", "History", has_history, print_history };

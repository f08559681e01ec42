// SPDX-License-Identifier: GPL-2.0-or-later
/* The head of the HTML page: the campaign, its verdict, and what that rests on. */
#include <string.h>

#include "base/mem.h"
#include "report/html-section.h"

#define COMPARISON "/report/comparison"
#define CAMPAIGN "/report/campaign"

static void print_fact_open(const struct html *html, const char *name)
{
	fprintf(html->out, "<div><dt>%s</dt><dd>", name);
}

static void print_fact_close(const struct html *html)
{
	fputs("</dd></div>\n", html->out);
}

/* "A: NAME VERSION" */
static void print_build(const struct html *html, const char *letter, const char *key)
{
	const char *name = html_string(html, COMPARISON "/%s/build", key);

	print_fact_open(html, letter);
	html_build_name(html, name);
	if (html_string(html, COMPARISON "/%s/version", key)) {
		fputs(" <span class=\"muted\">", html->out);
		html_text(html, COMPARISON "/%s/version", key);
		fputs("</span>", html->out);
	}
	print_fact_close(html);
}

static void print_looks(const struct html *html)
{
	size_t count = html_size(html, COMPARISON "/blocks/looks");

	if (count < 2)
		return;
	print_fact_open(html, "look");
	html_number(html, HTML_COUNT, COMPARISON "/blocks/look");
	fputs(" of those at ", html->out);
	for (size_t i = 0; i < count && i < 20; i++) {
		fputs(i ? ", " : "", html->out);
		html_number(html, HTML_COUNT, COMPARISON "/blocks/looks/%zu", i);
	}
	fputs(" blocks", html->out);
	print_fact_close(html);
}

static void print_compared(const struct html *html)
{
	fputs("<dl class=\"facts\">\n", html->out);
	print_build(html, "A", "a");
	print_build(html, "B", "b");
	print_fact_open(html, "blocks");
	html_number(html, HTML_COUNT, COMPARISON "/blocks/used");
	fputs(" of ", html->out);
	html_number(html, HTML_COUNT, COMPARISON "/blocks/planned");
	print_fact_close(html);
	print_looks(html);
	print_fact_open(html, "confidence");
	html_number(html, HTML_SHARE, COMPARISON "/confidence");
	fputs(", alpha ", html->out);
	html_number(html, HTML_P, COMPARISON "/alpha");
	print_fact_close(html);
	print_fact_open(html, "failures");
	html_number(html, HTML_COUNT, CAMPAIGN "/failures");
	fputs(" in ", html->out);
	html_number(html, HTML_COUNT, CAMPAIGN "/loops");
	fputs(" loops", html->out);
	print_fact_close(html);
	fputs("</dl>\n", html->out);
}

static double number(const struct html *html, const char *pointer)
{
	double value;

	return html_value(html, &value, "%s", pointer) ? value : 0;
}

/* As the exit status of the campaign has it. */
static const char *campaign_verdict(const struct html *html)
{
	double failures = number(html, CAMPAIGN "/failures");

	if (!html_size(html, "/report/builds") && !html_get(html, CAMPAIGN "/loops"))
		return NULL;
	if (failures > number(html, CAMPAIGN "/expected"))
		return "failed";
	if (!html_string(html, CAMPAIGN "/end"))
		return "running";
	for (size_t i = 0; i < html_size(html, "/report/builds"); i++) {
		const char *verdict = html_string(html, "/report/builds/%zu/verdict", i);

		if (verdict && !strcmp(verdict, "inconclusive"))
			return verdict;
	}
	return number(html, CAMPAIGN "/loops") > 0 ? "clean" : "inconclusive";
}

static void print_campaign_verdict(const struct html *html)
{
	const char *verdict = campaign_verdict(html);

	fprintf(html->out, "<div class=\"banner %s\">", html_verdict_class(verdict));
	html_verdict(html, verdict);
	fputs("<p class=\"sentence\">", html->out);
	if (number(html, CAMPAIGN "/failures") > 0) {
		html_number(html, HTML_COUNT, CAMPAIGN "/failures");
		fputs(number(html, CAMPAIGN "/failures") == 1 ? " failure" : " failures",
		      html->out);
		if (number(html, CAMPAIGN "/expected") > 0) {
			fputs(" (", html->out);
			html_number(html, HTML_COUNT, CAMPAIGN "/expected");
			fputs(" expected)", html->out);
		}
	} else {
		fputs("No failures", html->out);
	}
	fputs(" in ", html->out);
	html_number(html, HTML_COUNT, CAMPAIGN "/loops");
	fputs(" loops, ", html->out);
	html_number(html, HTML_COUNT, CAMPAIGN "/operations");
	fputs(" operations</p></div>\n", html->out);
}

static void print_comparison_verdict(const struct html *html)
{
	const char *verdict = html_string(html, COMPARISON "/verdict");

	fprintf(html->out, "<div class=\"banner %s\">", html_verdict_class(verdict));
	html_verdict(html, verdict);
	fputs("<p class=\"sentence\">", html->out);
	html_text(html, COMPARISON "/sentence");
	if (json_is_true(html_get(html, COMPARISON "/environment/forced")))
		fputs(" <a class=\"forced\" href=\"#environment\">environments differ: "
		      "forced</a>",
		      html->out);
	fputs("</p></div>\n", html->out);
}

static void print_word(const struct html *html, const char *before, const char *key)
{
	if (!html_string(html, CAMPAIGN "/%s", key))
		return;
	fputs(before, html->out);
	html_text(html, CAMPAIGN "/%s", key);
}

static void print_run(const struct html *html)
{
	double began, ended, gaps = 0;

	fputs("<p class=\"run\">began ", html->out);
	html_number(html, HTML_TIME, CAMPAIGN "/began_unix_ns");
	if (html_value(html, &began, CAMPAIGN "/began_unix_ns") &&
	    html_value(html, &ended, CAMPAIGN "/ended_unix_ns")) {
		html_value(html, &gaps, CAMPAIGN "/gap_ns");
		auto_free char *took = html_format(HTML_LONG_DURATION, ended - began - gaps);

		html_printf(html, ", took %s", took);
	} else {
		fputs(", still running", html->out);
	}
	print_word(html, ", ended: ", "end");
	print_word(html, " \u00b7 ", "machine");
	print_word(html, ", ", "accel");
	fputs(" \u00b7 ", html->out);
	html_number(html, HTML_COUNT, CAMPAIGN "/vms");
	fputs(" VMs", html->out);
	print_word(html, " \u00b7 seed ", "seed");
	fputs("</p>\n", html->out);
}

void html_verdict_print(const struct html *html)
{
	bool compared = json_is_object(html_get(html, COMPARISON));
	const char *name = html_string(html, CAMPAIGN "/name");

	fputs("<header>\n<p class=\"kind\">", html->out);
	fputs(compared ? "qsoak comparison" : "qsoak campaign", html->out);
	fputs("</p>\n<h1>", html->out);
	html_escape(html, name ? name : "campaign");
	fputs(" <span class=\"muted\">campaign ", html->out);
	html_number(html, HTML_COUNT, CAMPAIGN "/id");
	fputs("</span></h1>\n", html->out);
	print_run(html);
	if (compared) {
		print_comparison_verdict(html);
		print_compared(html);
	} else {
		print_campaign_verdict(html);
	}
	fputs("</header>\n", html->out);
}

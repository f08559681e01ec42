// SPDX-License-Identifier: GPL-2.0-or-later
/* What a reader has to know to believe the page: environment, selfcheck and method. */
#include <string.h>

#include "base/mem.h"
#include "report/html-section.h"

#define ENVIRONMENT "/report/comparison/environment"

static bool is_compared(const struct html *html)
{
	return json_is_object(html_get(html, "/report/comparison"));
}

static bool has_environment(const struct html *html)
{
	return json_is_object(html_get(html, ENVIRONMENT));
}

static void print_differences(const struct html *html)
{
	static const char *const columns[] = { "what", "A", "B", NULL };
	size_t count = html_size(html, ENVIRONMENT "/differences");

	if (!count) {
		fputs("<p>A and B ran in the same environment.</p>\n", html->out);
		return;
	}
	html_table_open(html, "What is not the same for A and B.", columns);
	fputs("<tbody>", html->out);
	for (size_t i = 0; i < html_rows(count); i++) {
		fputs("<tr>", html->out);
		html_cell_text(html, ENVIRONMENT "/differences/%zu/key", i);
		html_cell_text(html, ENVIRONMENT "/differences/%zu/a", i);
		html_cell_text(html, ENVIRONMENT "/differences/%zu/b", i);
		fputs("</tr>\n", html->out);
	}
	fputs("</tbody>", html->out);
	html_table_close(html);
	html_more(html, count, HTML_ROWS_MAX);
}

/* As a token of a JSON pointer; the caller frees. */
static char *escape_token(const char *key)
{
	char *token = mem_zalloc(2 * strlen(key) + 1), *to = token;

	for (; *key; key++) {
		if (*key == '~')
			to = stpcpy(to, "~0");
		else if (*key == '/')
			to = stpcpy(to, "~1");
		else
			*to++ = *key;
	}
	return token;
}

static void print_host(const struct html *html)
{
	json_t *host = html_get(html, ENVIRONMENT "/host"), *value;
	const char *key;

	if (!json_object_size(host))
		return;
	fputs("<dl class=\"facts\">", html->out);
	json_object_foreach(host, key, value) {
		auto_free char *token = escape_token(key);

		fputs("<div><dt>", html->out);
		html_escape(html, key);
		fputs("</dt><dd>", html->out);
		if (json_is_boolean(value))
			fputs(json_is_true(value) ? "yes" : "no", html->out);
		else if (json_is_number(value))
			html_number(html, HTML_PLAIN, ENVIRONMENT "/host/%s", token);
		else
			html_text(html, ENVIRONMENT "/host/%s", token);
		fputs("</dd></div>\n", html->out);
	}
	fputs("</dl>\n", html->out);
}

static void print_environment(const struct html *html)
{
	if (json_is_true(html_get(html, ENVIRONMENT "/forced")))
		fputs("<p class=\"warning\"><b>Forced.</b> The environments differ, and were "
		      "compared "
		      "nevertheless: what differs may be the cause, and not the builds.</p>\n",
		      html->out);
	print_differences(html);
	print_host(html);
}

/* The report has it; a comparison by itself, too. */
static const char *selfcheck_of(const struct html *html)
{
	return json_is_object(html_get(html, "/report/selfcheck")) ? "/report/selfcheck"
								   : "/report/comparison/selfcheck";
}

static bool has_selfcheck(const struct html *html)
{
	return is_compared(html) || json_is_object(html_get(html, "/report/selfcheck"));
}

static void print_selfcheck(const struct html *html)
{
	const char *at = selfcheck_of(html);

	if (!json_is_object(html_get(html, "%s", at))) {
		fputs("<p>There is none of this host. <code>qsoak selfcheck</code> compares a "
		      "build with "
		      "itself: it shows how often this host raises an alarm about nothing, and "
		      "what it can "
		      "find.</p>\n",
		      html->out);
		return;
	}
	fputs("<p>", html->out);
	html_text(html, "%s/sentence", at);
	fputs("</p>\n<dl class=\"facts\"><div><dt>began</dt><dd>", html->out);
	html_number(html, HTML_TIME, "%s/began_unix_ns", at);
	fputs("</dd></div><div><dt>campaign</dt><dd>", html->out);
	html_number(html, HTML_COUNT, "%s/campaign", at);
	fputs("</dd></div><div><dt>blocks</dt><dd>", html->out);
	html_number(html, HTML_COUNT, "%s/blocks", at);
	fputs("</dd></div><div><dt>alarms</dt><dd>", html->out);
	html_number(html, HTML_COUNT, "%s/alarms", at);
	fputs(" of ", html->out);
	html_number(html, HTML_COUNT, "%s/metrics", at);
	fputs(" metrics</dd></div><div><dt>detectable</dt><dd>", html->out);
	html_number(html, HTML_PERCENT, "%s/detectable", at);
	fputs("</dd></div></dl>\n", html->out);
}

static const struct {
	const char *word, *text;
} words[] = {
	{ "Block", "One fresh VM of A and one of B, one after the other in the same place, in an "
		   "order that is drawn by "
		   "chance. The first loops of each VM warm it up and do not count. A block's "
		   "value of a metric is the "
		   "median of the VM's samples, and its difference is the ratio of both. What "
		   "counts is the number of "
		   "blocks: more loops in the same VM are not more evidence." },
	{ "Interleaved", "A host drifts: it gets warm, and others work on it. If A ran first and "
			 "then B, the drift would look "
			 "like a difference of the builds. Within a block both meet nearly the "
			 "same host, so it cancels out." },
	{ "Ratio and interval", "The estimate by Hodges and Lehmann: the median of the blocks' "
				"ratios and of the geometric means "
				"of all pairs of them. Single wild blocks hardly move it. The "
				"interval covers the true ratio with "
				"the stated confidence. Intervals of p95 and p99 come from drawing "
				"whole blocks again and again "
				"(bootstrap)." },
	{ "p value", "How likely blocks at least as one-sided as these, in either direction, would "
		     "be if the builds "
		     "did not differ: the signed-rank test by Wilcoxon. With several primary "
		     "metrics one is likely "
		     "to stand out by chance, so their p values are adjusted together (Holm). "
		     "Metrics that are not "
		     "primary decide nothing." },
	{ "Margin and \u201csame\u201d",
	  "A difference smaller than the margin does not matter to anybody. A metric is the same "
	  "only if its whole "
	  "interval lies inside the margin; it never is for lack of evidence that it differs." },
	{ "Slower, faster",
	  "The interval is not inside the margin, and the adjusted p value is below alpha." },
	{ "Unclear", "Neither: the blocks do not decide. The table says how many more would, if "
		     "they look like these. It is "
		     "no good news, and no bad one." },
	{ "Looks", "Whoever looks again and again stops at a chance sooner or later. So the "
		   "numbers of blocks at which the "
		   "result is looked at are fixed before, and each look spends a part of alpha." },
};

static void print_method(const struct html *html)
{
	fputs("<dl class=\"method\">\n", html->out);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		fputs("<div><dt>", html->out);
		html_escape(html, words[i].word);
		fputs("</dt><dd>", html->out);
		html_escape(html, words[i].text);
		fputs("</dd></div>\n", html->out);
	}
	fputs("</dl>\n", html->out);
}

const struct html_section html_environment = { "environment", "Environment", has_environment,
					       print_environment };
const struct html_section html_selfcheck = { "selfcheck", "Selfcheck", has_selfcheck,
					     print_selfcheck };
const struct html_section html_method = { "method", "Method, in plain words", is_compared,
					  print_method };

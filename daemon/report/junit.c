// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Test cases as XML of JUnit.
 *
 * Only suites have a time, that of the campaign: its builds ran side by side, and a signature
 * took none.
 */
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/xml.h"
#include "report/cases.h"
#include "report/text.h"

/* U+FFFE and U+FFFF are no characters to XML; all that is no text at all text_printable() has
 * escaped. */
static bool is_forbidden(const char *text)
{
	return !strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3);
}

static void print_escaped(const char *text, FILE *out)
{
	auto_free char *printable = text_printable(text);

	for (const char *c = printable; *c; c++) {
		if (is_forbidden(c)) {
			fprintf(out, "\\xef\\xbf\\x%02x", (unsigned char)c[2]);
			c += 2;
			continue;
		}
		xml_print(*c, out);
	}
}

static void print_attribute(const char *name, const char *text, FILE *out)
{
	fprintf(out, " %s=\"", name);
	print_escaped(text, out);
	fputc('"', out);
}

static void print_lines(const char *text, FILE *out)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		auto_free char *line = mem_strndup(text, length);

		print_escaped(line, out);
		fputc('\n', out);
		text += length + (text[length] == '\n');
	}
}

static void print_case(const struct test_case *one, FILE *out)
{
	const char *element = one->status == CASE_FAILED ? "failure" : "skipped";

	fputs("    <testcase", out);
	print_attribute("classname", one->suite, out);
	print_attribute("name", one->name, out);
	if (one->status == CASE_PASSED) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, ">\n      <%s", element);
	print_attribute("type", one->type, out);
	print_attribute("message", one->message, out);
	fputc('>', out);
	print_lines(one->detail ? one->detail : "", out);
	fprintf(out, "</%s>\n    </testcase>\n", element);
}

struct totals {
	size_t count[CASE_STATUS_COUNT], all;
};

static struct totals count_cases(const struct test_case *cases, size_t count)
{
	struct totals totals = { .all = count };

	for (size_t i = 0; i < count; i++)
		totals.count[cases[i].status]++;
	return totals;
}

static void print_totals(const struct totals *totals, const struct cases *cases, FILE *out)
{
	long long ms = (long long)(cases->duration_ns / CLOCK_NS_PER_MS);

	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\"", totals->all,
		totals->count[CASE_FAILED]);
	if (cases->duration_ns)
		fprintf(out, " time=\"%lld.%03lld\"", ms / 1000, ms % 1000);
}

/* The suite that begins at first; returns how many cases it has. */
static size_t print_suite(const struct cases *cases, size_t first, FILE *out)
{
	const struct test_case *one = &cases->cases[first];
	auto_free char *began = text_time(cases->began_unix_ns);
	struct totals totals;
	size_t count = 1;

	while (first + count < cases->count && !strcmp(one[count].suite, one->suite))
		count++;
	totals = count_cases(one, count);
	fputs("  <testsuite", out);
	print_attribute("name", one->suite, out);
	print_totals(&totals, cases, out);
	fprintf(out, " skipped=\"%zu\"", totals.count[CASE_SKIPPED]);
	/* Its readers want no zone behind it. */
	if (cases->began_unix_ns) {
		began[strcspn(began, "Z")] = '\0';
		print_attribute("timestamp", began, out);
	}
	fputs(">\n", out);
	for (size_t i = 0; i < count; i++)
		print_case(&one[i], out);
	fputs("  </testsuite>\n", out);
	return count;
}

void junit_print(const struct cases *cases, FILE *out)
{
	struct totals totals = count_cases(cases->cases, cases->count);

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	print_attribute("name", cases->campaign, out);
	print_totals(&totals, cases, out);
	fputs(">\n", out);
	for (size_t first = 0; first < cases->count;)
		first += print_suite(cases, first, out);
	fputs("</testsuites>\n", out);
}

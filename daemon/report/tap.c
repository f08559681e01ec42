// SPDX-License-Identifier: GPL-2.0-or-later
/* Test cases in the Test Anything Protocol. */
#include <string.h>

#include "base/mem.h"
#include "report/cases.h"
#include "report/text.h"

/* In a description a '#' would begin a directive. */
static void print_description(const char *text, FILE *out)
{
	auto_free char *printable = text_printable(text);

	for (const char *c = printable; *c; c++) {
		if (*c == '#')
			fputc('\\', out);
		fputc(*c, out);
	}
}

/* A scalar of JSON is one of YAML. */
static void print_member(const char *key, const char *text, FILE *out)
{
	auto_free char *printable = text_printable(text);
	auto_json json_t *value = json_string(printable);
	auto_free char *quoted = json_dumps(value, JSON_ENCODE_ANY);

	fprintf(out, "  %s: %s\n", key, quoted ? quoted : "null");
}

static void print_lines(const char *key, const char *text, FILE *out)
{
	fprintf(out, "  %s: |\n", key);
	while (*text) {
		size_t length = strcspn(text, "\n");
		auto_free char *line = mem_strndup(text, length);
		auto_free char *printable = text_printable(line);

		fprintf(out, "    %s\n", printable);
		text += length + (text[length] == '\n');
	}
}

static void print_case(const struct test_case *one, size_t number, FILE *out)
{
	fprintf(out, "%s %zu - ", one->status == CASE_FAILED ? "not ok" : "ok", number);
	print_description(one->suite, out);
	fputs(": ", out);
	print_description(one->name, out);
	if (one->status == CASE_SKIPPED) {
		fputs(" # SKIP ", out);
		print_description(one->message, out);
	}
	fputc('\n', out);
	if (one->status != CASE_FAILED)
		return;
	fputs("  ---\n", out);
	print_member("message", one->message, out);
	print_member("severity", "fail", out);
	print_member("type", one->type, out);
	if (one->detail)
		print_lines("detail", one->detail, out);
	fputs("  ...\n", out);
}

void tap_print(const struct cases *cases, FILE *out)
{
	fputs("TAP version 13\n", out);
	if (!cases->count)
		fputs("1..0 # SKIP no build ran\n", out);
	else
		fprintf(out, "1..%zu\n", cases->count);
	for (size_t i = 0; i < cases->count; i++)
		print_case(&cases->cases[i], i + 1, out);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports of sanitizers. Their formats, each followed by frames:
 *
 *	==PID==ERROR: AddressSanitizer: heap-use-after-free on address 0x... at pc ...
 *	==PID==ERROR: LeakSanitizer: detected memory leaks
 *	==PID==WARNING: MemorySanitizer: use-of-uninitialized-value
 *	WARNING: ThreadSanitizer: data race (pid=PID)
 *	FILE:LINE:COLUMN: runtime error: signed integer overflow: 1 + 2147483647 cannot be ...
 *	    #0 0x55d0 in function FILE:LINE:COLUMN
 *	    #1 0x55d1 in function (MODULE+0x55d1) (BuildId: ...)
 *	    #0 function FILE:LINE (MODULE+0x55d1)		by TSan
 *
 * clang's and gcc's compiler-rt, sanitizer_report_decorator and stack_trace_printer.
 */
#include "watch/sanitizer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Part of a line. */
struct words {
	const char *text;
	size_t size;
};

struct report {
	const char *tool;
	struct words kind, file; /* file: of UBSan, which says where without a frame */
	const char *frames;	 /* the line after */
};

static const char *find(struct words in, const char *what)
{
	return memmem(in.text, in.size, what, strlen(what));
}

/* What comes before the first of the given ends, or all. */
static struct words up_to(struct words words, const char *const *ends)
{
	for (; *ends; ends++) {
		const char *end = find(words, *ends);

		if (end)
			words.size = (size_t)(end - words.text);
	}
	return words;
}

static struct words after(struct words words, const char *at)
{
	return (struct words){ at, (size_t)(words.text + words.size - at) };
}

/* "TOOL: KIND ..." */
static bool tool_report(struct words line, struct report *report)
{
	static const char *const tools[] = { "AddressSanitizer", "HWAddressSanitizer",
					     "LeakSanitizer", "MemorySanitizer",
					     "ThreadSanitizer" };
	static const char *const levels[] = { "ERROR: ", "WARNING: " };
	static const char *const ends[] = { " on address", " on unknown", " on 0x", " (",
					    ": ",	   " 0x",	  NULL };

	for (size_t t = 0; t < sizeof(tools) / sizeof(tools[0]); t++) {
		for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
			char start[64];
			const char *at;

			snprintf(start, sizeof(start), "%s%s: ", levels[l], tools[t]);
			at = find(line, start);
			if (!at)
				continue;
			report->tool = tools[t];
			report->kind = up_to(after(line, at + strlen(start)), ends);
			return true;
		}
	}
	return false;
}

/* "FILE:LINE:COLUMN: runtime error: KIND" */
static bool undefined_report(struct words line, struct report *report)
{
	static const char error[] = ": runtime error: ";
	/* What comes behind varies: values and addresses. */
	static const char *const ends[] = { ": ", " 0x", ",", NULL };
	static const char *const line_number[] = { ":", NULL };
	const char *at = find(line, error), *slash;

	if (!at)
		return false;
	report->tool = "UndefinedBehaviorSanitizer";
	report->kind = up_to(after(line, at + strlen(error)), ends);
	report->file = (struct words){ line.text, (size_t)(at - line.text) };
	slash = memrchr(report->file.text, '/', report->file.size);
	if (slash)
		report->file = after(report->file, slash + 1);
	report->file = up_to(report->file, line_number);
	return true;
}

static bool starts(struct words words, const char *prefix)
{
	return words.size >= strlen(prefix) && !memcmp(words.text, prefix, strlen(prefix));
}

/* Functions that stand between the fault and who is at fault, and places that are not QEMU's. */
static bool is_foreign(struct words function, struct words place)
{
	static const char *const functions[] = {
		"__interceptor_", "__asan", "__tsan", "__msan", "__ubsan", "__lsan", "__sanitizer",
		"operator ",	  "g_",	    "<null>", "_start", "__libc_", "clone",  "start_thread"
	};
	static const char *const places[] = { "libsanitizer", "compiler-rt", "sanitizer_common",
					      "/sysdeps/",    "/nptl/",	     "../csu/",
					      "libglib-2.0",  "libc.so",     "libc-2.",
					      "libpthread",   "libasan.so",  "libtsan.so",
					      "libubsan.so",  "<null>" };

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (starts(function, functions[i]))
			return true;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (find(place, places[i]))
			return true;
	return false;
}

/* "    #N [0xADDRESS in ]FUNCTION PLACE". A function of C++ may hold blanks within its arguments. */
static bool frame_of(struct words line, struct words *ret_function, struct words *ret_place)
{
	size_t depth = 0, i = 0;
	struct words rest;
	const char *in;

	while (i < line.size && isblank((unsigned char)line.text[i]))
		i++;
	if (i + 1 >= line.size || line.text[i] != '#' || !isdigit((unsigned char)line.text[i + 1]))
		return false;
	for (i++; i < line.size && isdigit((unsigned char)line.text[i]);)
		i++;
	while (i < line.size && isblank((unsigned char)line.text[i]))
		i++;
	rest = after(line, line.text + i);
	if (starts(rest, "0x")) {
		in = find(rest, " in ");
		if (!in)
			return false;
		rest = after(rest, in + 4);
	}
	for (i = 0; i < rest.size && (depth || !isblank((unsigned char)rest.text[i])); i++)
		depth += rest.text[i] == '(' ? 1u : rest.text[i] == ')' && depth ? -1u : 0u;
	*ret_function = (struct words){ rest.text, i };
	*ret_place = after(rest, rest.text + i);
	return i > 0;
}

static struct words line_at(const char *text)
{
	return (struct words){ text, strcspn(text, "\n") };
}

static const char *next_line(struct words line)
{
	return line.text + line.size + (line.text[line.size] == '\n');
}

/* The first frame in QEMU's own code; size 0 if there is none before the report ends. A stack all of
 * foreign frames is followed by others: who freed it, who wrote before. */
static struct words own_frame(const char *text)
{
	struct words none = { text, 0 };

	while (*text) {
		struct words line = line_at(text), function, place;
		struct report next = { 0 };

		if (frame_of(line, &function, &place) && !is_foreign(function, place))
			return function;
		if (find(line, "SUMMARY: ") || tool_report(line, &next) ||
		    undefined_report(line, &next))
			break;
		text = next_line(line);
	}
	return none;
}

bool sanitizer_find(const char *output, char *detail, size_t size)
{
	for (const char *text = output; *text;) {
		struct words line = line_at(text), where;
		struct report report = { 0 };

		text = next_line(line);
		if (!tool_report(line, &report) && !undefined_report(line, &report))
			continue;
		where = own_frame(text);
		if (!where.size)
			where = report.file;
		snprintf(detail, size, "%s: %.*s%s%.*s", report.tool, (int)report.kind.size,
			 report.kind.text, where.size ? " in " : "", (int)where.size, where.text);
		return true;
	}
	return false;
}

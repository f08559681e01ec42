// SPDX-License-Identifier: GPL-2.0-or-later
/* Classification of a dead QEMU. */
#include "watch/crash.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* What comes after the last "file:LINE:" before end: a function's name, maybe with its arguments. */
static const char *after_line_number(const char *line, const char *end)
{
	for (const char *c = end; c > line; c--) {
		const char *digit = c - 1;

		if (*digit != ':')
			continue;
		while (digit > line && isdigit((unsigned char)digit[-1]))
			digit--;
		if (digit == c - 1 || digit == line || digit[-1] != ':')
			continue;
		while (c < end && *c == ' ')
			c++;
		return c;
	}
	return line;
}

/* file:line: function: Assertion `condition' failed. */
static bool glibc_assertion(const char *line, size_t size, struct crash_assertion *found)
{
	static const char before[] = ": Assertion `", after[] = "' failed";
	const char *at = memmem(line, size, before, sizeof(before) - 1);
	const char *condition, *end;

	if (!at)
		return false;
	condition = at + sizeof(before) - 1;
	end = memmem(condition, size - (size_t)(condition - line), after, sizeof(after) - 1);
	if (!end)
		return false;
	found->function = after_line_number(line, at);
	found->function_size = (size_t)(at - found->function);
	found->condition = condition;
	found->condition_size = (size_t)(end - condition);
	return true;
}

/* ERROR:file:line:function: assertion failed: (condition) */
static bool glib_assertion(const char *line, size_t size, struct crash_assertion *found)
{
	static const char start[] = "ERROR:", before[] = ": assertion failed";
	const char *error = memmem(line, size, start, sizeof(start) - 1);
	const char *at, *condition;

	if (!error)
		return false;
	at = memmem(error, size - (size_t)(error - line), before, sizeof(before) - 1);
	if (!at)
		return false;
	found->function = after_line_number(error, at);
	found->function_size = (size_t)(at - found->function);
	condition = at + sizeof(before) - 1;
	while (condition < line + size && (*condition == ' ' || *condition == ':'))
		condition++;
	found->condition = condition;
	found->condition_size = (size_t)(line + size - condition);
	return true;
}

bool crash_find_assertion(const char *output, struct crash_assertion *ret_assertion)
{
	struct crash_assertion last = { 0 };

	for (const char *line = output; *line;) {
		size_t size = strcspn(line, "\n");

		if (!glibc_assertion(line, size, &last))
			glib_assertion(line, size, &last);
		line += size;
		line += *line == '\n';
	}
	if (!last.function)
		return false;
	*ret_assertion = last;
	return true;
}

/* The last line that says something. */
static const char *last_line(const char *output, int *ret_size)
{
	const char *last = "";
	int last_size = 0;

	for (const char *line = output; *line;) {
		size_t size = strcspn(line, "\n");

		if (size) {
			last = line;
			last_size = size > 256 ? 256 : (int)size;
		}
		line += size;
		line += line[0] == '\n';
	}
	*ret_size = last_size;
	return last;
}

enum failure_class crash_classify(const struct child_exit *how, const char *output, char *detail,
				  size_t size)
{
	struct crash_assertion assertion;
	int words_size;
	const char *words = last_line(output, &words_size);

	if (how->signal == SIGABRT && crash_find_assertion(output, &assertion)) {
		snprintf(detail, size, "assertion in %.*s: %.*s", (int)assertion.function_size,
			 assertion.function, (int)assertion.condition_size, assertion.condition);
		return FAILURE_ASSERTION;
	}
	if (how->signal) {
		const char *name = sigabbrev_np(how->signal);

		snprintf(detail, size, "ended by SIG%s%s%.*s", name ? name : "?",
			 words_size ? ": " : "", words_size, words);
		return FAILURE_CRASH;
	}
	snprintf(detail, size, "exited with status %d%s%.*s", how->status, words_size ? ": " : "",
		 words_size, words);
	return FAILURE_EXIT;
}

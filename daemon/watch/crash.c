// SPDX-License-Identifier: GPL-2.0-or-later
/* Classification of a dead QEMU. */
#include "watch/crash.h"

#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "watch/sanitizer.h"

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

/* What failed, in the words after the function: "assertion failed: (condition)", "assertion failed (a
 * == b): (1 == 2)" (the values vary, so they are left out), or a text of its own. */
static void glib_condition(const char *text, const char *end, struct crash_assertion *found)
{
	static const char failed[] = "assertion failed", values[] = "): (";
	const char *cut;

	if ((size_t)(end - text) >= sizeof(failed) - 1 &&
	    !memcmp(text, failed, sizeof(failed) - 1)) {
		text += sizeof(failed) - 1;
		cut = memmem(text, (size_t)(end - text), values, sizeof(values) - 1);
		if (text < end && *text == ' ' && cut)
			end = cut + 1;
		while (text < end && (*text == ' ' || *text == ':'))
			text++;
	}
	found->condition = text;
	found->condition_size = (size_t)(end - text);
}

/* ERROR:file:line:function: what failed */
static bool glib_assertion(const char *line, size_t size, struct crash_assertion *found)
{
	static const char start[] = "ERROR:", between[] = ": ";
	const char *end = line + size;
	const char *error = memmem(line, size, start, sizeof(start) - 1);
	const char *file, *number, *function, *what;

	if (!error)
		return false;
	file = error + sizeof(start) - 1;
	number = memchr(file, ':', (size_t)(end - file));
	if (!number || number + 1 == end || !isdigit((unsigned char)number[1]))
		return false;
	function = memchr(number + 1, ':', (size_t)(end - number - 1));
	if (!function)
		return false;
	function++;
	what = memmem(function, (size_t)(end - function), between, sizeof(between) - 1);
	if (!what)
		return false;
	found->function = function;
	found->function_size = (size_t)(what - function);
	glib_condition(what + sizeof(between) - 1, end, found);
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

/* The telling line of a QEMU's last words: of one that exits the first that is no warning, since
 * hints follow the error; of one that was ended the last. */
static const char *telling_line(const char *output, bool first, int *ret_size)
{
	static const char warning[] = ": warning: ";
	const char *telling = "";
	int telling_size = 0;

	for (const char *line = output; *line;) {
		size_t size = strcspn(line, "\n");

		if (size && !memmem(line, size, warning, sizeof(warning) - 1)) {
			telling = line;
			telling_size = size > 256 ? 256 : (int)size;
			if (first)
				break;
		}
		line += size;
		line += line[0] == '\n';
	}
	*ret_size = telling_size;
	return telling;
}

enum failure_class crash_classify(const struct child_exit *how, const char *output, char *detail,
				  size_t size)
{
	bool untold = how->status < 0 && !how->signal;
	struct crash_assertion assertion;
	int words_size;
	const char *words = telling_line(output, how->signal == 0, &words_size);

	if (sanitizer_find(output, detail, size))
		return FAILURE_SANITIZER;
	if ((how->signal == SIGABRT || untold) && crash_find_assertion(output, &assertion)) {
		snprintf(detail, size, "assertion in %.*s: %.*s", (int)assertion.function_size,
			 assertion.function, (int)assertion.condition_size, assertion.condition);
		return FAILURE_ASSERTION;
	}
	/* One that exits says why; one that is ended by a signal mostly has no time to. */
	if (untold) {
		snprintf(detail, size, "ended, libvirt does not tell how%s%.*s",
			 words_size ? ": " : "", words_size, words);
		return words_size ? FAILURE_EXIT : FAILURE_CRASH;
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

// SPDX-License-Identifier: GPL-2.0-or-later
/* Making signatures. */
#include "triage/signature.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* What ends a path within a sentence. */
#define PATH_ENDS " \t\n'\",:;()[]="

/* If a path begins here, how much of it comes before its last part; else 0. */
static size_t path_before_name(const char *text)
{
	size_t length = strcspn(text, PATH_ENDS);

	while (length && text[length - 1] != '/')
		length--;
	return length;
}

/* Copies text with each number (a run of digits, or 0x and hex digits, that begins a word) as N,
 * each path as its last part, and everything unprintable as a space. */
static void normalise(const char *text, char *out, size_t size)
{
	size_t used = 0;
	char before = ' ';

	while (*text && used + 1 < size) {
		char c = *text;

		if (strchr(PATH_ENDS, before) && path_before_name(text)) {
			text += path_before_name(text);
			before = '/';
			continue;
		}
		if (isdigit((unsigned char)c) && !in_word(before)) {
			bool hex = c == '0' && (text[1] == 'x' || text[1] == 'X');

			text += hex ? 2 : 0;
			while (hex ? isxdigit((unsigned char)*text) : isdigit((unsigned char)*text))
				text++;
			c = 'N';
		} else {
			text++;
			if (!isprint((unsigned char)c))
				c = ' ';
		}
		out[used++] = before = c;
	}
	out[used] = '\0';
}

void signature_make(const struct failure *failure, char *ret_text, size_t size)
{
	const char *class = failure_class_name(failure->class);
	const char *kind = op_kind_name(failure->kind);
	const char *step = failure->step ? failure->step : "begin";
	const char *signal = sigabbrev_np(failure->exit.signal);
	const char *words;
	char detail[SIGNATURE_MAX];

	normalise(failure->detail, detail, sizeof(detail));
	switch (failure->class) {
	case FAILURE_ASSERTION:
		/* The condition is code: its numbers do not vary. */
		snprintf(ret_text, size, "%s", failure->detail);
		break;
	/* Of a dead QEMU the step is left out: which one it was in is a matter of luck. */
	case FAILURE_SANITIZER:
		snprintf(ret_text, size, "%s", detail);
		break;
	case FAILURE_PROTOCOL:
		/* QEMU's words and our steps race. */
		snprintf(ret_text, size, "%s in %s: %s", class, kind, detail);
		break;
	case FAILURE_LEAK:
		/* When it is found says nothing of where it comes from. */
		snprintf(ret_text, size, "%s of %.*s", class, (int)strcspn(detail, ":"), detail);
		break;
	case FAILURE_CRASH:
		snprintf(ret_text, size, "%s by SIG%s in %s", class, signal ? signal : "?", kind);
		break;
	case FAILURE_EXIT:
		words = strchr(detail, ':');
		snprintf(ret_text, size, "%s with status %d in %s%s", class, failure->exit.status,
			 kind, words ? words : "");
		break;
	case FAILURE_HANG:
		snprintf(ret_text, size, "%s of %s in %s/%s", class,
			 failure_place_name(failure->place), kind, step);
		break;
	case FAILURE_CORRUPTION:
		/* The guest sees it some time later, in whatever operation; the daemon's own oracles see it
		 * in the one that did it. */
		if (failure->after)
			snprintf(ret_text, size, "%s of %s after %s", class,
				 failure_place_name(failure->place), failure->after);
		else
			snprintf(ret_text, size, "%s of %s in %s/%s", class,
				 failure_place_name(failure->place), kind, step);
		break;
	default:
		snprintf(ret_text, size, "%s in %s/%s: %s", class, kind, step, detail);
		break;
	}
	ascii_only(ret_text, ' ');
}

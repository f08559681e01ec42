// SPDX-License-Identifier: GPL-2.0-or-later
/* The error object: a code and a text, without allocation, so that reporting cannot fail. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

/* The text may quote anything and may have been cut within a character, but it has to fit into JSON
 * and onto a terminal. */
static void make_utf8(char *text)
{
	json_t *probe = json_string(text);

	for (char *c = text; !probe && *c; c++)
		if (*c & 0x80)
			*c = '?';
	json_decref(probe);
}

/* Appends to err->text at offset used; returns the new length, at most ERR_TEXT_MAX - 1. */
static size_t append(struct err *err, size_t used, const char *fmt, va_list ap)
{
	static const char cut[] = "...";
	size_t room = sizeof(err->text) - used;
	int n = vsnprintf(err->text + used, room, fmt, ap);

	if (n < 0)
		return used;
	if ((size_t)n < room) {
		used += (size_t)n;
	} else {
		memcpy(err->text + sizeof(err->text) - sizeof(cut), cut, sizeof(cut));
		used = sizeof(err->text) - 1;
	}
	make_utf8(err->text);
	return used;
}

__attribute__((format(printf, 3, 4))) static size_t append_fmt(struct err *err, size_t used,
							       const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	used = append(err, used, fmt, ap);
	va_end(ap);
	return used;
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	va_start(ap, fmt);
	append(err, 0, fmt, ap);
	va_end(ap);
	return code;
}

int err_set_errno(struct err *err, int errno_value, const char *fmt, ...)
{
	const char *what = strerrordesc_np(errno_value);
	va_list ap;
	size_t used;

	err->code = -errno_value;
	va_start(ap, fmt);
	used = append(err, 0, fmt, ap);
	va_end(ap);
	append_fmt(err, used, ": %s", what ? what : "unknown error");
	return err->code;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char inner[ERR_TEXT_MAX];
	va_list ap;
	size_t used;

	memcpy(inner, err->text, sizeof(inner));
	va_start(ap, fmt);
	used = append(err, 0, fmt, ap);
	va_end(ap);
	append_fmt(err, used, ": %s", inner);
	return err->code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocation that aborts instead of failing. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static void *check(void *p)
{
	if (!p) {
		static const char text[] = "out of memory\n";

		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			abort();
		abort();
	}
	return p;
}

void *mem_zalloc(size_t size)
{
	return check(calloc(1, size ? size : 1));
}

void *mem_realloc(void *p, size_t count, size_t size)
{
	return check(reallocarray(p, count ? count : 1, size ? size : 1));
}

char *mem_strdup(const char *s)
{
	return check(strdup(s));
}

char *mem_strndup(const char *s, size_t n)
{
	return check(strndup(s, n));
}

char *mem_vprintf(const char *fmt, va_list args)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, args) < 0)
		s = NULL;
	return check(s);
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = mem_vprintf(fmt, ap);
	va_end(ap);
	return s;
}

void mem_append(char **list, const char *separator, const char *fmt, ...)
{
	auto_free char *before = *list, *word = NULL;
	va_list ap;

	va_start(ap, fmt);
	word = mem_vprintf(fmt, ap);
	va_end(ap);
	*list = mem_printf("%s%s%s", before ? before : "", before ? separator : "", word);
}

char *mem_hex(const void *bytes, size_t count)
{
	const uint8_t *byte = bytes;
	char *text = mem_zalloc(2 * count + 1);

	for (size_t i = 0; i < count; i++)
		sprintf(text + 2 * i, "%02x", byte[i]);
	return text;
}

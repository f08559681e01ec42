// SPDX-License-Identifier: GPL-2.0-or-later
/* Making patterns of text. */
#include "base/pattern.h"

#include <string.h>

#include "base/mem.h"

char *pattern_literal(const char *text)
{
	char *pattern = mem_zalloc(2 * strlen(text) + 1), *to = pattern;

	for (; *text; text++) {
		if (strchr("*?[\\", *text))
			*to++ = '\\';
		*to++ = *text;
	}
	return pattern;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Look-ups in the name tables of enums. */
#include "base/names.h"

#include <string.h>

#include "base/mem.h"

const char *names_of(const char *const *table, size_t count, size_t value)
{
	return value < count && table[value] ? table[value] : "?";
}

int names_find(const char *const *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (table[i] && !strcmp(table[i], name))
			return (int)i;
	return -1;
}

char *names_list(const char *const *table, size_t count)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return mem_strdup("?");
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", table[i]);
	fclose(f);
	return text;
}

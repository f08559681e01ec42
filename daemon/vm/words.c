// SPDX-License-Identifier: GPL-2.0-or-later
/* Words one after the other. */
#include "vm/words.h"

#include <stdarg.h>

#include "base/mem.h"

void words_add(struct words *words, const char *fmt, ...)
{
	va_list args;

	words->word = mem_realloc(words->word, words->count + 2, sizeof(char *));
	va_start(args, fmt);
	words->word[words->count++] = mem_vprintf(fmt, args);
	va_end(args);
	words->word[words->count] = NULL;
}

void words_free(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

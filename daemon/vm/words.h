/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command line in the making. */
#ifndef QSOAK_VM_WORDS_H
#define QSOAK_VM_WORDS_H

#include <stddef.h>

struct words {
	char **word; /* NULL-terminated; NULL while there is none */
	size_t count;
};

void words_add(struct words *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void words_free(char **words);

#endif

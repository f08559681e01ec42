/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the last looks at a QEMU saw, for the evidence. */
#ifndef QSOAK_WATCH_HISTORY_H
#define QSOAK_WATCH_HISTORY_H

#include <stddef.h>
#include <stdio.h>

#include "watch/stall.h"

/* Half a minute of looks. */
#define HISTORY_LOOKS 64

struct history_entry {
	struct stall_look look;
	const char *step; /* of the operation in progress, static; NULL: none was */
};

/* Zeroed memory is an empty one. */
struct history {
	struct history_entry entries[HISTORY_LOOKS];
	size_t total; /* ever added */
};

void history_add(struct history *history, const struct stall_look *look, const char *step);

/* A line each, oldest first, below a line of titles; how long heartbeats wait is in ms. */
void history_print(const struct history *history, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The campaign in progress as a table on the terminal: slots, rates, failures, redrawn in place. */
#ifndef QSOAK_CLI_LIVE_H
#define QSOAK_CLI_LIVE_H

#include "cli/link.h"
#include "cli/seen.h"

/* The service is asked, and the table drawn, so often; and a service is silent that has not answered for so long. */
#define LIVE_PERIOD_NS (500 * CLOCK_NS_PER_MS)
#define LIVE_SILENCE_NS (5 * CLOCK_NS_PER_S)

/* Loops a second are counted over so many answers. */
#define LIVE_SAMPLES 20

/* What is shown of kinds of failures and of the lines that were told, where there is room. */
#define LIVE_KINDS_MAX 5
#define LIVE_NOTES_MAX 4

struct live;

/* NULL: standard output is no terminal. Both are borrowed. */
struct live *live_new(struct link *link, const struct seen *seen);

/* Gives the terminal back; takes NULL. */
void live_free(struct live *live);

/* A line that is told; the last ones stand at the bottom. */
void live_note(void *ctx, const char *line);

#endif

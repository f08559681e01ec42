/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client that follows a campaign tells of it on stderr: a progress line on a terminal, plain lines otherwise, a
 * line for each new signature. */
#ifndef QSOAK_CLI_TELL_H
#define QSOAK_CLI_TELL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Without a terminal, a line of progress this often. */
#define TELL_LINE_NS (10 * CLOCK_NS_PER_S)

struct teller;

/* state: the private one, to say where evidence is; or NULL. where: what `qsoak release` has to be told besides, or "".
 * Both are borrowed. */
struct teller *teller_new(const char *state, const char *where);
void teller_free(struct teller *teller); /* takes NULL */

/* A line of its own, even if a progress line is on the terminal. */
void teller_say(struct teller *teller, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Lines go to fn, without line end, and also to stderr where that is no terminal. With NULL those that only fn got
 * come on stderr, the last TELL_KEPT_MAX of them, and so do all others from then on. */
#define TELL_KEPT_MAX 100
void teller_divert(struct teller *teller, void (*fn)(void *ctx, const char *line), void *ctx);

/* The progress line is finished: others may print. */
void teller_end_line(struct teller *teller);

/* data: that of the event of this name. */
void teller_progress(struct teller *teller, json_t *data);
void teller_held(struct teller *teller, json_t *data);
void teller_paused(struct teller *teller, json_t *data);
void teller_resumed(struct teller *teller, json_t *data);
/* A failure that is told once; the second one of a signature on a build gets no line. Also a row of
 * query-failures. */
void teller_failure(struct teller *teller, json_t *data);
/* Why a campaign is inconclusive. */
void teller_inconclusive(struct teller *teller, json_t *data);

#endif

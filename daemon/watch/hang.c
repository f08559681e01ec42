// SPDX-License-Identifier: GPL-2.0-or-later
/* Telling where a VM hangs from four signals. */
#include "watch/hang.h"

#include <stddef.h>

#include "base/mem.h"

/* Bits of the answers a row matches. */
#define NONE (1 << HANG_NOT_OFFERED)
#define ANSWERS (1 << HANG_ANSWERS)
#define SILENT (1 << HANG_SILENT)
#define ANY (NONE | ANSWERS | SILENT)

#define UNKNOWN (1 << HANG_GUEST_UNKNOWN)
#define MOVES (1 << HANG_GUEST_MOVES)
#define STANDS (1 << HANG_GUEST_STANDS)
#define ANY_GUEST (UNKNOWN | MOVES | STANDS)

/* Where a row asks for a fact: it must hold, must not, or does not matter. */
enum want { WHATEVER, YES };

static bool fits(enum want want, bool is)
{
	return want == WHATEVER || is;
}

/* The first row that matches decides. PLACE_NONE: by the step. */
static const struct {
	int out_of_band, in_band, guest;
	enum want halted, running, main_in_futex;
	enum failure_place place;
} rows[] = {
	/* out-of-band, in-band, guest, halted, running, futex */
	{ ANY, ANY, ANY_GUEST, YES, WHATEVER, WHATEVER, PLACE_PROCESS },
	{ ANY, ANSWERS, STANDS, WHATEVER, YES, WHATEVER, PLACE_VCPU },
	{ ANY, ANSWERS, ANY_GUEST, WHATEVER, WHATEVER, WHATEVER, PLACE_NONE },
	{ ANSWERS, SILENT, ANY_GUEST, WHATEVER, WHATEVER, WHATEVER, PLACE_MAIN_LOOP },
	{ SILENT, ANY, MOVES, WHATEVER, WHATEVER, WHATEVER, PLACE_MONITOR },
	{ NONE, SILENT, STANDS | UNKNOWN, WHATEVER, WHATEVER, YES, PLACE_MAIN_LOOP },
	{ ANY, ANY, ANY_GUEST, WHATEVER, WHATEVER, WHATEVER, PLACE_MONITOR },
};

static const enum failure_place step_places[] = {
	[OP_PLACE_MONITOR] = PLACE_MONITOR,
	[OP_PLACE_JOB] = PLACE_JOB,
	[OP_PLACE_MIGRATION] = PLACE_MIGRATION,
	[OP_PLACE_SHUTDOWN] = PLACE_SHUTDOWN,
};

enum failure_place hang_found(const struct hang_signals *signals)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((rows[i].out_of_band & 1 << signals->out_of_band) &&
		    (rows[i].in_band & 1 << signals->in_band) &&
		    (rows[i].guest & 1 << signals->guest) &&
		    fits(rows[i].halted, signals->halted) &&
		    fits(rows[i].running, signals->status_running) &&
		    fits(rows[i].main_in_futex, signals->main_in_futex))
			return rows[i].place;
	return PLACE_MONITOR;
}

enum failure_place hang_place(const struct hang_signals *signals, enum op_place step)
{
	enum failure_place found = hang_found(signals);

	return found == PLACE_NONE ? step_places[step] : found;
}

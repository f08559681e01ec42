// SPDX-License-Identifier: GPL-2.0-or-later
/* Telling where a VM hangs from four signals. */
#include "watch/hang.h"

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

/* Whether a row is a hang although its step has time left. */
enum within { NEVER, UNLESS_BUSY, ALWAYS };

/* The first row that matches decides. PLACE_NONE: by the step. */
static const struct row {
	int out_of_band, in_band, guest;
	enum want halted, running, main_in_futex;
	enum failure_place place; /* past the step's limit */
	enum within within;
} rows[] = {
	/* out-of-band, in-band, guest, halted, running, futex, place, within */
	{ ANY, ANY, ANY_GUEST, YES, WHATEVER, WHATEVER, PLACE_PROCESS, ALWAYS },
	{ ANY, ANSWERS, STANDS, WHATEVER, YES, WHATEVER, PLACE_VCPU, ALWAYS },
	{ ANY, ANSWERS, ANY_GUEST, WHATEVER, WHATEVER, WHATEVER, PLACE_NONE, NEVER },
	{ ANSWERS, SILENT, ANY_GUEST, WHATEVER, WHATEVER, WHATEVER, PLACE_MAIN_LOOP, UNLESS_BUSY },
	{ SILENT, SILENT, ANY_GUEST, WHATEVER, WHATEVER, WHATEVER, PLACE_MONITOR, ALWAYS },
	{ NONE, SILENT, STANDS | UNKNOWN, WHATEVER, WHATEVER, YES, PLACE_MAIN_LOOP, UNLESS_BUSY },
	{ NONE, SILENT, ANY_GUEST, WHATEVER, WHATEVER, WHATEVER, PLACE_MONITOR, UNLESS_BUSY },
	/* It cannot be asked at all. */
	{ ANY, ANY, ANY_GUEST, WHATEVER, WHATEVER, WHATEVER, PLACE_MONITOR, NEVER },
};

static const struct row *find_row(const struct hang_signals *signals)
{
	const struct row *row = rows;

	/* The last one matches everything. */
	while (!(row->out_of_band & 1 << signals->out_of_band) ||
	       !(row->in_band & 1 << signals->in_band) || !(row->guest & 1 << signals->guest) ||
	       !fits(row->halted, signals->halted) ||
	       !fits(row->running, signals->status_running) ||
	       !fits(row->main_in_futex, signals->main_in_futex))
		row++;
	return row;
}

static const enum failure_place step_places[] = {
	[OP_PLACE_MONITOR] = PLACE_MONITOR,	[OP_PLACE_JOB] = PLACE_JOB,
	[OP_PLACE_MIGRATION] = PLACE_MIGRATION, [OP_PLACE_SHUTDOWN] = PLACE_SHUTDOWN,
	[OP_PLACE_VCPU] = PLACE_VCPU,		[OP_PLACE_HOST] = PLACE_PROCESS,
};

enum failure_place hang_found(const struct hang_signals *signals)
{
	return find_row(signals)->place;
}

enum failure_place hang_place(const struct hang_signals *signals, enum op_place step)
{
	enum failure_place found = hang_found(signals);

	return found == PLACE_NONE ? step_places[step] : found;
}

enum failure_place hang_place_within(const struct hang_signals *signals, bool busy)
{
	const struct row *row = find_row(signals);

	if (row->within == ALWAYS || (row->within == UNLESS_BUSY && !busy))
		return row->place;
	return PLACE_NONE;
}

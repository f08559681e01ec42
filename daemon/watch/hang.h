/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table that tells slow from stuck: where a VM hangs, before and after a step's limit. */
#ifndef QSOAK_WATCH_HANG_H
#define QSOAK_WATCH_HANG_H

#include <stdbool.h>

#include "watch/failure.h"

/* What a probe of the QEMU found. */
enum hang_answer {
	HANG_NOT_OFFERED, /* there is no such channel: no greeting yet, or no out-of-band */
	HANG_ANSWERS,
	HANG_SILENT,
};

enum hang_guest {
	HANG_GUEST_UNKNOWN, /* no telemetry */
	HANG_GUEST_MOVES,
	HANG_GUEST_STANDS,
};

struct hang_signals {
	bool halted;		      /* main thread stopped or in D state, each time we looked */
	bool main_in_futex;	      /* the main thread waits on a futex */
	enum hang_answer out_of_band; /* query-yank by exec-oob: needs the monitor thread */
	enum hang_answer in_band;     /* query-status: needs the main loop and the BQL */
	enum hang_guest guest;
	bool status_running; /* query-status says so */
};

/* Where the signals alone say that it hangs, past the limit; PLACE_NONE if they find nothing wrong. */
enum failure_place hang_found(const struct hang_signals *signals);

/* Once a step has passed its limit. step: where a step that only waits is stuck when nothing else
 * is. */
enum failure_place hang_place(const struct hang_signals *signals, enum op_place step);

/* Within a step's limit, of signals that have lasted: PLACE_NONE where a healthy QEMU may show them.
 * busy: the step keeps the main loop from answering. */
enum failure_place hang_place_within(const struct hang_signals *signals, bool busy);

#endif

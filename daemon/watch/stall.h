/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From single looks at a QEMU to what has lasted: the signals of hang.h, within a step's limit.
 *
 * Each signal has a window that begins when it was last seen to be well; it counts once the window is
 * as long as the limit. No clocks and no I/O in here: the guard looks, this remembers.
 */
#ifndef QSOAK_WATCH_STALL_H
#define QSOAK_WATCH_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "watch/hang.h"

/* Looks that must find a process stopped, one after the other. */
#define STALL_HALTED_LOOKS 3

/* Two looks further apart than this: we ourselves did not run (a suspended or loaded host, a stopped
 * daemon), so neither may have QEMU; all windows begin anew. */
#define STALL_GAP_NS (2 * CLOCK_NS_PER_S)

/* What one look found. */
struct stall_look {
	int64_t at_ns; /* CLOCK_MONOTONIC */
	bool busy;     /* the step in progress keeps the main loop from answering */
	/* Since when a heartbeat waits for its answer; 0: the last one was answered. */
	int64_t in_band_sent_ns, out_of_band_sent_ns;
	bool in_band_asked, out_of_band_asked; /* ever */
	int64_t in_band_answered_ns;	       /* the last time; 0: never */
	bool status_running;		       /* said by that answer */
	bool telemetry;			       /* whether there are ticks */
	uint64_t ticks;
	/* of the main thread */
	char state;	    /* as in /proc/PID/stat */
	bool state_assumed; /* it was not looked at: it has to run */
	bool in_futex;
	uint64_t cpu_ticks;
	int64_t run_delay_ns; /* it has waited for a CPU, in all */
};

/* Zeroed memory is one that has not looked. */
struct stall {
	struct stall_look last;
	/* begins of the windows: no answer, ticks stand, ticks stand although all is well, no CPU used
	 * in D state */
	int64_t in_band_ns, out_of_band_ns, ticks_ns, guest_ns, halted_ns;
	unsigned stopped_looks;
	struct hang_signals signals; /* of the last verdict */
};

/* PLACE_NONE, or where it hangs. limit_ns: how long main loop, monitor or guest may stand. */
enum failure_place stall_look(struct stall *stall, const struct stall_look *look, int64_t limit_ns);

#endif

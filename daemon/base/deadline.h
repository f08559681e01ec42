/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deadlines: one-shot timers that run after all I/O of the same turn of the loop.
 *
 * libev calls timers before I/O by default; at the lowest priority a reply that is already readable
 * is read before it is called late. Time in which the loop stood still (base/standstill.h) does not
 * count: it comes as much later.
 */
#ifndef QSOAK_BASE_DEADLINE_H
#define QSOAK_BASE_DEADLINE_H

#include <ev.h>
#include <stdint.h>

struct deadline {
	ev_timer timer;
	int64_t due_ns, lost_ns; /* lost: what its loop had lost when due was last set */
	void (*fn)(void *ctx);
	void *ctx;
};

void deadline_init(struct deadline *deadline, void (*fn)(void *ctx), void *ctx);

/* (Re)starts: fn is called once, after_ns from now; 0 means at the next turn of the loop. */
void deadline_start(struct ev_loop *loop, struct deadline *deadline, int64_t after_ns);
void deadline_stop(struct ev_loop *loop, struct deadline *deadline);

#endif

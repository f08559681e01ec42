/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaks: a QEMU whose descriptors or whose memory only ever grow, loop after loop.
 *
 * The life of the QEMU is cut into four equal parts. It leaks if each part lies wholly above the one
 * before it (its least above the other's most) and brings its share of the growth, and the last lies
 * above the first by the bound. So neither warming up, nor a single jump, also on top of a slow
 * growth, nor any noise is a leak, however long the soak. A leak that begins late is one when it
 * has gone on four to six times as long as there was none: then the first part has its share.
 */
#ifndef QSOAK_WATCH_LEAK_H
#define QSOAK_WATCH_LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is kept of a life: when it is full every other sample goes, and only every other loop is taken
 * from then on. */
#define LEAK_SAMPLES_MAX 64

/* Fewer say nothing. */
#define LEAK_SAMPLES_MIN 16

/* Each part's share of the growth: one in so many. An even growth gives it one in four. */
#define LEAK_SHARE 8

/* Of one quantity. Zeroed memory: none yet. */
struct leak {
	int64_t samples[LEAK_SAMPLES_MAX];
	size_t count;
	uint64_t loops, stride; /* loops seen, and of how many one is taken (0: of one) */
};

/* Takes a sample after a loop. True if it leaks; then ret_grown is by how much from the first part to
 * the last, in ret_loops loops. */
bool leak_add(struct leak *leak, int64_t value, int64_t bound, int64_t *ret_grown,
	      uint64_t *ret_loops);

#endif

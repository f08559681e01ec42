/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blackout: how long the guest ran nowhere, seen from its own ticks.
 *
 * A blackout begins with the guest's last tick before it stands and ends with its first one after
 * that. Both are seen by samples, so its length is right to within the gaps between two samples in which
 * these ticks were done; the larger of the two is told beside it.
 */
#ifndef QSOAK_OP_BLACKOUT_H
#define QSOAK_OP_BLACKOUT_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "vm/telemetry.h"

/* At most 1 kHz, and only while armed; from STOP to RESUME, when nothing moves, at 10 Hz,
 * all VMs at once. */
#define BLACKOUT_SAMPLE_NS 1000000ll
#define BLACKOUT_STANDS_NS 100000000ll

enum blackout_kind {
	BLACKOUT_NONE,
	BLACKOUT_STOP,	/* the guest is stopped, and goes on */
	BLACKOUT_LOAD,	/* and its ticks are replaced once in between */
	BLACKOUT_RESET, /* it boots anew, with ticks from 0 */
	BLACKOUT_MOVE,	/* it goes on in another QEMU, whose RAM already changes before */
	BLACKOUT_WATCH, /* nobody stops it: the longest time in which it was seen to stand all the same */
};

/* The rules alone, without clock and guest. Zeroed, then kind set. */
struct blackout_join {
	enum blackout_kind kind;
	bool sampled, stopped, replaced, over;
	uint64_t ticks;	   /* of the last sample */
	int64_t last_ns;   /* when that was */
	int64_t moved_ns;  /* first sample of the last ticks that the guest did before it stood */
	int64_t length_ns; /* once over; of BLACKOUT_WATCH so far */
	int64_t gap_ns;	   /* of the last tick, and once over the larger one of both */
};

/* src and dst are the ticks of both sides at now_ns (any clock that does not go back), dst read
 * first; dst counts for BLACKOUT_MOVE alone. */
void blackout_join_sample(struct blackout_join *join, int64_t now_ns, uint64_t src, uint64_t dst);

/* QEMU has said that the guest stands (or was reset), and a sample has been taken since. */
void blackout_join_stopped(struct blackout_join *join);

/* It still stood at that time, which may be any: what QEMU says of itself is not trusted. */
void blackout_join_stood(struct blackout_join *join, int64_t at_ns, int64_t now_ns);

/* The sampler. Zeroed is disarmed. */
struct blackout {
	struct ev_loop *loop;
	ev_timer timer;
	struct blackout_join join;
	bool resumed;
	const struct ram *src, *dst;
	void (*over)(void *ctx);
	void *ctx;
};

/* Samples from now on until the blackout is over, which over is told once, from the loop; dst may be
 * NULL but for BLACKOUT_MOVE. Without telemetry in src it stays disarmed. */
void blackout_arm(struct blackout *blackout, struct ev_loop *loop, enum blackout_kind kind,
		  const struct ram *src, const struct ram *dst, void (*over)(void *ctx), void *ctx);
void blackout_disarm(struct blackout *blackout);

/* STOP or RESET was read. */
void blackout_stopped(struct blackout *blackout);

/* RESUME was read, which QEMU says before it lets the guest go on: at_ns, CLOCK_MONOTONIC, or -1. */
void blackout_resumed(struct blackout *blackout, int64_t at_ns);

/* Nothing is left to wait for: it is over, never began, or was not armed. */
bool blackout_settled(const struct blackout *blackout);

/* How long the guest was seen to stand at most, of BLACKOUT_WATCH, also once disarmed: from the
 * first sample to the last one that found the same ticks, so it stood up to two gaps longer. False
 * without telemetry. */
bool blackout_longest(const struct blackout *blackout, int64_t *ret_length_ns);

/* Its length and gap; false if there was none. */
bool blackout_result(const struct blackout *blackout, int64_t *ret_length_ns, int64_t *ret_gap_ns);

#endif

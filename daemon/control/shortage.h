/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shortage: the disk and the memory of the host are watched, and campaigns paused before either runs out.
 *
 * A pause shuts VMs down, so it gives memory back; of the disk, others must. It ends by itself, once there is
 * clearly more than where it began.
 */
#ifndef QSOAK_CONTROL_SHORTAGE_H
#define QSOAK_CONTROL_SHORTAGE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/pause.h"

/* How often both are looked at. */
#define SHORTAGE_LOOK_NS CLOCK_NS_PER_S

/* Free bytes below which it pauses, where nothing else is said: this, but at most this part of all there are. It
 * resumes above twice as many. */
#define SHORTAGE_DISK_BYTES (256ll << 20)
#define SHORTAGE_MEMORY_BYTES (256ll << 20)
#define SHORTAGE_PART 20

/* In bytes; 0: the default. */
struct shortage_limit {
	int64_t pause_below, resume_above;
};

struct shortage_spec {
	const char *folder; /* whose disk it is; outlives it */
	struct shortage_limit disk, memory;
	/* A cause has come, or (why NULL) gone; why is UTF-8, whatever the name of the folder. */
	void (*pause)(void *ctx, enum pause_cause cause, const char *why);
	void *ctx;
};

struct shortage;

/* Looks at once. */
struct shortage *shortage_new(struct ev_loop *loop, const struct shortage_spec *spec);

/* Other limits from now on; looks at once. */
void shortage_set(struct shortage *shortage, const struct shortage_limit *disk,
		  const struct shortage_limit *memory);

/* NULL is fine. */
void shortage_free(struct shortage *shortage);

/* Whether `available` of `total` bytes are short, where they were so before or not. */
bool shortage_is(const struct shortage_limit *limit, int64_t fallback, int64_t available,
		 int64_t total, bool was);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lock between vCPUs: who waits for it sleeps, and all get it in turn. */
#ifndef PFLASH_HAMMER_LOCK_H
#define PFLASH_HAMMER_LOCK_H

#include <stdint.h>

#include "../telemetry.h"

/* All 0 is free. */
struct lock {
	uint32_t state;					/* in lock.c */
	volatile uint32_t granted[TELEMETRY_VCPUS_MAX]; /* 1: the lock is this vCPU's now */
};

void lock_take(struct lock *lock, uint32_t vcpu);
void lock_release(struct lock *lock, uint32_t vcpu);

#endif

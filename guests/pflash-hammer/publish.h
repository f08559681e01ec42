/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the telemetry page. */
#ifndef PFLASH_HAMMER_PUBLISH_H
#define PFLASH_HAMMER_PUBLISH_H

#include <stdint.h>
#include <stdnoreturn.h>

#include "../telemetry.h"
#include "machine.h"

#define TELEMETRY ((volatile struct telemetry *)TELEMETRY_GPA)

/* Clears the page, beginning with the magic, so that nobody reads what an earlier boot left. */
void publish_begin(void);

/* Makes the page count; everything in it must be true by now. */
void publish_ready(void);

/* Says why there will be no tick, and halts. */
noreturn void publish_fault(enum telemetry_fault fault, uint32_t value);

/* Says what the guest waits for, until it is told that this is over. */
void publish_waiting(enum telemetry_fault fault, uint32_t value);
void publish_waited(void);

/* Adds to a counter that only the calling vCPU writes. */
static inline void publish_add(volatile uint64_t *counter, uint32_t n)
{
	store64(counter, *counter + n);
}

/* Takes over the generation that the daemon wants; for one vCPU only. */
static inline void publish_generation(void)
{
	copy64(&TELEMETRY->generation, &TELEMETRY->generation_wanted);
}

/*
 * Keeps the first mismatch; further ones are dropped. Found is read a second time for this: if it
 * equals expected by now, the wrong value was there for one look only.
 */
void publish_mismatch(enum telemetry_place place, uint32_t vcpu, uint64_t where, uint64_t expected,
		      uint64_t found);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the telemetry page. */
#ifndef PFLASH_HAMMER_PUBLISH_H
#define PFLASH_HAMMER_PUBLISH_H

#include <stdint.h>

#include "../telemetry.h"

#define TELEMETRY ((volatile struct telemetry *)TELEMETRY_GPA)

/* Clears the page, beginning with the magic, so that nobody reads what an earlier boot left. */
void publish_begin(void);

/* Makes the page count; everything in it must be true by now. */
void publish_ready(void);

/* Adds to a counter that only the calling vCPU writes. */
void publish_add(volatile uint64_t *counter, uint32_t n);

/*
 * Keeps the first mismatch; further ones are dropped. Found is read a second time for this: if it
 * equals expected by now, the wrong value was there for one look only.
 */
void publish_mismatch(enum telemetry_place place, uint64_t where, uint64_t expected,
		      uint64_t found);

#endif

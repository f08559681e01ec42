/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vCPUs that halt until something happens, so that the host's CPUs are free for QEMU. */
#ifndef PFLASH_HAMMER_SLEEP_H
#define PFLASH_HAMMER_SLEEP_H

#include <stdint.h>

/* For each vCPU, before all else here. */
void sleep_begin(void);

/* Halts until somebody wakes the vCPU, or has done so since its last sleep; may return early. */
void sleep_until_woken(void);

/* Wakes the vCPU of that index. */
void sleep_wake(uint32_t index);

/* Halts for so long, which is not 0. */
void sleep_for(uint32_t ns);

#endif

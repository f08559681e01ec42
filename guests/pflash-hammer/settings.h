/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest is told to do: its configuration, and what the machine has. */
#ifndef PFLASH_HAMMER_SETTINGS_H
#define PFLASH_HAMMER_SETTINGS_H

#include <stdint.h>

/* Constant once the other vCPUs run. */
struct settings {
	uint64_t seed;
	uint32_t vcpus;	   /* 1 to TELEMETRY_VCPUS_MAX */
	uint32_t ram_size; /* bytes of the working set, whole pages, at least one a vCPU */

	uint32_t writes_per_turn; /* not 0 */
	uint32_t turns_per_write; /* not 0 */
	uint32_t pause_ns;	  /* after each turn */
	uint32_t erase_every;	  /* in programs; 0: never */
	uint32_t turns_per_page;  /* not 0 */
};

/* Reports a fault and halts if the machine or the configuration will not do. */
void settings_read(struct settings *ret_settings);

#endif

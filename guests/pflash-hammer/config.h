/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest is told to do. */
#ifndef PFLASH_HAMMER_CONFIG_H
#define PFLASH_HAMMER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct config {
	uint32_t seed;		 /* of the random numbers; not 0 */
	uint32_t ram_size;	 /* bytes of the working set, whole pages */
	uint32_t turns_per_page; /* a page is verified and rewritten every so many turns; not 0 */

	/* Cells of flash compared with the shadow in a turn: a power of two from 4 to FLASH_SIZE. */
	uint32_t checks_per_turn;
};

/* False if the machine has too little RAM. */
bool config_read(struct config *ret_config);

#endif

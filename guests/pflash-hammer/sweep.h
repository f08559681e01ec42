/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The working set of RAM: pages that describe themselves, verified and rewritten in sweeps. */
#ifndef PFLASH_HAMMER_SWEEP_H
#define PFLASH_HAMMER_SWEEP_H

#include <stdint.h>

/* Pages before next hold this generation, the others the one before. */
struct sweep {
	uint32_t start; /* guest-physical */
	uint32_t end;
	uint32_t next;
	uint32_t generation;
};

/* Writes all pages for the first time. */
void sweep_begin(struct sweep *sweep, uint32_t start, uint32_t size);

/* Verifies the next page and writes it anew. */
void sweep_page(struct sweep *sweep);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The working set of RAM: pages that describe themselves, verified and rewritten in sweeps. */
#ifndef PFLASH_HAMMER_SWEEP_H
#define PFLASH_HAMMER_SWEEP_H

#include <stdint.h>

/* The slice of one vCPU. Pages before next hold this generation, the others the one before. */
struct sweep {
	uint32_t vcpu;	/* index in the telemetry */
	uint32_t start; /* guest-physical */
	uint32_t end;
	uint32_t next;
	uint32_t generation; /* of the pages, nothing to do with the telemetry's */
};

/* Says where the working set lies: size bytes, whole pages, at least one a vCPU. Once. */
void sweep_adopt(uint32_t size);

/* Writes all pages of the slice for the first time. */
void sweep_begin(struct sweep *sweep, uint32_t size, uint32_t vcpu, uint32_t vcpus);

/* Verifies the next page and writes it anew. */
void sweep_page(struct sweep *sweep);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the other vCPUs, and waiting for them. */
#ifndef PFLASH_HAMMER_SMP_H
#define PFLASH_HAMMER_SMP_H

#include <stdint.h>

/*
 * For the boot vCPU: starts all the others at ap_main() and returns when they have come. What it
 * wrote before, they see.
 */
void smp_start(uint32_t apic_id, uint32_t vcpus);

/* For each of the others, first of all: returns when all have come. */
void smp_arrive(uint32_t apic_id);

/* The vCPU's place among all that have come: 0 is the lowest APIC ID. And the way back. */
uint32_t smp_index(uint32_t apic_id);
uint32_t smp_apic_id(uint32_t index);

/* Each vCPU says once that it is ready; the boot vCPU waits for all. */
void smp_ready(void);
void smp_wait_ready(uint32_t vcpus);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pflash unit 1, and the shadow in RAM of what it must hold. */
#ifndef PFLASH_HAMMER_FLASH_H
#define PFLASH_HAMMER_FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* Whole blocks of the flash that one vCPU alone writes and checks. */
struct flash {
	uint32_t vcpu; /* index in the telemetry */
	uint32_t start;
	uint32_t size;
	uint32_t next_check; /* offset in the flash */
	bool shared;	     /* other vCPUs have slices too */
};

/* Takes what the flash holds now as what it must hold. Once, before all else. */
void flash_adopt(void);

/* The slice of a vCPU, of so many. */
void flash_begin(struct flash *flash, uint32_t vcpu, uint32_t vcpus);

/* The device serves one vCPU at a time. All that follows wants it taken. */
void flash_take(struct flash *flash);
void flash_release(struct flash *flash);

/* Programs a cell of the slice, by a random number. */
void flash_program(struct flash *flash, uint32_t random);

/* Erases a block of the slice, by a random number. */
void flash_erase(struct flash *flash, uint32_t random);

/*
 * Compares the next few cells of the slice with the shadow. A mismatch shows the first 32-bit word
 * that differs.
 */
void flash_check(struct flash *flash);

#endif

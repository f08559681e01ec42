/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pflash unit 1, and the shadow in RAM of what it must hold. */
#ifndef PFLASH_HAMMER_FLASH_H
#define PFLASH_HAMMER_FLASH_H

#include <stdint.h>

/* Takes what the flash holds now as what it must hold. */
void flash_adopt(void);

/* Programs one cell; offset is below FLASH_SIZE. */
void flash_program(uint32_t offset, uint8_t value);

/*
 * Compares cells with the shadow; offset and size are multiples of 4, size is not 0.
 * A mismatch shows the first 32-bit word that differs.
 */
void flash_check(uint32_t offset, uint32_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pflash unit 1, and the shadow in RAM of what it must hold. */
#ifndef PFLASH_HAMMER_FLASH_H
#define PFLASH_HAMMER_FLASH_H

#include <stdint.h>

/* Takes what the flash holds now as what it must hold. */
void flash_adopt(void);

/* Programs one cell; offset is below FLASH_SIZE. */
void flash_program(uint32_t offset, uint8_t value);

/* Compares one aligned 32-bit word of cells with the shadow. */
void flash_check(uint32_t offset);

#endif

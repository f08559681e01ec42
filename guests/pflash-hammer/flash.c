/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pflash unit 1, and the shadow in RAM of what it must hold.
 *
 * Theory of operation: a snapshot or a migration may stop the vCPU between any two instructions,
 * but registers, RAM, flash and the flash's command state then travel together. The guest thus
 * always goes on to finish its program, and between two programs every cell equals its shadow.
 * Somebody who looks from outside while the guest stands may find one cell halfway: he leaves out
 * the one that the intent names.
 *
 * More vCPUs will need a lock around program and check: the device knows a single command state,
 * and the page a single intent.
 */
#include "flash.h"

#include "layout.h"
#include "machine.h"
#include "publish.h"

/* CFI command set 01. */
#define CMD_PROGRAM 0x40
#define CMD_READ_ARRAY 0xff

/* All volatile: the order of these accesses is the point of the program. */
#define CELL ((volatile uint8_t *)FLASH_GPA)
#define SHADOW ((volatile uint8_t *)SHADOW_GPA)

void flash_adopt(void)
{
	CELL[0] = CMD_READ_ARRAY;
	words_copy(SHADOW, CELL, FLASH_SIZE / 4);

	store64(&TELEMETRY->shadow_gpa, SHADOW_GPA);
	store64(&TELEMETRY->shadow_size, FLASH_SIZE);
}

/* QEMU's flash takes any value without an erase, and is done when the store returns: no polling. */
void flash_program(uint32_t offset, uint8_t value)
{
	store64(&TELEMETRY->intent, (uint64_t)offset + 1);
	SHADOW[offset] = value;
	CELL[offset] = CMD_PROGRAM;
	CELL[offset] = value;
	CELL[offset] = CMD_READ_ARRAY;
	store64(&TELEMETRY->intent, 0);
	publish_add(&TELEMETRY->flash_writes, 1);
}

void flash_check(uint32_t offset, uint32_t size)
{
	uint32_t good = 4 * words_equal(&SHADOW[offset], &CELL[offset], size / 4);
	uint32_t bad = offset + good;

	publish_add(&TELEMETRY->flash_checks, size);
	if (good < size)
		publish_mismatch(TELEMETRY_PLACE_FLASH, bad, *(volatile uint32_t *)&SHADOW[bad],
				 *(volatile uint32_t *)&CELL[bad]);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pflash unit 1, and the shadow in RAM of what it must hold.
 *
 * Theory of operation: a snapshot or a migration may stop the vCPUs between any two instructions,
 * but registers, RAM, flash and the flash's command state then travel together. The guest thus
 * always goes on to finish its command, and between two commands every cell equals its shadow.
 * Somebody who looks from outside while the guest stands may find one command of a vCPU halfway: he
 * leaves out the range that the vCPU's intent names.
 *
 * The device knows a single command, and shows no cells while it is in it: so a vCPU needs it for
 * itself from a command's first byte until the array can be read again, and also for a check.
 */
#include "flash.h"

#include "layout.h"
#include "lock.h"
#include "machine.h"
#include "publish.h"

/* CFI command set 01. */
#define CMD_ERASE 0x20
#define CMD_ERASE_CONFIRM 0xd0
#define CMD_PROGRAM 0x40
#define CMD_READ_STATUS 0x70
#define CMD_READ_ARRAY 0xff

#define STATUS_READY 0x80

/* Cells that are compared at a time: a power of two from 4 to FLASH_BLOCK_SIZE. */
#define CHECK_SIZE 64u

/* All volatile: the order of these accesses is the point of the program. */
#define CELL ((volatile uint8_t *)FLASH_GPA)
#define SHADOW ((volatile uint8_t *)SHADOW_GPA)

static struct lock device;

void flash_adopt(void)
{
	CELL[0] = CMD_READ_ARRAY;
	words_copy(SHADOW, CELL, FLASH_SIZE / 4);

	store64(&TELEMETRY->shadow_gpa, SHADOW_GPA);
	store64(&TELEMETRY->shadow_size, FLASH_SIZE);
}

void flash_begin(struct flash *flash, uint32_t vcpu, uint32_t vcpus)
{
	uint32_t blocks = FLASH_SIZE / FLASH_BLOCK_SIZE;
	uint32_t start = blocks * vcpu / vcpus * FLASH_BLOCK_SIZE;
	uint32_t end = blocks * (vcpu + 1) / vcpus * FLASH_BLOCK_SIZE;

	*flash = (struct flash){
		.vcpu = vcpu,
		.start = start,
		.size = end - start,
		.next_check = start,
		.shared = vcpus > 1,
	};
}

void flash_take(struct flash *flash)
{
	if (flash->shared)
		lock_take(&device, flash->vcpu);
}

void flash_release(struct flash *flash)
{
	if (flash->shared)
		lock_release(&device, flash->vcpu);
}

static void intent_set(struct flash *flash, uint32_t offset, uint32_t length)
{
	TELEMETRY->vcpu[flash->vcpu].intent_offset = offset;
	TELEMETRY->vcpu[flash->vcpu].intent_length = length;
}

static void intent_clear(struct flash *flash)
{
	TELEMETRY->vcpu[flash->vcpu].intent_length = 0;
}

/* QEMU's flash takes any value without an erase, and is done when the store returns: no polling. */
void flash_program(struct flash *flash, uint32_t random)
{
	uint32_t offset = flash->start + random % flash->size;
	uint8_t value = random >> 24;

	intent_set(flash, offset, 1);
	SHADOW[offset] = value;
	CELL[offset] = CMD_PROGRAM;
	CELL[offset] = value;
	CELL[offset] = CMD_READ_ARRAY;
	intent_clear(flash);
	publish_add(&TELEMETRY->vcpu[flash->vcpu].flash_writes, 1);
}

void flash_erase(struct flash *flash, uint32_t random)
{
	uint32_t block = (flash->start + random % flash->size) & ~(FLASH_BLOCK_SIZE - 1);

	intent_set(flash, block, FLASH_BLOCK_SIZE);
	words_fill(&SHADOW[block], 0xffffffff, FLASH_BLOCK_SIZE / 4);
	CELL[block] = CMD_ERASE;
	CELL[block] = CMD_ERASE_CONFIRM;
	CELL[block] = CMD_READ_STATUS;
	while (!(CELL[block] & STATUS_READY))
		pause();
	CELL[block] = CMD_READ_ARRAY;
	intent_clear(flash);
	publish_add(&TELEMETRY->vcpu[flash->vcpu].flash_erases, 1);
}

void flash_check(struct flash *flash)
{
	uint32_t offset = flash->next_check;
	uint32_t good, bad;

	good = 4 * words_equal(&SHADOW[offset], &CELL[offset], CHECK_SIZE / 4);
	bad = offset + good;
	if (good < CHECK_SIZE)
		publish_mismatch(TELEMETRY_PLACE_FLASH, flash->vcpu, bad,
				 *(volatile uint32_t *)&SHADOW[bad],
				 *(volatile uint32_t *)&CELL[bad]);
	publish_add(&TELEMETRY->vcpu[flash->vcpu].flash_checks, CHECK_SIZE);

	flash->next_check += CHECK_SIZE;
	if (flash->next_check == flash->start + flash->size)
		flash->next_check = flash->start;
}

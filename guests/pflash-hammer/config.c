/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds out from fw_cfg what the guest is told to do. */
#include "config.h"

#include "layout.h"
#include "machine.h"

#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_RAM_SIZE 0x03

#define MIB (1024u * 1024)

/* q35 keeps at least this much RAM below the PCI hole, if there is as much. */
#define RAM_LOW_MAX (2048u * MIB)
#define RAM_MIN (16u * MIB)
#define WORKING_SET_MAX (16u * MIB)

static uint64_t fw_cfg_read64(uint16_t key)
{
	uint64_t value = 0;

	out16(FW_CFG_SELECTOR, key);
	for (unsigned int shift = 0; shift < 64; shift += 8)
		value |= (uint64_t)in8(FW_CFG_DATA) << shift;
	return value;
}

bool config_read(struct config *ret_config)
{
	uint64_t ram = fw_cfg_read64(FW_CFG_RAM_SIZE);
	uint32_t ram_low = ram < RAM_LOW_MAX ? (uint32_t)ram : RAM_LOW_MAX;
	uint32_t room;

	if (ram_low < RAM_MIN)
		return false;
	room = (ram_low - RAM_GPA) & ~(PAGE_SIZE - 1);

	*ret_config = (struct config){
		.seed = 0x71736f61,
		.ram_size = room < WORKING_SET_MAX ? room : WORKING_SET_MAX,
		.turns_per_page = 8,
		.checks_per_turn = 64,
	};
	return true;
}

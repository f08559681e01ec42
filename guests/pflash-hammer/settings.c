/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds out from fw_cfg what the guest is told to do. */
#include "settings.h"

#include <stddef.h>

#include "../config.h"
#include "fw_cfg.h"
#include "layout.h"
#include "publish.h"

#define MIB (1024u * 1024)

/* q35 keeps at least this much RAM below the PCI hole, if there is as much. */
#define RAM_LOW_MAX GUEST_WORKING_SET_END
#define RAM_MIN (16u * MIB)

#define DEFAULT_SEED 0x71736f61
#define DEFAULT_WORKING_SET (16u * MIB)
#define DEFAULT_TURNS_PER_PAGE 8

_Static_assert(RAM_GPA == GUEST_WORKING_SET_GPA && PAGE_SIZE == GUEST_PAGE_SIZE, "config.h says so");

/* Magic, version and size say whether the rest may be read. */
#define HEADER_SIZE offsetof(struct guest_config, seed)

static void check_header(const struct guest_config *config, uint32_t file_size)
{
	if (file_size < HEADER_SIZE)
		publish_fault(TELEMETRY_FAULT_CONFIG_SIZE, file_size);
	if (config->magic != GUEST_CONFIG_MAGIC)
		publish_fault(TELEMETRY_FAULT_CONFIG_MAGIC, config->magic);
	if (config->version != GUEST_CONFIG_VERSION)
		publish_fault(TELEMETRY_FAULT_CONFIG_VERSION, config->version);
	if (config->size != file_size)
		publish_fault(TELEMETRY_FAULT_CONFIG_SIZE, file_size);
	if (file_size < GUEST_CONFIG_SIZE_MIN || file_size > GUEST_CONFIG_SIZE_MAX)
		publish_fault(TELEMETRY_FAULT_CONFIG_SIZE, file_size);
}

/* Leaves at 0 what the file does not have. */
static void read_config(struct guest_config *config)
{
	uint32_t known = sizeof(*config);
	uint32_t size;

	if (!fw_cfg_open(GUEST_CONFIG_FILE, &size))
		return;
	fw_cfg_read(config, HEADER_SIZE);
	check_header(config, size);
	fw_cfg_read(&config->seed, (size < known ? size : known) - HEADER_SIZE);
	for (uint32_t i = known; i < size; i++) {
		if (fw_cfg_read_le(1) != 0)
			publish_fault(TELEMETRY_FAULT_CONFIG_UNKNOWN, i);
	}
}

static uint32_t read_vcpus(void)
{
	uint32_t vcpus;

	fw_cfg_select(FW_CFG_NB_CPUS);
	vcpus = (uint32_t)fw_cfg_read_le(2);
	if (vcpus < 1 || vcpus > TELEMETRY_VCPUS_MAX)
		publish_fault(TELEMETRY_FAULT_VCPUS, vcpus);
	return vcpus;
}

/* Bytes from RAM_GPA on. */
static uint32_t read_room(void)
{
	uint64_t ram;

	fw_cfg_select(FW_CFG_RAM_SIZE);
	ram = fw_cfg_read_le(8);
	if (ram < RAM_MIN)
		publish_fault(TELEMETRY_FAULT_RAM, (uint32_t)ram / MIB);
	return (ram < RAM_LOW_MAX ? (uint32_t)ram : RAM_LOW_MAX) - RAM_GPA;
}

static uint32_t choose_ram_size(uint64_t wanted, uint32_t room, uint32_t vcpus)
{
	uint64_t pages = wanted / PAGE_SIZE;

	if (wanted == 0)
		pages = (room < DEFAULT_WORKING_SET ? room : DEFAULT_WORKING_SET) / PAGE_SIZE;
	if (pages < vcpus || pages > room / PAGE_SIZE)
		publish_fault(TELEMETRY_FAULT_CONFIG_WORKING_SET,
			      pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX);
	return (uint32_t)pages * PAGE_SIZE;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value != 0 ? value : fallback;
}

void settings_read(struct settings *ret_settings)
{
	static struct guest_config config;
	uint32_t vcpus = read_vcpus();
	uint32_t room = read_room();

	read_config(&config);

	ret_settings->seed = config.seed != 0 ? config.seed : DEFAULT_SEED;
	ret_settings->vcpus = vcpus;
	ret_settings->ram_size = choose_ram_size(config.working_set, room, vcpus);
	ret_settings->writes_per_turn = or_default(config.flash_writes_per_turn, 1);
	ret_settings->turns_per_write = or_default(config.turns_per_write, 1);
	ret_settings->pause_ns = config.pause_ns_per_turn;
	ret_settings->erase_every = config.erase_every;
	ret_settings->turns_per_page =
		or_default(config.turns_per_ram_page, DEFAULT_TURNS_PER_PAGE);
}

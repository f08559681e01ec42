/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's fw_cfg device, by its two ports. */
#include "fw_cfg.h"

#include "machine.h"

#define PORT_SELECTOR 0x510
#define PORT_DATA 0x511

#define FW_CFG_FILE_DIR 0x19

/* An entry of the directory; its numbers are big-endian. */
struct file {
	uint8_t size[4];
	uint8_t key[2];
	uint8_t reserved[2];
	char name[56]; /* ends with 0 */
};

void fw_cfg_select(uint16_t key)
{
	out16(PORT_SELECTOR, key);
}

void fw_cfg_read(void *to, uint32_t n)
{
	uint8_t *bytes = to;

	for (uint32_t i = 0; i < n; i++)
		bytes[i] = in8(PORT_DATA);
}

uint64_t fw_cfg_read_le(uint32_t n)
{
	uint64_t value = 0;

	fw_cfg_read(&value, n);
	return value;
}

static uint32_t big_endian(const uint8_t *bytes, uint32_t n)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

static bool has_name(const struct file *file, const char *name)
{
	for (uint32_t i = 0; i < sizeof(file->name); i++) {
		if (file->name[i] != name[i])
			return false;
		if (name[i] == '\0')
			return true;
	}
	return false;
}

bool fw_cfg_open(const char *name, uint32_t *ret_size)
{
	uint8_t count[4];
	struct file file;

	fw_cfg_select(FW_CFG_FILE_DIR);
	fw_cfg_read(count, sizeof(count));
	for (uint32_t left = big_endian(count, sizeof(count)); left > 0; left--) {
		fw_cfg_read(&file, sizeof(file));
		if (!has_name(&file, name))
			continue;
		*ret_size = big_endian(file.size, sizeof(file.size));
		fw_cfg_select(big_endian(file.key, sizeof(file.key)));
		return true;
	}
	return false;
}

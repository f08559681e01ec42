/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's fw_cfg device: what the machine has, and files of the command line. Boot vCPU only. */
#ifndef PFLASH_HAMMER_FW_CFG_H
#define PFLASH_HAMMER_FW_CFG_H

#include <stdbool.h>
#include <stdint.h>

#define FW_CFG_RAM_SIZE 0x03 /* 8 bytes */
#define FW_CFG_NB_CPUS 0x05  /* 2 bytes */

/* Goes to the first byte of an item. */
void fw_cfg_select(uint16_t key);

/* The next bytes of the selected item; 0 behind its end. */
void fw_cfg_read(void *to, uint32_t n);

/* The next n bytes, at most 8, as a little-endian number. */
uint64_t fw_cfg_read_le(uint32_t n);

/* Selects the file and tells its size; false if there is none of that name. */
bool fw_cfg_open(const char *name, uint32_t *ret_size);

#endif

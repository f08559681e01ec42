/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of a guest: a file that the daemon hands over by QEMU's fw_cfg, as in
 * `-fw_cfg name=opt/qsoak/config,file=PATH`, and that the guest reads once, at boot.
 *
 * Included by the firmware and by the daemon, so it needs <stdint.h> types from who includes it.
 * Little-endian, without padding. In every field 0 means the default, and without a file all are 0.
 *
 * New fields go to the end, and their 0 means what was before them. A guest takes a shorter struct
 * (what is missing is 0) and a longer one if all it does not know is 0; it refuses a longer one
 * that wants something new of it (TELEMETRY_FAULT_CONFIG_UNKNOWN). The version changes only when
 * old fields change their meaning.
 *
 * A reset of the VM reads it again, so the destination of a migration needs the same file.
 */
#ifndef QSOAK_GUESTS_CONFIG_H
#define QSOAK_GUESTS_CONFIG_H

#define GUEST_CONFIG_FILE "opt/qsoak/config"
#define GUEST_CONFIG_MAGIC 0x46434751u /* "QGCF" in memory order */
#define GUEST_CONFIG_VERSION 1u
#define GUEST_CONFIG_SIZE_MIN 40u /* bytes of the first struct of this version */
#define GUEST_CONFIG_SIZE_MAX 4096u

/* Where the working set may lie: from here on, and not beyond the RAM or the end. */
#define GUEST_WORKING_SET_GPA 0x400000u
#define GUEST_WORKING_SET_END 0x80000000u
#define GUEST_PAGE_SIZE 4096u

struct guest_config {
	uint32_t magic;	  /* GUEST_CONFIG_MAGIC */
	uint16_t version; /* GUEST_CONFIG_VERSION */
	uint16_t size;	  /* bytes of this struct as its writer knows it, and of the file */

	uint64_t seed; /* of the random offsets and values */

	/* The rate of each vCPU. The flash serves one vCPU at a time, for a turn. */
	uint32_t flash_writes_per_turn; /* bytes programmed in a turn; default 1 */
	uint32_t pause_ns_per_turn; /* halted after each turn; default not: as fast as possible */

	uint32_t erase_every;	     /* erase a block after every so many programs; default never */
	uint32_t turns_per_ram_page; /* verify and rewrite a page every so many turns; default 8 */

	/* Bytes of all vCPUs together, at least a page each, cut down to whole pages; default: the RAM
	 * from GUEST_WORKING_SET_GPA on, but not more than 16 MiB of it. */
	uint64_t working_set;

	uint32_t turns_per_write; /* the flash is written and checked every so many turns; default 1 */
	uint32_t reserved;
};

_Static_assert(sizeof(struct guest_config) >= GUEST_CONFIG_SIZE_MIN, "config layout");
_Static_assert(sizeof(struct guest_config) % 8 == 0, "config has no padding");

#endif

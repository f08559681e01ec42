/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The telemetry page: what a guest tells qsoak about itself, in its own RAM.
 *
 * Included by the firmware and by the daemon, so it needs <stdint.h> types from whoever includes it.
 * The guest writes, the daemon only reads. All fields are little-endian and naturally aligned, and
 * the guest stores each field with one access of the field's own width, so a reader sees old or
 * new values, never halves. Fields of one page are not consistent with each other.
 */
#ifndef QSOAK_GUESTS_TELEMETRY_H
#define QSOAK_GUESTS_TELEMETRY_H

/* Guest-physical address of the page. RAM below 0xa0000 and above 1 MiB lies in the guest's RAM
 * backend at the same offset. */
#define TELEMETRY_GPA 0x100000u
#define TELEMETRY_SIZE 4096u

#define TELEMETRY_MAGIC 0x31304b414f535121ull /* "!QSOAK01" in memory order */
#define TELEMETRY_VERSION 1u
#define TELEMETRY_VCPUS_MAX 8u

/* Where a mismatch was seen: the place of a corruption. */
enum telemetry_place {
	TELEMETRY_PLACE_NONE = 0,
	TELEMETRY_PLACE_FLASH = 1,
	TELEMETRY_PLACE_RAM = 2,
};

struct telemetry {
	uint64_t magic;   /* written last at boot: the page counts from then on */
	uint32_t version; /* TELEMETRY_VERSION */
	uint32_t vcpus;   /* vCPUs that run the workload, 1 to TELEMETRY_VCPUS_MAX */

	uint64_t flash_writes; /* bytes programmed into pflash unit 1 since boot */
	uint64_t flash_checks; /* cells of pflash unit 1 compared with the shadow since boot */
	uint64_t ram_sweeps;   /* full passes over the working set since boot */

	/* The first mismatch since boot. place is written last. expected and found are the 32-bit word
	 * at a multiple of 4; if they are equal, the fault was gone at a second look. */
	uint32_t mismatch_place;    /* enum telemetry_place */
	uint32_t mismatch_reserved; /* 0 */
	uint64_t mismatch_where;    /* flash: offset in unit 1; ram: guest-physical address */
	uint64_t mismatch_expected;
	uint64_t mismatch_found;

	/* Layout, constant after boot: what the guest believes pflash unit 1 holds. */
	uint64_t shadow_gpa;
	uint64_t shadow_size; /* bytes; equals the part of unit 1 that is written */
	uint64_t ram_gpa;     /* working set that is dirtied and checked */
	uint64_t ram_size;

	/* The one flash cell in flight: its offset + 1, or 0. Stored before shadow and flash are: each
	 * of them may hold the old byte or the new one, so a reader skips this cell. */
	uint64_t intent;

	uint64_t reserved[2];

	/* One cache line a vCPU; each vCPU adds 1 to its own tick at every turn of its loop. */
	struct {
		uint64_t tick;
		uint64_t reserved[7];
	} vcpu[TELEMETRY_VCPUS_MAX];
};

_Static_assert(sizeof(struct telemetry) == 128 + 64 * TELEMETRY_VCPUS_MAX, "telemetry layout");
_Static_assert(sizeof(struct telemetry) <= TELEMETRY_SIZE, "telemetry fits its page");

#endif

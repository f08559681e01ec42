/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The telemetry page: what a guest tells qsoak about itself, in its own RAM.
 *
 * Included by the firmware and by the daemon, so it needs <stdint.h> types from who includes it.
 * The guest writes; the daemon only reads, but for generation_wanted. All fields are little-endian
 * and naturally aligned, and each is stored with one access of its own width, so a reader sees old
 * or new values, never halves. Fields of one page are not consistent with each other. Fields named
 * reserved are 0.
 *
 * Boot: the boot vCPU clears the page (magic first), stores version, does its work, and stores the
 * magic when every vCPU is about to run its loop. A guest that cannot run stores version and fault
 * and halts: no magic ever, but fault may be read without it.
 *
 * Generation: tells which of several states of one guest this is. The daemon stores N, above all it
 * stored before, in generation_wanted while the guest runs and no operation is under way, and waits
 * until generation is N: the guest's own store, which QEMU sees and takes along, as it would not
 * see the daemon's. Then generation is N in a snapshot saved after that, and exactly N again when
 * it has been loaded: wanted comes back with it, so the guest's next turn changes nothing. A
 * migration keeps it: the destination has the source's last, and further stores go to the
 * destination's RAM. A wanted that was not waited for may be lost in a load or a migration.
 */
#ifndef QSOAK_GUESTS_TELEMETRY_H
#define QSOAK_GUESTS_TELEMETRY_H

/* Guest-physical address of the page. RAM below 0xa0000 and above 1 MiB lies in the guest's RAM
 * backend at the same offset. */
#define TELEMETRY_GPA 0x100000u
#define TELEMETRY_SIZE 4096u

#define TELEMETRY_MAGIC 0x31304b414f535121ull /* "!QSOAK01" in memory order */
#define TELEMETRY_VERSION 2u
#define TELEMETRY_VCPUS_MAX 8u

/* Where a mismatch was seen: the place of a corruption. */
enum telemetry_place {
	TELEMETRY_PLACE_NONE = 0,
	TELEMETRY_PLACE_FLASH = 1,
	TELEMETRY_PLACE_RAM = 2,
};

/* Why the guest does not run. All but VCPUS_MISSING are final: the guest has halted. */
enum telemetry_fault {
	TELEMETRY_FAULT_NONE = 0,

	/* The guest waits for vCPUs that it has told to start; goes away when the last one comes, so
	 * judge it when the boot is overdue. fault_value: how many have come. */
	TELEMETRY_FAULT_VCPUS_MISSING = 1,

	TELEMETRY_FAULT_VCPUS = 2, /* more than TELEMETRY_VCPUS_MAX; fault_value: how many */
	TELEMETRY_FAULT_RAM = 3,   /* too little; fault_value: MiB below 4 GiB */

	/* guests/config.h says what is right; fault_value: what was found. */
	TELEMETRY_FAULT_CONFIG_SIZE = 4,
	TELEMETRY_FAULT_CONFIG_MAGIC = 5,
	TELEMETRY_FAULT_CONFIG_VERSION = 6,
	TELEMETRY_FAULT_CONFIG_UNKNOWN = 7,	/* a field this guest does not know; its offset */
	TELEMETRY_FAULT_CONFIG_WORKING_SET = 8, /* does not fit the RAM or the vCPUs; its pages */
	TELEMETRY_FAULT_COUNT
};

/* Written by its own vCPU alone, while it runs. Counters: since boot; only a snapshot-load and a
 * reset take them back. */
struct telemetry_vcpu {
	uint64_t tick;	       /* turns of its loop; stored last in a turn */
	uint64_t flash_writes; /* bytes programmed into pflash unit 1 */
	uint64_t flash_erases; /* blocks of pflash unit 1 erased */
	uint64_t flash_checks; /* bytes of pflash unit 1 compared with the shadow */
	uint64_t ram_sweeps;   /* full passes over its slice of the working set */

	/* The range of flash in flight: shadow and flash may each hold the old bytes or the new ones,
	 * and a reader leaves the range out. Length is stored after offset, and before shadow and
	 * flash are; it is 0 when nothing is in flight, and offset says nothing then. */
	uint32_t intent_offset; /* bytes into unit 1 */
	uint32_t intent_length; /* bytes */

	uint64_t reserved[2];
};

struct telemetry {
	/* By the boot vCPU, constant from the magic on. */
	uint64_t magic;	  /* stored last at boot: the page counts from then on */
	uint32_t version; /* TELEMETRY_VERSION */
	uint32_t vcpus;	  /* vCPUs that run the workload, 1 to TELEMETRY_VCPUS_MAX */
	uint32_t fault;	  /* enum telemetry_fault, stored after its value; counts without magic */
	uint32_t fault_value; /* see enum telemetry_fault */
	uint64_t shadow_gpa;  /* RAM that holds what the guest believes pflash unit 1 holds */
	uint64_t shadow_size; /* bytes, from the beginning of unit 1 */
	uint64_t ram_gpa;     /* working set that is dirtied and checked */
	uint64_t ram_size;    /* bytes */
	uint64_t reserved0[1];

	/* The first mismatch of the machine since boot, by the vCPU that saw it; stays. expected and
	 * found are the 32-bit word at a multiple of 4; if they are equal, the fault was gone at a
	 * second look. */
	uint32_t mismatch_place; /* enum telemetry_place, stored last: the others count if not 0 */
	uint32_t mismatch_vcpu;	 /* index in vcpu[] */
	uint64_t mismatch_where; /* flash: offset in unit 1; ram: guest-physical address */
	uint64_t mismatch_expected;
	uint64_t mismatch_found;
	uint64_t reserved1[4];

	/* By the daemon, while the guest runs; cleared by the guest at boot. See above. */
	uint64_t generation_wanted;
	uint64_t reserved2[7];

	/* By vCPU 0, at each of its turns: generation_wanted as it was then. 0 after boot. */
	uint64_t generation;
	uint64_t reserved3[7];

	/* One cache line a vCPU, in the order of their APIC IDs, which is QEMU's order. */
	struct telemetry_vcpu vcpu[TELEMETRY_VCPUS_MAX];
};

_Static_assert(sizeof(struct telemetry_vcpu) == 64, "telemetry layout");
_Static_assert(sizeof(struct telemetry) == 256 + 64 * TELEMETRY_VCPUS_MAX, "telemetry layout");
_Static_assert(sizeof(struct telemetry) <= TELEMETRY_SIZE, "telemetry fits its page");

#endif

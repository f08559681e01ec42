/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting the other vCPUs, and waiting for them.
 *
 * Theory of operation: one INIT and one startup IPI go to all but the boot vCPU, so nobody needs to
 * know their APIC IDs. Each that comes sets the bit of its ID. When there are as many as fw_cfg
 * promised, the map is published, and each knows its index by the bits below its own: so vCPU n of
 * the telemetry is QEMU's vCPU n, whoever came first. QEMU's and KVM's IPIs get there without the
 * delays and the second startup IPI that hardware wants; one that is lost is a bug to be seen.
 */
#include "smp.h"

#include "../telemetry.h"
#include "apic.h"
#include "machine.h"
#include "publish.h"

/* In start.S. */
extern const uint32_t trampoline[];
extern const uint32_t trampoline_words;

static volatile uint32_t come;	/* a bit for each APIC ID */
static volatile uint32_t all;	/* the same, when all have come; else 0 */
static volatile uint32_t ready; /* how many */
static uint32_t apic_ids[TELEMETRY_VCPUS_MAX];

static uint32_t count_bits(uint32_t bits)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 32; i++)
		n += bits >> i & 1;
	return n;
}

static void come_in(uint32_t apic_id)
{
	__atomic_fetch_or(&come, 1u << apic_id, __ATOMIC_SEQ_CST);
}

static void wait_for_all(uint32_t vcpus)
{
	uint32_t before = 0;
	uint32_t now;

	while (count_bits(now = come) < vcpus) {
		if (now != before)
			publish_waiting(TELEMETRY_FAULT_VCPUS_MISSING, count_bits(now));
		before = now;
		pause();
	}
	publish_waited();
}

void smp_start(uint32_t apic_id, uint32_t vcpus)
{
	uint32_t index = 0;

	come_in(apic_id);
	if (vcpus > 1) {
		words_copy((volatile void *)TRAMPOLINE_GPA, trampoline, trampoline_words);
		APIC(APIC_COMMAND) = COMMAND_INIT;
		APIC(APIC_COMMAND) = COMMAND_STARTUP;
	}
	wait_for_all(vcpus);

	for (uint32_t id = 0; id < APIC_IDS && index < vcpus; id++) {
		if (come >> id & 1)
			apic_ids[index++] = id;
	}
	__atomic_store_n(&all, come, __ATOMIC_RELEASE);
}

void smp_arrive(uint32_t apic_id)
{
	come_in(apic_id);
	while (all == 0)
		pause();
}

uint32_t smp_index(uint32_t apic_id)
{
	return count_bits(all & ((1u << apic_id) - 1));
}

uint32_t smp_apic_id(uint32_t index)
{
	return apic_ids[index];
}

void smp_ready(void)
{
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
}

void smp_wait_ready(uint32_t vcpus)
{
	while (ready < vcpus)
		pause();
}

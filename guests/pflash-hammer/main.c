/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pflash-hammer: writes to pflash unit 1 and dirties RAM without end, and checks both. */
#include <stdnoreturn.h>

#include "flash.h"
#include "layout.h"
#include "publish.h"
#include "settings.h"
#include "sleep.h"
#include "smp.h"
#include "sweep.h"

/* What one vCPU works with. */
struct cpu {
	uint32_t index;
	uint32_t random;
	uint32_t writes_to_erase; /* programs left until the next erase */
	uint32_t turns_to_write;  /* turns left until it writes to the flash */
	uint32_t turns_to_page;	  /* turns left until the next page of the sweep */
	struct flash flash;
	struct sweep sweep;
};

static struct settings settings;
static struct cpu cpus[TELEMETRY_VCPUS_MAX];

/* start.S calls these, on a stack of the vCPU's own. */
noreturn void boot_main(uint32_t apic_id);
noreturn void ap_main(uint32_t apic_id);

/* xorshift32, Marsaglia 2003; never 0. */
static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* SplitMix64, Steele, Lea, Flood 2014: vCPUs and similar seeds get unlike beginnings. */
static uint32_t random_begin(uint64_t seed, uint32_t index)
{
	uint64_t z = seed + index * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (uint32_t)z != 0 ? (uint32_t)z : 1;
}

static void write(struct cpu *cpu)
{
	flash_program(&cpu->flash, random_next(&cpu->random));
	if (settings.erase_every == 0 || --cpu->writes_to_erase > 0)
		return;
	cpu->writes_to_erase = settings.erase_every;
	flash_erase(&cpu->flash, random_next(&cpu->random));
}

static void work_on_flash(struct cpu *cpu)
{
	flash_take(&cpu->flash);
	for (uint32_t i = 0; i < settings.writes_per_turn; i++)
		write(cpu);
	flash_check(&cpu->flash);
	flash_release(&cpu->flash);
}

static void turn(struct cpu *cpu)
{
	if (--cpu->turns_to_write == 0) {
		cpu->turns_to_write = settings.turns_per_write;
		work_on_flash(cpu);
	}
	if (--cpu->turns_to_page == 0) {
		cpu->turns_to_page = settings.turns_per_page;
		sweep_page(&cpu->sweep);
	}

	if (cpu->index == 0)
		publish_generation();
	publish_add(&TELEMETRY->vcpu[cpu->index].tick, 1);
}

static struct cpu *begin(uint32_t apic_id)
{
	uint32_t index = smp_index(apic_id);
	struct cpu *cpu = &cpus[index];

	sleep_begin();
	cpu->index = index;
	cpu->random = random_begin(settings.seed, index);
	cpu->writes_to_erase = settings.erase_every;
	cpu->turns_to_write = settings.turns_per_write;
	cpu->turns_to_page = settings.turns_per_page;
	flash_begin(&cpu->flash, index, settings.vcpus);
	sweep_begin(&cpu->sweep, settings.ram_size, index, settings.vcpus);
	smp_ready();
	return cpu;
}

static noreturn void run(struct cpu *cpu)
{
	for (;;) {
		turn(cpu);
		if (settings.pause_ns > 0)
			sleep_for(settings.pause_ns);
	}
}

noreturn void boot_main(uint32_t apic_id)
{
	struct cpu *cpu;

	publish_begin();
	settings_read(&settings);
	flash_adopt();
	sweep_adopt(settings.ram_size);
	smp_start(apic_id, settings.vcpus);

	cpu = begin(apic_id);
	smp_wait_ready(settings.vcpus);
	TELEMETRY->vcpus = settings.vcpus;
	publish_ready();
	run(cpu);
}

noreturn void ap_main(uint32_t apic_id)
{
	smp_arrive(apic_id);
	run(begin(apic_id));
}

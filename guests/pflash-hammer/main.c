/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pflash-hammer: programs pflash unit 1 and dirties RAM without end, and checks both as it goes. */
#include <stdnoreturn.h>

#include "config.h"
#include "flash.h"
#include "layout.h"
#include "machine.h"
#include "publish.h"
#include "sweep.h"

/* What one vCPU works with. */
struct cpu {
	uint32_t index;
	uint32_t random;
	uint32_t check;		/* flash offset of the next check */
	uint32_t turns_to_page; /* turns left until the next page of the sweep */
	struct sweep sweep;
};

static struct config config;
static struct cpu cpus[TELEMETRY_VCPUS_MAX];

_Static_assert(CPUS_MAX == TELEMETRY_VCPUS_MAX, "start.S has a stack for each vCPU");

noreturn void cpu_main(uint32_t index);

/* xorshift32, Marsaglia 2003. */
static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void turn(struct cpu *cpu)
{
	uint32_t random = random_next(&cpu->random);

	flash_program(random % FLASH_SIZE, random >> 24);

	flash_check(cpu->check, config.checks_per_turn);
	cpu->check = (cpu->check + config.checks_per_turn) % FLASH_SIZE;

	if (--cpu->turns_to_page == 0) {
		cpu->turns_to_page = config.turns_per_page;
		sweep_page(&cpu->sweep);
	}

	publish_add(&TELEMETRY->vcpu[cpu->index].tick, 1);
}

/* Without the magic in its page, a guest that halts is seen to have never started. */
static void boot(struct cpu *cpu)
{
	publish_begin();
	while (!config_read(&config))
		halt();

	cpu->random = config.seed;
	cpu->turns_to_page = config.turns_per_page;
	flash_adopt();
	sweep_begin(&cpu->sweep, RAM_GPA, config.ram_size);

	TELEMETRY->vcpus = 1;
	publish_ready();
}

noreturn void cpu_main(uint32_t index)
{
	struct cpu *cpu = &cpus[index];

	cpu->index = index;
	boot(cpu);
	for (;;)
		turn(cpu);
}

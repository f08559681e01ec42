/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs that halt until something happens.
 *
 * Theory of operation: interrupts are off but in a sleep. So one that comes earlier stays pending
 * in the vCPU's APIC and ends the next sleep at once: none is lost, but a sleep may end for a reason
 * that is gone. Who sleeps thus looks again at what he waits for. The handlers (start.S) leave
 * interrupts off when they return, and tell by %eax which of them it was.
 */
#include "sleep.h"

#include <stdbool.h>

#include "apic.h"
#include "smp.h"

void sleep_begin(void)
{
	/* The PIC is not set up, and must stay unheard. */
	APIC(APIC_LINT0) = APIC_MASKED;
	APIC(APIC_SPURIOUS) = APIC_ENABLE | VECTOR_SPURIOUS;
	APIC(APIC_TIMER_DIVIDE) = APIC_DIVIDE_BY_1;
	APIC(APIC_TIMER) = VECTOR_TIMER;
}

/* True if it was the timer that ended it. */
static bool sleep(void)
{
	uint32_t vector = 0;

	/* sti lets interrupts in only behind hlt. */
	__asm__ volatile("sti\n\t"
			 "hlt\n\t"
			 "cli"
			 : "+a"(vector)
			 :
			 : "memory", "cc");
	return vector == VECTOR_TIMER;
}

void sleep_until_woken(void)
{
	sleep();
}

void sleep_wake(uint32_t index)
{
	APIC(APIC_COMMAND_TO) = smp_apic_id(index) << APIC_TO_SHIFT;
	APIC(APIC_COMMAND) = COMMAND_WAKE;
}

/* Each start of the timer is answered by one interrupt, and nobody else starts it. */
void sleep_for(uint32_t ns)
{
	APIC(APIC_TIMER_COUNT) = ns;
	while (!sleep())
		;
}

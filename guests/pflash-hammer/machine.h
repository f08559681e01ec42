/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few things that C cannot say: ports, waiting, and a 64-bit store that is one access. */
#ifndef PFLASH_HAMMER_MACHINE_H
#define PFLASH_HAMMER_MACHINE_H

#include <stdint.h>

static inline void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void halt(void)
{
	__asm__ volatile("hlt");
}

/*
 * A 32-bit CPU has no plain store of 64 bits, so this goes through an MMX register, which nothing
 * else here uses. No store of the program is moved across it.
 */
static inline void store64(volatile uint64_t *to, uint64_t value)
{
	__asm__ volatile("movq %1, %%mm0\n\t"
			 "movq %%mm0, %0"
			 : "=m"(*to)
			 : "m"(value)
			 : "memory");
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few things that C cannot say: ports, waiting, string instructions, 64 bits at once. */
#ifndef PFLASH_HAMMER_MACHINE_H
#define PFLASH_HAMMER_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

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

/*
 * To be called in every loop that waits for another vCPU: where one host thread runs all vCPUs (TCG
 * with thread=single), this is what lets the next one run.
 */
static inline void pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static noreturn inline void halt(void)
{
	for (;;)
		__asm__ volatile("hlt");
}

/*
 * A 32-bit CPU has no plain load or store of 64 bits, so these go through an MMX register, which
 * nothing else here uses. No access of the program is moved across them.
 */

static inline void store64(volatile uint64_t *to, uint64_t value)
{
	__asm__ volatile("movq %1, %%mm0\n\t"
			 "movq %%mm0, %0"
			 : "=m"(*to)
			 : "m"(value)
			 : "memory");
}

static inline void copy64(volatile uint64_t *to, const volatile uint64_t *from)
{
	__asm__ volatile("movq %1, %%mm0\n\t"
			 "movq %%mm0, %0"
			 : "=m"(*to)
			 : "m"(*from)
			 : "memory");
}

/*
 * Runs of 32-bit words go through the string instructions: some hosts emulate a guest without
 * paging one instruction at a time (KVM on a PVM host), and a loop of them takes ten times as long.
 */

static inline void words_fill(volatile void *to, uint32_t value, uint32_t n)
{
	__asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(value) : "memory");
}

static inline void words_copy(volatile void *to, const volatile void *from, uint32_t n)
{
	__asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/* How many words have the value before the first that has not; n is not 0. */
static inline uint32_t words_with(const volatile void *words, uint32_t value, uint32_t n)
{
	uint32_t left = n;
	bool same;

	__asm__ volatile("repe scasl"
			 : "+D"(words), "+c"(left), "=@ccz"(same)
			 : "a"(value)
			 : "memory");
	return same ? n : n - left - 1;
}

/* How many words are equal before the first that differs; n is not 0. */
static inline uint32_t words_equal(const volatile void *a, const volatile void *b, uint32_t n)
{
	uint32_t left = n;
	bool same;

	__asm__ volatile("repe cmpsl" : "+S"(a), "+D"(b), "+c"(left), "=@ccz"(same) : : "memory");
	return same ? n : n - left - 1;
}

#endif

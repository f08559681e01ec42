/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lock between vCPUs.
 *
 * Theory of operation: who finds the lock taken leaves its bit in the state and sleeps. Who releases
 * it looks for the next bit above its own, around the corner, hands the lock over without ever
 * freeing it, and wakes the new owner. Nobody spins: a vCPU that does takes host CPUs from the
 * threads of QEMU that the owner needs for each of its writes, and costs most of the rate.
 */
#include "lock.h"

#include <stdbool.h>

#include "sleep.h"

#define FREE 0u
#define TAKEN (1u << 31) /* and a bit for each vCPU that waits */

/* Makes new of old; else tells what is there instead. */
static bool change(uint32_t *state, uint32_t *old, uint32_t new)
{
	return __atomic_compare_exchange_n(state, old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

void lock_take(struct lock *lock, uint32_t vcpu)
{
	uint32_t old = FREE;
	uint32_t new = TAKEN;

	while (!change(&lock->state, &old, new))
		new = old == FREE ? TAKEN : old | 1u << vcpu;
	if (old == FREE)
		return;
	while (!lock->granted[vcpu])
		sleep_until_woken();
	lock->granted[vcpu] = 0;
}

/* The state has at least one bit of a vCPU. */
static uint32_t next_of(uint32_t state, uint32_t vcpu)
{
	do
		vcpu = (vcpu + 1) % TELEMETRY_VCPUS_MAX;
	while (!(state >> vcpu & 1));
	return vcpu;
}

void lock_release(struct lock *lock, uint32_t vcpu)
{
	uint32_t old = TAKEN;
	uint32_t new = FREE;
	uint32_t next = 0;

	while (!change(&lock->state, &old, new)) {
		next = next_of(old, vcpu);
		new = old & ~(1u << next);
	}
	if (old == TAKEN)
		return;
	lock->granted[next] = 1;
	sleep_wake(next);
}

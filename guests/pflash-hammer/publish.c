/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the telemetry page, each field with one access of its own width. */
#include "publish.h"

#include <stddef.h>

#include "machine.h"

/* 1 from the first mismatch on. */
static uint32_t mismatch_seen;

void publish_begin(void)
{
	volatile uint64_t *word = (volatile uint64_t *)TELEMETRY_GPA;

	_Static_assert(offsetof(struct telemetry, magic) == 0, "the magic goes first");
	for (uint32_t i = 0; i < TELEMETRY_SIZE / sizeof(*word); i++)
		store64(&word[i], 0);
	TELEMETRY->version = TELEMETRY_VERSION;
}

void publish_ready(void)
{
	store64(&TELEMETRY->magic, TELEMETRY_MAGIC);
}

void publish_waiting(enum telemetry_fault fault, uint32_t value)
{
	TELEMETRY->fault_value = value;
	TELEMETRY->fault = fault;
}

void publish_waited(void)
{
	TELEMETRY->fault = TELEMETRY_FAULT_NONE;
	TELEMETRY->fault_value = 0;
}

noreturn void publish_fault(enum telemetry_fault fault, uint32_t value)
{
	publish_waiting(fault, value);
	halt();
}

void publish_mismatch(enum telemetry_place place, uint32_t vcpu, uint64_t where, uint64_t expected,
		      uint64_t found)
{
	if (__atomic_exchange_n(&mismatch_seen, 1, __ATOMIC_SEQ_CST) != 0)
		return;
	TELEMETRY->mismatch_vcpu = vcpu;
	store64(&TELEMETRY->mismatch_where, where);
	store64(&TELEMETRY->mismatch_expected, expected);
	store64(&TELEMETRY->mismatch_found, found);
	TELEMETRY->mismatch_place = place;
}

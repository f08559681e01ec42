/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the telemetry page, each field with one access of its own width. */
#include "publish.h"

#include <stddef.h>

#include "machine.h"

void publish_begin(void)
{
	volatile uint64_t *word = (volatile uint64_t *)TELEMETRY_GPA;

	_Static_assert(offsetof(struct telemetry, magic) == 0, "the magic goes first");
	for (uint32_t i = 0; i < TELEMETRY_SIZE / sizeof(*word); i++)
		store64(&word[i], 0);
}

void publish_ready(void)
{
	TELEMETRY->version = TELEMETRY_VERSION;
	store64(&TELEMETRY->magic, TELEMETRY_MAGIC);
}

void publish_add(volatile uint64_t *counter, uint32_t n)
{
	store64(counter, *counter + n);
}

void publish_mismatch(enum telemetry_place place, uint64_t where, uint64_t expected, uint64_t found)
{
	if (TELEMETRY->mismatch_place != TELEMETRY_PLACE_NONE)
		return;
	store64(&TELEMETRY->mismatch_where, where);
	store64(&TELEMETRY->mismatch_expected, expected);
	store64(&TELEMETRY->mismatch_found, found);
	TELEMETRY->mismatch_place = place;
}

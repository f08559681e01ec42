/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The working set of RAM: pages that describe themselves, verified and rewritten in sweeps.
 *
 * Theory of operation: every 8 bytes hold their own address and the generation that wrote them,
 * and the guest knows what generation each page has. So a page that is lost, stale, torn or in
 * the wrong place is seen, and the value found tells where it comes from and how old it is.
 */
#include "sweep.h"

#include <stdbool.h>

#include "layout.h"
#include "machine.h"
#include "publish.h"

static void page_write(uint32_t page, uint32_t generation)
{
	for (uint32_t at = page; at < page + PAGE_SIZE; at += 8) {
		volatile uint32_t *unit = (volatile uint32_t *)at;

		unit[0] = at;
		unit[1] = generation;
	}
}

static bool page_verify(uint32_t page, uint32_t generation)
{
	for (uint32_t at = page; at < page + PAGE_SIZE; at += 8) {
		volatile uint32_t *unit = (volatile uint32_t *)at;
		uint32_t address = unit[0];
		uint32_t written = unit[1];

		if (address == at && written == generation)
			continue;
		publish_mismatch(TELEMETRY_PLACE_RAM, at, (uint64_t)generation << 32 | at,
				 (uint64_t)written << 32 | address);
		return false;
	}
	return true;
}

void sweep_begin(struct sweep *sweep, uint32_t start, uint32_t size)
{
	*sweep = (struct sweep){
		.start = start,
		.end = start + size,
		.next = start,
		.generation = 1,
	};
	for (uint32_t page = sweep->start; page < sweep->end; page += PAGE_SIZE)
		page_write(page, sweep->generation - 1);

	store64(&TELEMETRY->ram_gpa, start);
	store64(&TELEMETRY->ram_size, size);
}

void sweep_page(struct sweep *sweep)
{
	/* A bad page stays as it was found: it is evidence. */
	if (page_verify(sweep->next, sweep->generation - 1))
		page_write(sweep->next, sweep->generation);

	sweep->next += PAGE_SIZE;
	if (sweep->next < sweep->end)
		return;
	sweep->next = sweep->start;
	sweep->generation++;
	publish_add(&TELEMETRY->ram_sweeps, 1);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The working set of RAM: pages that describe themselves, verified and rewritten in sweeps.
 *
 * Theory of operation: each 32-bit word of a page holds the page's address, and in the bits that
 * are 0 in it the generation that wrote it. The guest knows what generation each page has. So a
 * page that is lost, stale, torn or in the wrong place is seen, and the value found tells where it
 * comes from and how old it is.
 */
#include "sweep.h"

#include <stdbool.h>

#include "layout.h"
#include "machine.h"
#include "publish.h"

#define PAGE_WORDS (PAGE_SIZE / 4)

static uint32_t page_word(uint32_t page, uint32_t generation)
{
	return page | generation % PAGE_SIZE;
}

static void page_write(uint32_t page, uint32_t generation)
{
	words_fill((volatile uint32_t *)page, page_word(page, generation), PAGE_WORDS);
}

static bool page_verify(uint32_t vcpu, uint32_t page, uint32_t generation)
{
	volatile uint32_t *words = (volatile uint32_t *)page;
	uint32_t expected = page_word(page, generation);
	uint32_t good = words_with(words, expected, PAGE_WORDS);

	if (good == PAGE_WORDS)
		return true;
	publish_mismatch(TELEMETRY_PLACE_RAM, vcpu, page + 4 * good, expected, words[good]);
	return false;
}

void sweep_adopt(uint32_t size)
{
	store64(&TELEMETRY->ram_gpa, RAM_GPA);
	store64(&TELEMETRY->ram_size, size);
}

void sweep_begin(struct sweep *sweep, uint32_t size, uint32_t vcpu, uint32_t vcpus)
{
	uint32_t pages = size / PAGE_SIZE;
	uint32_t start = RAM_GPA + pages * vcpu / vcpus * PAGE_SIZE;

	*sweep = (struct sweep){
		.vcpu = vcpu,
		.start = start,
		.end = RAM_GPA + pages * (vcpu + 1) / vcpus * PAGE_SIZE,
		.next = start,
		.generation = 1,
	};
	for (uint32_t page = sweep->start; page < sweep->end; page += PAGE_SIZE)
		page_write(page, sweep->generation - 1);
}

void sweep_page(struct sweep *sweep)
{
	/* A bad page stays as it was found: it is evidence. */
	if (page_verify(sweep->vcpu, sweep->next, sweep->generation - 1))
		page_write(sweep->next, sweep->generation);

	sweep->next += PAGE_SIZE;
	if (sweep->next < sweep->end)
		return;
	sweep->next = sweep->start;
	sweep->generation++;
	publish_add(&TELEMETRY->vcpu[sweep->vcpu].ram_sweeps, 1);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Counting the blocks of a comparison. */
#include "campaign/blocks.h"

#include "base/mem.h"

struct place {
	bool open;   /* a block has begun and not ended */
	bool second; /* the next VM is the second one of its block */
	bool lost;   /* that block */
};

struct blocks {
	const struct profile *profile;
	struct place *places;
	unsigned complete, open, lost;
};

struct blocks *blocks_new(const struct profile *profile)
{
	struct blocks *blocks = mem_new(struct blocks);

	blocks->profile = profile;
	blocks->places = mem_zalloc(profile->vms * sizeof(*blocks->places));
	return blocks;
}

void blocks_free(struct blocks *blocks)
{
	if (!blocks)
		return;
	free(blocks->places);
	free(blocks);
}

bool blocks_may_boot(struct blocks *blocks, unsigned slot)
{
	unsigned wanted = blocks->profile->compare.blocks;

	if (blocks->places[slot].second)
		return true;
	if (blocks->complete + blocks->open >= wanted || blocks->lost > BLOCKS_LOST_MAX * wanted)
		return false;
	blocks->places[slot].open = true;
	blocks->open++;
	return true;
}

bool blocks_is_look(const struct blocks *blocks)
{
	const struct profile_compare *compare = &blocks->profile->compare;

	for (size_t i = 0; i + 1 < compare->look_count; i++)
		if (compare->looks[i] == blocks->complete)
			return true;
	return false;
}

bool blocks_vm_ended(struct blocks *blocks, unsigned slot, int64_t loops, unsigned *ret_blocks)
{
	struct place *place = &blocks->places[slot];
	bool whole = loops >= blocks->profile->loops_per_vm;

	if (!place->second) {
		place->second = true;
		place->lost = !whole;
		return false;
	}
	place->second = place->open = false;
	blocks->open--;
	if (place->lost || !whole) {
		blocks->lost++;
		return false;
	}
	blocks->complete++;
	*ret_blocks = blocks->complete;
	return blocks_is_look(blocks);
}

void blocks_vm_before(struct blocks *blocks, unsigned slot, int64_t loops)
{
	struct place *place = &blocks->places[slot];
	unsigned ignored;

	if (!place->second) {
		place->open = true;
		blocks->open++;
	}
	blocks_vm_ended(blocks, slot, loops, &ignored);
}

void blocks_slot_stopped(struct blocks *blocks, unsigned slot)
{
	struct place *place = &blocks->places[slot];

	if (!place->open)
		return;
	*place = (struct place){ 0 };
	blocks->open--;
	blocks->lost++;
}

unsigned blocks_complete(const struct blocks *blocks)
{
	return blocks->complete;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocks of a comparison: which slot may begin another one, and how many are complete.
 *
 * A block is two VMs that follow one another in a slot, with even and odd number. It is complete when both have
 * done all their loops. One of which a VM failed before is lost, but its other VM runs all the same: both
 * builds are to have the same chances to fail.
 */
#ifndef QSOAK_CAMPAIGN_BLOCKS_H
#define QSOAK_CAMPAIGN_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "campaign/profile.h"

/* More lost blocks than this many times those that are wanted: builds that fail so often cannot be
 * compared, and the campaign ends. */
#define BLOCKS_LOST_MAX 2

struct blocks;

/* Of a profile that compares, which outlives them. */
struct blocks *blocks_new(const struct profile *profile);

/* NULL is fine. */
void blocks_free(struct blocks *blocks);

/* Whether a slot may boot its next VM. */
bool blocks_may_boot(struct blocks *blocks, unsigned slot);

/* The VM of a slot has ended after so many loops. Whether this completes as many blocks as are looked at, but
 * for the last time: ret_blocks. */
bool blocks_vm_ended(struct blocks *blocks, unsigned slot, int64_t loops, unsigned *ret_blocks);

/* Of a campaign that goes on: the VM of a slot, the next one in their order, ended before, after so many loops. */
void blocks_vm_before(struct blocks *blocks, unsigned slot, int64_t loops);

/* Whether so many as are complete are looked at, but for the last time. */
bool blocks_is_look(const struct blocks *blocks);

/* A slot boots no more VMs: a block that it has begun is lost, and the other slots may have another one. */
void blocks_slot_stopped(struct blocks *blocks, unsigned slot);

unsigned blocks_complete(const struct blocks *blocks);

#endif

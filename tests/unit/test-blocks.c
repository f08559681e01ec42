// SPDX-License-Identifier: GPL-2.0-or-later
/* Blocks: two VMs that follow one another in a slot, and as many of them as are wanted. */
#include "campaign/blocks.h"

#include "tests/unit/helper.h"

static unsigned looks[] = { 2, 4 };
static const struct profile profile = {
	.vms = 2,
	.loops_per_vm = 5,
	.compare = { .on = true, .blocks = 4, .looks = looks, .look_count = 2 },
};

/* A VM boots, which it may, and ends. */
static bool vm(struct blocks *blocks, unsigned slot, int64_t loops, unsigned *ret_blocks)
{
	assert_true(blocks_may_boot(blocks, slot));
	return blocks_vm_ended(blocks, slot, loops, ret_blocks);
}

static void two_whole_vms_are_a_block(void **state)
{
	struct blocks *blocks = blocks_new(&profile);
	unsigned complete = 0;

	(void)state;
	assert_false(vm(blocks, 0, 5, &complete));
	assert_int_equal(blocks_complete(blocks), 0);
	assert_false(vm(blocks, 0, 5, &complete));
	assert_int_equal(blocks_complete(blocks), 1);
	/* A look is told once; the end is none. */
	assert_false(vm(blocks, 1, 5, &complete));
	assert_true(vm(blocks, 1, 5, &complete));
	assert_int_equal(complete, 2);
	for (int i = 0; i < 4; i++)
		assert_false(vm(blocks, 0, 5, &complete));
	assert_int_equal(blocks_complete(blocks), 4);
	assert_false(blocks_may_boot(blocks, 0));
	assert_false(blocks_may_boot(blocks, 1));
	blocks_free(blocks);
}

static void one_that_failed_costs_its_block_but_not_the_other_vm(void **state)
{
	struct blocks *blocks = blocks_new(&profile);
	unsigned complete = 0;

	(void)state;
	assert_false(vm(blocks, 0, 4, &complete));
	assert_false(vm(blocks, 0, 5, &complete));
	assert_false(vm(blocks, 0, 5, &complete));
	assert_false(vm(blocks, 0, 0, &complete));
	assert_int_equal(blocks_complete(blocks), 0);
	assert_false(vm(blocks, 0, 5, &complete));
	assert_false(vm(blocks, 0, 5, &complete));
	assert_int_equal(blocks_complete(blocks), 1);
	blocks_free(blocks);
}

static void no_more_are_begun_than_are_wanted(void **state)
{
	static unsigned one_look[] = { 1 };
	const struct profile one = {
		.vms = 3,
		.loops_per_vm = 1,
		.compare = { .on = true, .blocks = 1, .looks = one_look, .look_count = 1 },
	};
	struct blocks *blocks = blocks_new(&one);
	unsigned complete = 0;

	(void)state;
	assert_true(blocks_may_boot(blocks, 0));
	assert_false(blocks_may_boot(blocks, 1));
	assert_false(blocks_vm_ended(blocks, 0, 0, &complete));
	assert_true(blocks_may_boot(blocks, 0));
	assert_false(blocks_vm_ended(blocks, 0, 1, &complete));
	/* That one was lost: the next slot may try. */
	assert_true(blocks_may_boot(blocks, 1));
	assert_false(blocks_may_boot(blocks, 2));
	blocks_free(blocks);
}

static void a_slot_that_stops_leaves_its_block_to_the_others(void **state)
{
	struct blocks *blocks = blocks_new(&profile);
	unsigned complete = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		vm(blocks, 0, 5, &complete);
		vm(blocks, 0, 5, &complete);
	}
	/* Before its first VM, and between both. */
	for (int vms = 0; vms < 2; vms++) {
		assert_true(blocks_may_boot(blocks, 1));
		if (vms)
			blocks_vm_ended(blocks, 1, 5, &complete);
		assert_false(blocks_may_boot(blocks, 0));
		blocks_slot_stopped(blocks, 1);
		blocks_slot_stopped(blocks, 1);
	}
	assert_false(vm(blocks, 0, 5, &complete));
	assert_false(vm(blocks, 0, 5, &complete));
	assert_int_equal(blocks_complete(blocks), 4);
	assert_false(blocks_may_boot(blocks, 0));
	blocks_free(blocks);
}

static void builds_that_always_fail_come_to_an_end(void **state)
{
	struct blocks *blocks = blocks_new(&profile);
	unsigned complete = 0, vms = 0;

	(void)state;
	while (vms < 1000 && blocks_may_boot(blocks, 0)) {
		blocks_vm_ended(blocks, 0, 0, &complete);
		vms++;
	}
	assert_int_equal(vms, 2 * (BLOCKS_LOST_MAX * 4 + 1));
	blocks_free(blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_whole_vms_are_a_block),
		cmocka_unit_test(one_that_failed_costs_its_block_but_not_the_other_vm),
		cmocka_unit_test(no_more_are_begun_than_are_wanted),
		cmocka_unit_test(a_slot_that_stops_leaves_its_block_to_the_others),
		cmocka_unit_test(builds_that_always_fail_come_to_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

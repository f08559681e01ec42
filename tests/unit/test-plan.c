// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan of a loop: a pure function, each rare operation once a period, slots out of step. */
#include "tests/unit/helper.h"

#include "campaign/plan.h"

static struct profile_operation operations[] = {
	{ .kind = OP_SNAPSHOT_SAVE, .every = 1 }, { .kind = OP_SNAPSHOT_LOAD, .every = 1 },
	{ .kind = OP_MIGRATE, .every = 5 },	  { .kind = OP_SNAPSHOT_DELETE, .every = 1 },
	{ .kind = OP_MIGRATE, .every = 7 },	  { .kind = OP_MIGRATE, .every = 1000000 },
};

static const struct profile profile = {
	.operations = operations,
	.operation_count = ARRAY_SIZE(operations),
	.build_count = 3,
};

static bool planned(const struct plan *plan, size_t operation)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->operation[i] == &operations[operation])
			return true;
	return false;
}

/* The first loop in which a slot does an operation. */
static unsigned phase(uint64_t seed, int slot, size_t operation)
{
	struct plan plan;

	for (unsigned loop = 0; loop < operations[operation].every; loop++) {
		plan_loop(&profile, seed, slot, loop, &plan);
		if (planned(&plan, operation))
			return loop;
	}
	fail_msg("operation %zu never comes", operation);
	return 0;
}

static void the_same_question_has_the_same_answer(void **state)
{
	struct plan first[40], again;

	(void)state;
	for (uint64_t loop = 0; loop < ARRAY_SIZE(first); loop++)
		plan_loop(&profile, 42, 3, loop, &first[loop]);
	/* Also backwards, with other questions in between, and into used memory. */
	memset(&again, 0xff, sizeof(again));
	for (uint64_t loop = ARRAY_SIZE(first); loop-- > 0;) {
		plan_loop(&profile, 43, 3, loop, &again);
		plan_loop(&profile, 42, 2, loop, &again);
		plan_loop(&profile, 42, 3, loop, &again);
		assert_int_equal(again.count, first[loop].count);
		for (size_t i = 0; i < again.count; i++)
			assert_ptr_equal(again.operation[i], first[loop].operation[i]);
	}
}

/* Plans of old campaigns must not change under those who resume or replay them. */
static void the_plan_of_a_seed_is_what_it_always_was(void **state)
{
	static const unsigned by_fives[] = { 3, 1, 2, 4, 0, 4, 0, 4 };
	static const unsigned by_sevens[] = { 3, 3, 3, 4, 5, 5, 4, 3 };

	(void)state;
	for (int slot = 0; slot < (int)ARRAY_SIZE(by_fives); slot++) {
		assert_int_equal(phase(1, slot, 2), by_fives[slot]);
		assert_int_equal(phase(1, slot, 4), by_sevens[slot]);
	}
}

static void what_comes_in_every_loop_is_in_every_plan_in_the_order_of_the_profile(void **state)
{
	struct plan plan;

	(void)state;
	for (uint64_t loop = 0; loop < 100; loop++) {
		plan_loop(&profile, 7, 0, loop, &plan);
		assert_true(planned(&plan, 0) && planned(&plan, 1) && planned(&plan, 3));
		for (size_t i = 1; i < plan.count; i++)
			assert_true(plan.operation[i - 1] < plan.operation[i]);
	}
	/* Also at the last loop a counter can hold. */
	plan_loop(&profile, UINT64_MAX, 255, UINT64_MAX, &plan);
	assert_true(planned(&plan, 0));
}

static void a_rare_operation_comes_exactly_once_a_period(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		for (int slot = 0; slot < 8; slot++) {
			unsigned fives = phase(seed, slot, 2), sevens = phase(seed, slot, 4);

			for (unsigned loop = 0; loop < 5 * 7 * 2; loop++) {
				struct plan plan;

				plan_loop(&profile, seed, slot, loop, &plan);
				assert_int_equal(planned(&plan, 2), loop % 5 == fives);
				assert_int_equal(planned(&plan, 4), loop % 7 == sevens);
			}
		}
	}
}

static void even_the_rarest_comes_within_its_period(void **state)
{
	struct plan plan;
	unsigned first = phase(3, 1, 5);

	(void)state;
	assert_in_range(first, 0, 999999);
	plan_loop(&profile, 3, 1, first + 1000000ull, &plan);
	assert_true(planned(&plan, 5));
	plan_loop(&profile, 3, 1, first + 1, &plan);
	assert_false(planned(&plan, 5));
}

static void slots_seeds_and_operations_have_phases_of_their_own(void **state)
{
	unsigned by_slot = 0, by_seed = 0, by_operation = 0;
	struct profile_operation twins[] = { { .kind = OP_MIGRATE, .every = 5 },
					     { .kind = OP_MIGRATE, .every = 5 } };
	const struct profile two = { .operations = twins, .operation_count = 2 };

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct plan plan;

		by_slot |= 1u << phase(1, i, 2);
		by_seed |= 1u << phase((uint64_t)i, 0, 2);
		plan_loop(&two, 1, i, 0, &plan);
		by_operation |= 1u << plan.count;
	}
	/* All five phases occur, and two equal operations in one profile do not always coincide. */
	assert_int_equal(by_slot, 0x1f);
	assert_int_equal(by_seed, 0x1f);
	assert_true(by_operation & 1 << 1);
}

static void the_longest_list_fits_the_plan(void **state)
{
	struct profile_operation many[PROFILE_OPERATIONS_MAX];
	const struct profile full = { .operations = many, .operation_count = ARRAY_SIZE(many) };
	struct plan plan;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct profile_operation){ .kind = OP_MIGRATE, .every = 1 };
	plan_loop(&full, 9, 9, 9, &plan);
	assert_int_equal(plan.count, PROFILE_OPERATIONS_MAX);
	assert_ptr_equal(plan.operation[plan.count - 1], &many[PROFILE_OPERATIONS_MAX - 1]);
}

static void builds_are_interleaved_over_the_slots(void **state)
{
	static const size_t builds[] = { 0, 1, 2, 0, 1, 2, 0 };

	(void)state;
	for (int slot = 0; slot < (int)ARRAY_SIZE(builds); slot++)
		assert_int_equal(plan_build(&profile, 9, slot, 4), builds[slot]);
}

static void a_block_has_both_builds_in_random_order_and_one_plan(void **state)
{
	const struct profile compared = { .build_count = 2,
					  .loops_per_vm = 5,
					  .compare = { .on = true } };
	int first_is_a = 0;

	(void)state;
	for (int block = 0; block < 200; block++) {
		size_t first = plan_build(&compared, 9, 1, 2 * block);
		struct plan_part part = plan_part(&compared, 1, 2 * block, 77);
		struct plan_part other = plan_part(&compared, 1, 2 * block + 1, 82);

		assert_true(first < 2);
		assert_int_equal(plan_build(&compared, 9, 1, 2 * block + 1), 1 - first);
		assert_int_equal(part.vm, block);
		assert_int_equal(part.first_loop, 5 * block);
		assert_int_equal(other.first_loop, part.first_loop);
		assert_int_equal(plan_guest_seed(9, &other), plan_guest_seed(9, &part));
		first_is_a += first == 0;
	}
	/* 7 standard deviations. */
	assert_true(first_is_a > 50 && first_is_a < 150);
}

static void a_vm_plays_its_own_plan_but_in_a_replay_that_of_another(void **state)
{
	const struct profile replay = {
		.replay = { .attempts = 2, .slot = 5, .vm = 3, .first_loop = 61 },
	};
	struct plan_part own = plan_part(&profile, 1, 7, 140);
	struct plan_part again = plan_part(&replay, 1, 7, 140), other = own;

	(void)state;
	assert_int_equal(own.slot, 1);
	assert_int_equal(own.vm, 7);
	assert_int_equal(own.first_loop, 140);
	assert_int_equal(again.slot, 5);
	assert_int_equal(again.vm, 3);
	assert_int_equal(again.first_loop, 61);
	/* Each VM's guest differs, and where in the plan it begins does not matter to it. */
	other.first_loop = 0;
	assert_true(plan_guest_seed(42, &own) == plan_guest_seed(42, &other));
	assert_true(plan_guest_seed(42, &own) != plan_guest_seed(42, &again));
	other.vm = 8;
	assert_true(plan_guest_seed(42, &own) != plan_guest_seed(42, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_question_has_the_same_answer),
		cmocka_unit_test(the_plan_of_a_seed_is_what_it_always_was),
		cmocka_unit_test(
			what_comes_in_every_loop_is_in_every_plan_in_the_order_of_the_profile),
		cmocka_unit_test(a_rare_operation_comes_exactly_once_a_period),
		cmocka_unit_test(even_the_rarest_comes_within_its_period),
		cmocka_unit_test(slots_seeds_and_operations_have_phases_of_their_own),
		cmocka_unit_test(the_longest_list_fits_the_plan),
		cmocka_unit_test(builds_are_interleaved_over_the_slots),
		cmocka_unit_test(a_block_has_both_builds_in_random_order_and_one_plan),
		cmocka_unit_test(a_vm_plays_its_own_plan_but_in_a_replay_that_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

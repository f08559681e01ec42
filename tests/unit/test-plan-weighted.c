// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan of a weighted list: one whole unit a loop, a pure function, as often as its weight says. */
#include "tests/unit/helper.h"

#include "campaign/plan.h"

/* Three units: a migrate, a group of four, a reset. */
static struct profile_operation operations[] = {
	{ .kind = OP_MIGRATE, .every = 1, .weight = 1 },
	{ .kind = OP_SNAPSHOT_SAVE, .every = 1, .weight = 70 },
	{ .kind = OP_SNAPSHOT_LOAD, .every = 1 },
	{ .kind = OP_MIGRATE, .every = 1 },
	{ .kind = OP_SNAPSHOT_DELETE, .every = 1 },
	{ .kind = OP_RESET, .every = 1, .weight = 29 },
};

static const struct profile profile = {
	.operations = operations,
	.operation_count = ARRAY_SIZE(operations),
	.order = ORDER_WEIGHTED,
	.build_count = 1,
};

static const size_t first[] = { 0, 1, 5 }, length[] = { 1, 4, 1 };

/* Which unit the plan is; fails if it is not exactly one, whole and in order. */
static size_t unit_of(const struct plan *plan)
{
	for (size_t unit = 0; unit < ARRAY_SIZE(first); unit++) {
		if (plan->operation[0] != &operations[first[unit]])
			continue;
		assert_int_equal(plan->count, length[unit]);
		for (size_t i = 0; i < plan->count; i++)
			assert_ptr_equal(plan->operation[i], &operations[first[unit] + i]);
		return unit;
	}
	fail_msg("a loop begins within a unit");
	return 0;
}

static size_t unit_at(uint64_t seed, int slot, uint64_t loop)
{
	struct plan plan;

	memset(&plan, 0xff, sizeof(plan));
	plan_loop(&profile, seed, slot, loop, &plan);
	return unit_of(&plan);
}

/* Five standard deviations: a fair draw is outside of them once in a million; and the seed is fixed. */
static void units_come_as_often_as_their_weights_say(void **state)
{
	enum { DRAWS = 100000 };
	unsigned count[ARRAY_SIZE(first)] = { 0 };

	(void)state;
	for (uint64_t i = 0; i < DRAWS; i++)
		count[unit_at(42, (int)(i % 8), i / 8)]++;
	for (size_t unit = 0; unit < ARRAY_SIZE(first); unit++) {
		double p = operations[first[unit]].weight / 100., expected = p * DRAWS;
		double off = count[unit] - expected;

		if (off * off > 25 * DRAWS * p * (1 - p))
			fail_msg("unit %zu came %u times, expected about %.0f", unit, count[unit],
				 expected);
	}
}

static void the_same_question_has_the_same_answer(void **state)
{
	size_t forward[200];

	(void)state;
	for (uint64_t loop = 0; loop < ARRAY_SIZE(forward); loop++)
		forward[loop] = unit_at(42, 3, loop);
	for (uint64_t loop = ARRAY_SIZE(forward); loop-- > 0;) {
		unit_at(43, 3, loop);
		assert_int_equal(unit_at(42, 3, loop), forward[loop]);
	}
	unit_at(UINT64_MAX, 255, UINT64_MAX);
}

/* Plans of old campaigns must not change under those who resume or replay them. */
static void the_plan_of_a_seed_is_what_it_always_was(void **state)
{
	static const size_t units[] = { 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1,
					2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0 };

	(void)state;
	for (uint64_t loop = 0; loop < ARRAY_SIZE(units); loop++)
		assert_int_equal(unit_at(1, 0, loop), units[loop]);
}

static void slots_and_seeds_draw_for_themselves(void **state)
{
	unsigned by_slot = 0, by_seed = 0;

	(void)state;
	for (uint64_t loop = 0; loop < 1000; loop++) {
		by_slot += unit_at(7, 0, loop) != unit_at(7, 1, loop);
		by_seed += unit_at(7, 0, loop) != unit_at(8, 0, loop);
	}
	/* Two fair draws differ in 42 of 100. */
	assert_in_range(by_slot, 300, 550);
	assert_in_range(by_seed, 300, 550);
}

static void a_list_of_one_unit_is_that_unit(void **state)
{
	const struct profile one = { .operations = &operations[1],
				     .operation_count = 4,
				     .order = ORDER_WEIGHTED };
	struct plan plan;

	(void)state;
	for (uint64_t loop = 0; loop < 100; loop++) {
		plan_loop(&one, 5, 0, loop, &plan);
		assert_int_equal(unit_of(&plan), 1);
	}
}

static void the_heaviest_and_longest_list_has_room(void **state)
{
	struct profile_operation many[PROFILE_OPERATIONS_MAX];
	const struct profile full = { .operations = many,
				      .operation_count = ARRAY_SIZE(many),
				      .order = ORDER_WEIGHTED };
	bool last = false;
	struct plan plan;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct profile_operation){ .kind = OP_MIGRATE,
						      .every = 1,
						      .weight = PROFILE_WEIGHT_MAX };
	for (uint64_t loop = 0; loop < 5000; loop++) {
		plan_loop(&full, 9, 9, loop, &plan);
		assert_int_equal(plan.count, 1);
		last = last || plan.operation[0] == &many[PROFILE_OPERATIONS_MAX - 1];
	}
	assert_true(last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_come_as_often_as_their_weights_say),
		cmocka_unit_test(the_same_question_has_the_same_answer),
		cmocka_unit_test(the_plan_of_a_seed_is_what_it_always_was),
		cmocka_unit_test(slots_and_seeds_draw_for_themselves),
		cmocka_unit_test(a_list_of_one_unit_is_that_unit),
		cmocka_unit_test(the_heaviest_and_longest_list_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

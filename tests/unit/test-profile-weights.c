// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys `order` and `weight`: what makes a unit of the list, and every way to be refused. */
#include "tests/unit/profile-small.h"

static char *with(const char *operations, const char *more)
{
	return text_profile("{vms: 2}", operations, "{loops: 1}", more);
}

static void the_weights_of_units_are_read(void **state)
{
	/* Also where the order stands behind the list. */
	struct profile *p = text_accepted(with(
		"[{operation: migrate, weight: 1000000}, {operation: snapshot-save, weight: 3},"
		" {operation: migrate}, {operation: snapshot-delete}, {operation: stop-cont}]",
		" order: weighted"));
	static const unsigned weights[] = { 1000000, 3, 0, 0, 1 };

	(void)state;
	assert_int_equal(p->order, ORDER_WEIGHTED);
	assert_int_equal(p->operation_count, ARRAY_SIZE(weights));
	for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
		assert_int_equal(p->operations[i].weight, weights[i]);
	profile_free(p);
}

static void the_order_is_fixed_unless_it_says_otherwise(void **state)
{
	static const char *const texts[] = { "", " order: fixed" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct profile *p = text_accepted(with(TEXT_SNAPSHOTS, texts[i]));

		assert_int_equal(p->order, ORDER_FIXED);
		assert_int_equal(p->operations[0].weight, 0);
		profile_free(p);
	}
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *operations, *more, *expected;
	} cases[] = {
		{ "[{operation: migrate, weight: 2}]", "",
		  "5: operations[0].weight: found 2, expected no such key: it goes with order: "
		  "weighted" },
		{ "[{operation: migrate, weight: 2}]", " order: fixed",
		  "5: operations[0].weight: found 2, expected no such key: it goes with order: "
		  "weighted" },
		{ "[{operation: migrate, every: 1}]", " order: weighted",
		  "5: operations[0].every: found 1, expected no such key: it goes with order: "
		  "fixed; weight says how often this comes" },
		{ "[{operation: migrate, optional: true}]", " order: weighted",
		  "5: operations[0].optional: found true, expected no such key: it goes with order: "
		  "fixed" },
		{ "[{operation: migrate, optional: true}]", "",
		  "5: operations: found every above 1, or optional, in each, expected an operation "
		  "that comes in every loop" },
		{ "[{operation: reset}, {operation: snapshot-save}, {operation: snapshot-load},"
		  " {operation: snapshot-delete, weight: 7}]",
		  " order: weighted",
		  "5: operations[3].weight: found 7, expected no such key: the whole group has the "
		  "weight of its save, operations[1]" },
		{ "[{operation: snapshot-save}, {operation: migrate, weight: 7},"
		  " {operation: snapshot-delete}]",
		  " order: weighted",
		  "5: operations[1].weight: found 7, expected no such key: the whole group has the "
		  "weight of its save, operations[0]" },
		{ "[{operation: migrate, weight: 0}]", " order: weighted",
		  "5: operations[0].weight: found 0, expected 1 to 1000000" },
		{ "[{operation: migrate, weight: 1000001}]", " order: weighted",
		  "5: operations[0].weight: found 1000001, expected 1 to 1000000" },
		/* The word that is wrong is named, not what would follow from it. */
		{ "[{operation: migrate, weight: 2}]", " order: wieghted",
		  "7: order: found wieghted, expected fixed or weighted" },
		{ "[{operation: migrate}]", " order: [weighted]",
		  "7: order: found a list, expected fixed or weighted" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *expected = mem_printf("t.yaml:%s", cases[i].expected);

		text_refused(with(cases[i].operations, cases[i].more), expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_weights_of_units_are_read),
		cmocka_unit_test(the_order_is_fixed_unless_it_says_otherwise),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of enum values: both directions, lists for people, and the tables of kinds and limits. */
#include "tests/unit/helper.h"

#include "base/names.h"
#include "op/kind.h"
#include "op/limit.h"

static const char *const colours[] = { "red", "green", "blue" };
NAMES_COMPLETE(colours, 3);

/* A table in the making: one value has no name yet. */
static const char *const holed[3] = { [0] = "first", [2] = "third" };

static void a_value_has_its_name_and_what_is_no_value_a_question_mark(void **state)
{
	(void)state;
	assert_string_equal(names_of(colours, 3, 0), "red");
	assert_string_equal(names_of(colours, 3, 2), "blue");
	assert_string_equal(names_of(colours, 2, 2), "?");
	assert_string_equal(names_of(colours, 3, SIZE_MAX), "?");
	assert_string_equal(names_of(holed, 3, 1), "?");
}

static void a_name_has_its_value_and_what_is_no_name_has_none(void **state)
{
	(void)state;
	assert_int_equal(names_find(colours, 3, "red"), 0);
	assert_int_equal(names_find(colours, 3, "blue"), 2);
	assert_int_equal(names_find(colours, 2, "blue"), -1);
	assert_int_equal(names_find(colours, 3, "blu"), -1);
	assert_int_equal(names_find(colours, 3, "Blue"), -1);
	assert_int_equal(names_find(colours, 3, ""), -1);
	assert_int_equal(names_find(holed, 3, "third"), 2);
	assert_int_equal(names_find(holed, 3, "second"), -1);
}

static void a_list_reads_like_a_sentence(void **state)
{
	auto_free char *one = names_list(colours, 1), *two = names_list(colours, 2),
		       *three = names_list(colours, 3);

	(void)state;
	assert_string_equal(one, "red");
	assert_string_equal(two, "red or green");
	assert_string_equal(three, "red, green or blue");
}

static void every_kind_of_operation_is_found_by_its_name(void **state)
{
	static const char *const kinds[] = { "boot",
					     "snapshot-save",
					     "snapshot-save-verify",
					     "snapshot-load",
					     "snapshot-load-verify",
					     "snapshot-delete",
					     "migrate",
					     "migrate-cancel",
					     "stop-cont",
					     "reset",
					     "libvirt-save-restore",
					     "libvirt-snapshot-internal",
					     "libvirt-snapshot-external",
					     "shutdown" };

	(void)state;
	assert_int_equal(ARRAY_SIZE(kinds), OP_KIND_COUNT);
	for (int i = 0; i < OP_KIND_COUNT; i++) {
		assert_string_equal(op_kind_name((enum op_kind)i), kinds[i]);
		assert_int_equal(op_kind_find(kinds[i]), i);
		assert_int_equal(op_kind_in_loop((enum op_kind)i),
				 i != OP_BOOT && i != OP_SHUTDOWN && i != OP_SNAPSHOT_SAVE_VERIFY &&
					 i != OP_SNAPSHOT_LOAD_VERIFY);
	}
	assert_int_equal(op_kind_find("reboot"), -1);
}

static void every_limit_has_a_name_and_a_default_in_range(void **state)
{
	(void)state;
	for (int i = 0; i < LIMIT_COUNT; i++) {
		assert_int_equal(limit_find(limit_name((enum limit)i)), i);
		assert_in_range(limit_default_ns((enum limit)i), LIMIT_MIN_NS, LIMIT_MAX_NS);
	}
	assert_int_equal(limit_find("?"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_has_its_name_and_what_is_no_value_a_question_mark),
		cmocka_unit_test(a_name_has_its_value_and_what_is_no_name_has_none),
		cmocka_unit_test(a_list_reads_like_a_sentence),
		cmocka_unit_test(every_kind_of_operation_is_found_by_its_name),
		cmocka_unit_test(every_limit_has_a_name_and_a_default_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A profile of which one build is kept: which others stay, and what is expected of whom. */
#include "tests/unit/profile-small.h"

#include "campaign/plan.h"

static void one_build_is_kept_and_where_migrations_go_to(void **state)
{
	struct profile *profile = text_accepted(text_profile(
		"{vms: 3}", "[{operation: migrate, to: stock}]", "{loops: 9}",
		" expect: [{signature: a, build: stock}, {signature: b, build: foil}]"));
	struct err err = { 0 };

	(void)state;
	assert_int_equal(profile_set_build(profile, "third", "/d", &err), 0);
	assert_int_equal(plan_build(profile, 9, 1, 0), 1);
	assert_int_equal(profile_keep_build(profile, "third", &err), 0);
	assert_int_equal(profile->build_count, 2);
	assert_string_equal(profile->builds[0].name, "third");
	assert_string_equal(profile->builds[1].name, "stock");
	for (int slot = 0; slot < 3; slot++)
		assert_int_equal(plan_build(profile, 9, slot, 1), 0);
	/* Of foil, which is gone, nothing is expected. */
	assert_int_equal(profile->expect_count, 1);
	assert_string_equal(profile->expect[0].signature, "a");
	assert_int_equal(profile_check_builds(profile, "t", &err), 0);
	assert_int_equal(profile_keep_build(profile, "foil", &err), -EINVAL);
	assert_string_equal(err.text, "only: found foil, expected the name of one of the builds");
	profile_free(profile);
}

static void the_first_one_may_be_the_one(void **state)
{
	struct profile *profile =
		text_accepted(text_profile("{vms: 2}", TEXT_SNAPSHOTS, "{loops: 9}", ""));
	struct err err = { 0 };

	(void)state;
	assert_int_equal(profile_keep_build(profile, "stock", &err), 0);
	assert_int_equal(profile->build_count, 1);
	assert_string_equal(profile->builds[0].name, "stock");
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_build_is_kept_and_where_migrations_go_to),
		cmocka_unit_test(the_first_one_may_be_the_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

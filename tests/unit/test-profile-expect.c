// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys `expect`, `stop`, `on-failure` and `boots`: what is read, and every way to be refused. */
#include "tests/unit/profile-small.h"

static char *with(const char *stop, const char *more)
{
	return text_profile("{vms: 2}", TEXT_SNAPSHOTS, stop, more);
}

static void what_is_expected_is_read(void **state)
{
	struct profile *p = text_accepted(
		with("{expected: true, loops-per-build: 20, duration: 1h, failures: 3}",
		     " expect: [{signature: '*bdrv_poll_co*', build: foil}, {signature: hang of "
		     "vcpu}]"));

	(void)state;
	assert_int_equal(p->expect_count, 2);
	assert_string_equal(p->expect[0].signature, "*bdrv_poll_co*");
	assert_string_equal(p->expect[0].build, "foil");
	assert_string_equal(p->expect[1].signature, "hang of vcpu");
	assert_null(p->expect[1].build);
	assert_true(p->stop_expected);
	assert_int_equal(p->stop_loops_per_build, 20);
	assert_int_equal(p->stop_failures, 3);
	profile_free(p);
}

static void nothing_is_expected_of_a_profile_that_says_nothing(void **state)
{
	struct profile *p = text_accepted(with("{loops: 1}", ""));

	(void)state;
	assert_int_equal(p->expect_count, 0);
	assert_false(p->stop_expected);
	assert_int_equal(p->stop_loops_per_build, 0);
	profile_free(p);
}

static void a_build_that_nobody_has_is_refused_once_all_are_known(void **state)
{
	static const char unknown[] = " expect: [{signature: x},\n"
				      "  {signature: x,\n"
				      "   build: fresh}]";
	auto_free char *text = with("{loops: 1}", unknown);
	struct profile *p = NULL;
	struct err err = { 0 };

	(void)state;
	text_refused(with("{loops: 1}", unknown),
		     "t.yaml:9: expect[1].build: found fresh, expected the name of one of the "
		     "builds");
	/* The command line adds it. */
	assert_int_equal(profile_parse(text, strlen(text), "t.yaml", &p, &err), 0);
	assert_int_equal(profile_set_build(p, "fresh", "/d", &err), 0);
	assert_int_equal(profile_check_builds(p, "t.yaml", &err), 0);
	profile_free(p);
}

static void what_makes_no_sense_is_refused(void **state)
{
#define PATTERN "a pattern over a whole title, like *bdrv_poll_co*"
	static const struct {
		const char *stop, *more, *expected;
	} cases[] = {
		{ "{loops: 1}", " expect: [{build: foil}]",
		  "7: expect[0].signature: missing, expected " PATTERN },
		{ "{loops: 1}", " expect: [{signature: ''}]",
		  "7: expect[0].signature: found nothing, expected " PATTERN },
		{ "{loops: 1}", " expect: [{signature: [x]}]",
		  "7: expect[0].signature: found a list, expected " PATTERN },
		{ "{loops: 1}", " expect: [{signature: x, builds: foil}]",
		  "7: expect[0].builds: unknown key, expected signature, build or times" },
		{ "{loops: 1}", " expect: []", "7: expect: found 0 entries, expected 1 to 64" },
		{ "{loops: 1}", " expect: yes", "7: expect: found yes, expected a list" },
		{ "{}", "",
		  "6: stop: found no rule, expected duration, loops, loops-per-build or failures" },
		{ "{expected: false}", "",
		  "6: stop: found no rule, expected duration, loops, loops-per-build or failures" },
		{ "{expected: true, loops: 1}", "",
		  "6: stop.expected: found true, expected a list `expect` of what is to be seen" },
		{ "{expected: true, failures: 1}", " expect: [{signature: x}]",
		  "6: stop.expected: found true, expected duration, loops or loops-per-build "
		  "beside it: what is expected may never come" },
		{ "{expected: 1, loops: 1}", " expect: [{signature: x}]",
		  "6: stop.expected: found 1, expected true or false" },
		{ "{loops-per-build: 0}", "",
		  "6: stop.loops-per-build: found 0, expected 1 to 1000000000000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *expected = mem_printf("t.yaml:%s", cases[i].expected);

		text_refused(with(cases[i].stop, cases[i].more), expected);
	}
}

static void what_follows_a_failure_is_one_of_two_words(void **state)
{
	struct profile *p = text_accepted(with("{loops: 1}", " on-failure: hold"));
	struct err err = { 0 };

	(void)state;
	assert_int_equal(p->on_failure, ON_FAILURE_HOLD);
	assert_int_equal(profile_set_on_failure(p, "go-on", &err), 0);
	assert_int_equal(p->on_failure, ON_FAILURE_GO_ON);
	assert_int_equal(profile_set_on_failure(p, "go on", &err), -EINVAL);
	assert_string_equal(err.text, "on-failure: found \"go on\", expected go-on or hold");
	assert_int_equal(p->on_failure, ON_FAILURE_GO_ON);
	profile_free(p);
	text_refused(with("{loops: 1}", " on-failure: keep"),
		     "t.yaml:7: on-failure: found keep, expected go-on or hold");
}

static void boots_at_once_are_counted(void **state)
{
	struct profile *p = text_accepted(
		text_profile("{vms: 2, boots: 256}", TEXT_SNAPSHOTS, "{loops: 1}", ""));

	(void)state;
	assert_int_equal(p->boots, 256);
	profile_free(p);
	p = text_accepted(with("{loops: 1}", ""));
	assert_int_equal(p->boots, 0);
	profile_free(p);
	text_refused(text_profile("{vms: 2, boots: 0}", TEXT_SNAPSHOTS, "{loops: 1}", ""),
		     "t.yaml:4: fleet.boots: found 0, expected 1 to 256");
}

static void a_pattern_has_a_longest_length(void **state)
{
	auto_free char *longest = helper_fill('x', PROFILE_SIGNATURE_MAX);
	auto_free char *more = mem_printf(" expect: [{signature: %s}]", longest);
	auto_free char *longer = mem_printf(" expect: [{signature: %sx}]", longest);
	struct profile *p = text_accepted(with("{loops: 1}", more));
	struct err err = { 0 };

	(void)state;
	assert_int_equal(strlen(p->expect[0].signature), PROFILE_SIGNATURE_MAX);
	profile_free(p);
	assert_int_equal(text_parse(with("{loops: 1}", longer), &p, &err), -EINVAL);
	assert_non_null(strstr(err.text, "expect[0].signature: found "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_expected_is_read),
		cmocka_unit_test(nothing_is_expected_of_a_profile_that_says_nothing),
		cmocka_unit_test(a_build_that_nobody_has_is_refused_once_all_are_known),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(what_follows_a_failure_is_one_of_two_words),
		cmocka_unit_test(boots_at_once_are_counted),
		cmocka_unit_test(a_pattern_has_a_longest_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The tally: what is expected of whom, when a build or the campaign is done, and the exit codes. */
#include "tests/unit/helper.h"

#include "campaign/tally.h"

enum { STOCK, FOIL, BUILDS };

static struct build_spec builds[BUILDS] = {
	[STOCK] = { .name = (char *)"stock" },
	[FOIL] = { .name = (char *)"foil" },
};

static struct profile_expectation expectations[] = {
	{ .signature = (char *)"assertion in *bdrv_poll_co*", .build = (char *)"foil", .times = 1 },
	{ .signature = (char *)"hang of main-loop in migrate/*",
	  .build = (char *)"foil",
	  .times = 1 },
};

#define ASSERTION "assertion in bdrv_poll_co: a == b"
#define HANG "hang of main-loop in migrate/migrate"

static struct profile profile_of_foil(void)
{
	return (struct profile){
		.builds = builds,
		.build_count = BUILDS,
		.vms = BUILDS,
		.expect = expectations,
		.expect_count = ARRAY_SIZE(expectations),
		.stop_expected = true,
	};
}

static void a_signature_is_expected_of_its_build_alone_and_as_a_whole(void **state)
{
	struct profile profile = profile_of_foil();
	struct tally *tally = tally_new(&profile);

	(void)state;
	assert_true(tally_expects(tally, "foil", ASSERTION, NULL));
	assert_true(tally_expects(tally, "foil", HANG, NULL));
	assert_false(tally_expects(tally, "stock", ASSERTION, NULL));
	assert_false(tally_expects(tally, "nobody", ASSERTION, NULL));
	assert_false(tally_expects(tally, "foil", "hang of main-loop in shutdown/quit", NULL));
	assert_false(tally_expects(tally, "foil", "an " ASSERTION, NULL));
	tally_free(tally);
	tally_free(NULL);
}

static void without_a_build_it_is_expected_of_each(void **state)
{
	struct profile_expectation any = { .signature = (char *)"*", .times = 1 };
	struct profile profile = { .builds = builds,
				   .build_count = BUILDS,
				   .expect = &any,
				   .expect_count = 1,
				   .stop_expected = true };
	struct tally *tally = tally_new(&profile);
	struct tally_unseen unseen = { 0 };
	size_t position = 0;

	(void)state;
	assert_true(tally_expects(tally, "stock", ASSERTION, NULL));
	assert_true(tally_build_done(tally, STOCK));
	assert_false(tally_build_done(tally, FOIL));
	assert_true(tally_next_unseen(tally, &position, &unseen));
	assert_string_equal(unseen.build, "foil");
	assert_string_equal(unseen.signature, "*");
	assert_false(tally_next_unseen(tally, &position, &unseen));
	tally_free(tally);
}

static void a_build_is_done_when_all_that_is_expected_of_it_was_seen(void **state)
{
	struct profile profile = profile_of_foil();
	struct tally *tally = tally_new(&profile);

	(void)state;
	tally_expects(tally, "foil", ASSERTION, NULL);
	tally_expects(tally, "foil", ASSERTION, NULL);
	assert_false(tally_build_done(tally, FOIL));
	tally_expects(tally, "foil", HANG, NULL);
	assert_true(tally_build_done(tally, FOIL));
	/* Of the other nothing is expected: it has to do something else. */
	assert_false(tally_build_done(tally, STOCK));
	profile.stop_expected = false;
	assert_false(tally_build_done(tally, FOIL));
	tally_free(tally);
}

static void what_is_expected_may_have_to_come_more_than_once(void **state)
{
	struct profile_expectation twice = { .signature = (char *)"*", .times = 2 };
	struct profile profile = { .builds = builds,
				   .build_count = BUILDS,
				   .expect = &twice,
				   .expect_count = 1,
				   .stop_expected = true };
	struct tally *tally = tally_new(&profile);
	struct tally_unseen unseen = { 0 };
	size_t position = 0;

	(void)state;
	tally_expects(tally, "stock", ASSERTION, NULL);
	assert_false(tally_build_done(tally, STOCK));
	assert_true(tally_next_unseen(tally, &position, &unseen));
	assert_string_equal(unseen.build, "stock");
	assert_int_equal(unseen.times, 1);
	assert_int_equal(unseen.wanted, 2);
	tally_expects(tally, "stock", ASSERTION, NULL);
	assert_true(tally_build_done(tally, STOCK));
	tally_free(tally);
}

/* A search on the stock build, whose migrations go to the foil. */
static void what_comes_of_a_destination_counts_for_the_one_build(void **state)
{
	struct profile_expectation any = { .signature = (char *)"*", .times = 3 };
	struct profile profile = { .builds = builds,
				   .build_count = BUILDS,
				   .one_build = true,
				   .vms = BUILDS,
				   .expect = &any,
				   .expect_count = 1,
				   .stop_expected = true,
				   .stop_loops_per_build = 2 };
	struct tally *tally = tally_new(&profile);
	struct tally_unseen unseen = { 0 };
	struct tally_short few = { 0 };
	size_t position = 0, at = 0;

	(void)state;
	assert_true(tally_expects(tally, "foil", ASSERTION, NULL));
	assert_true(tally_expects(tally, "stock", ASSERTION, NULL));
	assert_false(tally_build_done(tally, STOCK));
	/* It is told once, and of the build that the slots have. */
	assert_true(tally_next_unseen(tally, &position, &unseen));
	assert_string_equal(unseen.build, "stock");
	assert_int_equal(unseen.times, 2);
	assert_false(tally_next_unseen(tally, &position, &unseen));
	/* No loops are asked of the destination. */
	assert_true(tally_next_short(tally, &at, &few));
	assert_string_equal(few.build, "stock");
	assert_false(tally_next_short(tally, &at, &few));
	tally_failure(tally, false, tally_expects(tally, "foil", HANG, NULL));
	assert_true(tally_build_done(tally, STOCK));
	assert_int_equal(tally_verdict(tally), EXIT_CLEAN);
	tally_free(tally);
}

static void what_the_destination_alone_is_expected_to_do_is_waited_for(void **state)
{
	struct profile profile = profile_of_foil();
	struct tally *tally = tally_new(&profile);
	struct tally_unseen unseen = { 0 };
	size_t position = 0;

	(void)state;
	profile.one_build = true;
	tally_expects(tally, "foil", ASSERTION, NULL);
	assert_false(tally_build_done(tally, STOCK));
	assert_true(tally_next_unseen(tally, &position, &unseen));
	assert_string_equal(unseen.build, "foil");
	assert_string_equal(unseen.signature, expectations[1].signature);
	assert_false(tally_next_unseen(tally, &position, &unseen));
	tally_expects(tally, "foil", HANG, NULL);
	assert_true(tally_build_done(tally, STOCK));
	tally_free(tally);
}

static void a_build_with_too_few_loops_is_not_clean(void **state)
{
	struct profile profile = profile_of_foil();
	struct tally *tally = tally_new(&profile);
	struct tally_short few = { 0 };
	size_t position = 0;

	(void)state;
	profile.stop_loops_per_build = 2;
	tally_loops(tally, STOCK, 1);
	tally_failure(tally, false, tally_expects(tally, "foil", HANG, NULL));
	tally_failure(tally, false, tally_expects(tally, "foil", ASSERTION, NULL));
	assert_int_equal(tally_verdict(tally), EXIT_INCONCLUSIVE);
	/* Of a build that no slot boots, no loops are asked. */
	profile.vms = 0;
	assert_int_equal(tally_verdict(tally), EXIT_CLEAN);
	profile.vms = BUILDS;
	/* The foil has done what it should; the other one is named. */
	assert_true(tally_next_short(tally, &position, &few));
	assert_string_equal(few.build, "stock");
	assert_int_equal(few.loops, 1);
	assert_int_equal(few.wanted, 2);
	assert_false(tally_next_short(tally, &position, &few));
	tally_loops(tally, STOCK, 1);
	assert_int_equal(tally_verdict(tally), EXIT_CLEAN);
	tally_free(tally);
}

static void a_build_is_done_with_its_own_loops(void **state)
{
	struct profile profile = { .builds = builds,
				   .build_count = BUILDS,
				   .stop_loops_per_build = 2 };
	struct tally *tally = tally_new(&profile);

	(void)state;
	tally_loops(tally, STOCK, 1);
	tally_loops(tally, FOIL, 1);
	assert_false(tally_build_done(tally, STOCK));
	tally_loops(tally, STOCK, 1);
	assert_true(tally_build_done(tally, STOCK));
	assert_false(tally_build_done(tally, FOIL));
	assert_false(tally_done(tally));
	tally_free(tally);
}

static void loops_and_unexpected_failures_end_the_campaign(void **state)
{
	struct profile profile = profile_of_foil();
	struct tally *tally = tally_new(&profile);

	(void)state;
	profile.stop_failures = 1;
	tally_failure(tally, false, true);
	tally_failure(tally, true, false);
	assert_false(tally_done(tally));
	tally_failure(tally, false, false);
	assert_true(tally_done(tally));
	profile.stop_failures = 0;
	profile.stop_loops = 1;
	assert_false(tally_done(tally));
	tally_loops(tally, FOIL, 1);
	assert_true(tally_done(tally));
	assert_int_equal(tally_counts(tally)->failures, 1);
	assert_int_equal(tally_counts(tally)->expected, 1);
	assert_int_equal(tally_counts(tally)->host, 1);
	tally_free(tally);
}

static void the_verdict_is_the_worst_that_can_be_said(void **state)
{
	static const struct {
		bool wants, loop, expected, all_seen, host, failure;
		enum exit_code code;
	} cases[] = {
		{ .code = EXIT_INCONCLUSIVE },
		{ .loop = true, .code = EXIT_CLEAN },
		{ .loop = true, .host = true, .code = EXIT_HOST },
		{ .loop = true, .host = true, .failure = true, .code = EXIT_FAILURES },
		{ .loop = true, .expected = true, .code = EXIT_CLEAN },
		{ .expected = true, .code = EXIT_INCONCLUSIVE },
		/* With `expected: true`. */
		{ .wants = true, .loop = true, .code = EXIT_INCONCLUSIVE },
		{ .wants = true, .loop = true, .expected = true, .code = EXIT_INCONCLUSIVE },
		{ .wants = true, .expected = true, .all_seen = true, .code = EXIT_CLEAN },
		{ .wants = true, .loop = true, .host = true, .code = EXIT_HOST },
		{ .wants = true, .expected = true, .failure = true, .code = EXIT_FAILURES },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile profile = profile_of_foil();
		struct tally *tally = tally_new(&profile);

		profile.stop_expected = cases[i].wants;
		if (cases[i].loop)
			tally_loops(tally, STOCK, 1);
		if (cases[i].expected)
			tally_failure(tally, false, tally_expects(tally, "foil", HANG, NULL));
		if (cases[i].all_seen)
			tally_failure(tally, false, tally_expects(tally, "foil", ASSERTION, NULL));
		if (cases[i].host)
			tally_failure(tally, true, false);
		if (cases[i].failure)
			tally_failure(tally, false, false);
		if (tally_verdict(tally) != cases[i].code)
			fail_msg("case %zu: %d", i, (int)tally_verdict(tally));
		tally_free(tally);
	}
}

static void a_replay_has_so_many_vms_and_no_more(void **state)
{
	struct profile profile = profile_of_foil();
	struct tally *tally = tally_new(&profile);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(tally_vm(tally));
	assert_int_equal(tally_counts(tally)->vms, 100);
	profile.replay.attempts = 101;
	assert_true(tally_vm(tally));
	assert_false(tally_vm(tally));
	assert_int_equal(tally_counts(tally)->vms, 101);
	tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_is_expected_of_its_build_alone_and_as_a_whole),
		cmocka_unit_test(without_a_build_it_is_expected_of_each),
		cmocka_unit_test(a_build_is_done_when_all_that_is_expected_of_it_was_seen),
		cmocka_unit_test(what_is_expected_may_have_to_come_more_than_once),
		cmocka_unit_test(what_comes_of_a_destination_counts_for_the_one_build),
		cmocka_unit_test(what_the_destination_alone_is_expected_to_do_is_waited_for),
		cmocka_unit_test(a_build_with_too_few_loops_is_not_clean),
		cmocka_unit_test(a_build_is_done_with_its_own_loops),
		cmocka_unit_test(loops_and_unexpected_failures_end_the_campaign),
		cmocka_unit_test(the_verdict_is_the_worst_that_can_be_said),
		cmocka_unit_test(a_replay_has_so_many_vms_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of `compare`, every way to be refused, and where its two builds come from. */
#include "tests/unit/profile-small.h"

#include <math.h>

#define METRIC_RULE "expected a metric of qsoak-statistics(7), like snapshot-save.duration"
#define PERCENT_RULE "expected 0.1% to 100%"
#define LOOKS_RULE "expected a list of up to 15 numbers of blocks"

static void assert_margin(double margin, double expected)
{
	assert_true(fabs(margin - expected) < 1e-15);
}

/* The small profile with `compare`, which begins in line 7; the caller frees. */
static char *comparing(const char *compare)
{
	auto_free char *more = mem_printf(" compare: %s", compare);

	return text_profile("{vms: 2, loops-per-vm: 5}", TEXT_SNAPSHOTS, "{duration: 1h}", more);
}

static void defaults_are_what_the_manual_says(void **state)
{
	struct profile *profile = text_accepted(comparing("{}"));
	const struct profile_compare *compare = &profile->compare;

	(void)state;
	assert_true(compare->on);
	assert_int_equal(compare->blocks, 40);
	assert_int_equal(compare->warm_up, 1);
	assert_int_equal(compare->look_count, 1);
	assert_int_equal(compare->looks[0], 40);
	/* The primary ones of what it does. */
	assert_int_equal(compare->metric_count, 2);
	assert_string_equal(compare->metrics[0].metric->name, "snapshot-save.duration");
	assert_string_equal(compare->metrics[1].metric->name, "snapshot-delete.duration");
	assert_margin(compare->metrics[0].margin, 0.05);
	assert_margin(compare->metrics[1].margin, 0.05);
	profile_free(profile);
}

static void a_profile_without_it_compares_nothing(void **state)
{
	struct profile *profile =
		text_accepted(text_profile("{vms: 2}", TEXT_SNAPSHOTS, "{loops: 9}", ""));

	(void)state;
	assert_false(profile->compare.on);
	profile_free(profile);
}

static void every_key_is_heard(void **state)
{
	struct profile *profile = text_accepted(comparing(
		"{blocks: 100000, warm-up: 4, margin: 0.1%, looks: [6, 20, 99999],\n"
		"  metrics: [{metric: shutdown.duration, margin: 100%},\n"
		"   {metric: boot.duration}, {metric: snapshot-save.stall, margin: 2.5%}]}"));
	const struct profile_compare *compare = &profile->compare;

	(void)state;
	assert_int_equal(compare->blocks, 100000);
	assert_int_equal(compare->warm_up, 4);
	assert_int_equal(compare->look_count, 4);
	assert_int_equal(compare->looks[0], 6);
	assert_int_equal(compare->looks[1], 20);
	assert_int_equal(compare->looks[2], 99999);
	assert_int_equal(compare->looks[3], 100000);
	assert_int_equal(compare->metric_count, 3);
	assert_string_equal(compare->metrics[0].metric->name, "shutdown.duration");
	assert_margin(compare->metrics[0].margin, 1);
	assert_string_equal(compare->metrics[1].metric->name, "boot.duration");
	assert_margin(compare->metrics[1].margin, 0.001);
	assert_string_equal(compare->metrics[2].metric->name, "snapshot-save.stall");
	assert_margin(compare->metrics[2].margin, 0.025);
	profile_free(profile);
}

static void the_ends_of_ranges_are_in_them(void **state)
{
	static const char *const accepted[] = {
		"{blocks: 6}",
		"{warm-up: 0}",
		"{margin: 100%}",
		"{margin: 0.100%}",
		"{looks: []}",
		"{blocks: 100, looks: [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 99]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++)
		profile_free(text_accepted(comparing(accepted[i])));
}

/* A profile that measures nothing else boots its VMs. */
static void what_has_no_primary_metric_compares_boots(void **state)
{
	struct profile *profile =
		text_accepted(text_profile("{vms: 2, loops-per-vm: 5}", "[{operation: reset}]",
					   "{duration: 1h}", " compare: {}"));

	(void)state;
	assert_int_equal(profile->compare.metric_count, 1);
	assert_string_equal(profile->compare.metrics[0].metric->name, "boot.duration");
	profile_free(profile);
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *compare, *error;
	} cases[] = {
		{ "[]", "7: compare: found a list, expected a mapping" },
		{ "40", "7: compare: found 40, expected a mapping" },
		{ "{block: 9}", "7: compare.block: unknown key, expected blocks, warm-up, margin, "
				"metrics, looks or self" },
		{ "{blocks: 5}", "7: compare.blocks: found 5, expected 6 to 100000" },
		{ "{blocks: 100001}", "7: compare.blocks: found 100001, expected 6 to 100000" },
		{ "{\n  warm-up: 5}",
		  "8: compare.warm-up: found 5, expected fewer than the 5 loops "
		  "of a VM" },
		{ "{warm-up: 1000000}", "7: compare.warm-up: found 1000000, expected 0 to 999999" },
		{ "{margin: 0.09%}", "7: compare.margin: found 0.09%, " PERCENT_RULE },
		{ "{margin: 0%}", "7: compare.margin: found 0%, " PERCENT_RULE },
		{ "{margin: 100.1%}", "7: compare.margin: found 100.1%, " PERCENT_RULE },
		{ "{margin: 0.05}", "7: compare.margin: found 0.05, " PERCENT_RULE },
		{ "{margin: '5 %'}", "7: compare.margin: found \"5 %\", " PERCENT_RULE },
		{ "{margin: 5%%}", "7: compare.margin: found 5%%, " PERCENT_RULE },
		{ "{margin: '%'}", "7: compare.margin: found %, " PERCENT_RULE },
		{ "{margin: -5%}", "7: compare.margin: found -5%, " PERCENT_RULE },
		{ "{margin: nan%}", "7: compare.margin: found nan%, " PERCENT_RULE },
		{ "{margin: 0x5%}", "7: compare.margin: found 0x5%, " PERCENT_RULE },
		{ "{margin: 1e1%}", "7: compare.margin: found 1e1%, " PERCENT_RULE },
		{ "{margin: [5%]}", "7: compare.margin: found a list, " PERCENT_RULE },
		{ "{metrics: []}", "7: compare.metrics: found 0 entries, expected 1 to 25" },
		{ "{metrics: boot.duration}",
		  "7: compare.metrics: found boot.duration, expected a list" },
		{ "{metrics: [boot.duration]}",
		  "7: compare.metrics[0]: found boot.duration, expected a mapping" },
		{ "{metrics: [{margin: 5%}]}",
		  "7: compare.metrics[0].metric: missing, " METRIC_RULE },
		{ "{metrics: [\n  {metric: boot.time}]}",
		  "8: compare.metrics[0].metric: found boot.time, " METRIC_RULE },
		{ "{metrics: [{metric: {}}]}",
		  "7: compare.metrics[0].metric: found a mapping, " METRIC_RULE },
		{ "{metrics: [{metric: boot.duration, margin: 5}]}",
		  "7: compare.metrics[0].margin: found 5, " PERCENT_RULE },
		{ "{metrics: [{metric: boot.duration, title: a}]}",
		  "7: compare.metrics[0].title: unknown key, expected metric or margin" },
		{ "{metrics: [{metric: boot.duration},\n  {metric: boot.duration, margin: 9%}]}",
		  "8: compare.metrics[1]: the metric is there already" },
		{ "{metrics: [{metric: snapshot-save.duration},\n  {metric: migrate.total}]}",
		  "8: compare.metrics[1].metric: found migrate.total, expected a metric of one of "
		  "the operations" },
		{ "{self: 1}", "7: compare.self: found 1, expected true or false" },
		{ "{looks: 20}", "7: compare.looks: found 20, " LOOKS_RULE },
		{ "{looks: {}}", "7: compare.looks: found a mapping, " LOOKS_RULE },
		{ "{looks: [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]}",
		  "7: compare.looks: found a list, " LOOKS_RULE },
		{ "{looks: [5]}", "7: compare.looks[0]: found 5, expected 6 to 100000" },
		{ "{looks: [twenty]}", "7: compare.looks[0]: found twenty, expected 6 to 100000" },
		{ "{looks: [-6]}", "7: compare.looks[0]: found -6, expected 6 to 100000" },
		{ "{looks: [18446744073709551622]}",
		  "7: compare.looks[0]: found 18446744073709551622, expected 6 to 100000" },
		{ "{looks: [[]]}",
		  "7: compare.looks[0]: found a list, expected a number of blocks" },
		{ "{looks: [20,\n  20]}",
		  "8: compare.looks[1]: found 20, expected more than 20, the look before" },
		{ "{looks: [20, 10]}",
		  "7: compare.looks[1]: found 10, expected more than 20, the look before" },
		{ "{looks: [40]}",
		  "7: compare.looks[0]: found 40, expected fewer than the 40 blocks of the whole" },
		{ "{blocks: 30, looks: [20, 31]}",
		  "7: compare.looks[1]: found 31, expected fewer than the 30 blocks of the whole" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *error = mem_printf("t.yaml:%s", cases[i].error);

		text_refused(comparing(cases[i].compare), error);
	}
}

static void what_goes_against_it_is_refused(void **state)
{
	(void)state;
	text_refused(text_profile("{vms: 2}", TEXT_SNAPSHOTS, "{loops: 9}",
				  " order: fixed, compare: {}"),
		     "t.yaml:7: compare: found `order` beside it, expected all VMs to do the same");
	text_refused(text_profile("{vms: 2}",
				  "[{operation: reset}, {operation: migrate, to: foil}]",
				  "{loops: 9}", " compare: {}"),
		     "t.yaml:7: compare: found operations[1].to, expected each VM to stay with its "
		     "build");
	/* The default of warm-up, against a VM of one loop. */
	text_refused(text_profile("{vms: 2, loops-per-vm: 1}", TEXT_SNAPSHOTS, "{loops: 9}",
				  " compare: {}"),
		     "t.yaml:7: compare: expected fleet.loops-per-vm above the 1 loops of warm-up");
	profile_free(text_accepted(text_profile("{vms: 2, loops-per-vm: 1}", TEXT_SNAPSHOTS,
						"{loops: 9}", " compare: {warm-up: 0}")));
}

static const char places[] =
	"name: t\n"
	"machine: {type: pc-q35-7.2, accel: tcg, ram: 16MiB}\n"
	"guest: {name: g}\n"
	"builds: %s\n"
	"fleet: {vms: 2, loops-per-vm: 5}\n"
	"operations: [{operation: snapshot-save}, {operation: snapshot-delete}]\n"
	"compare: {}\n"
	"stop: {duration: 1h}\n";

/* format is a profile whose builds are left open. */
static struct profile *with_builds_in(const char *format, const char *builds)
{
	auto_free char *text = mem_printf(format, builds);
	struct profile *profile = NULL;
	struct err err = { 0 };

	if (profile_parse(text, strlen(text), "t.yaml", &profile, &err) < 0)
		fail_msg("%s", err.text);
	return profile;
}

static struct profile *with_builds(const char *builds)
{
	return with_builds_in(places, builds);
}

static void set_build(struct profile *profile, const char *name, const char *binary)
{
	struct err err = { 0 };

	if (profile_set_build(profile, name, binary, &err) < 0)
		fail_msg("%s", err.text);
}

/* Two builds of these names and binaries, in this order. */
static void assert_builds_stay(struct profile *profile, const char *a, const char *a_binary,
			       const char *b, const char *b_binary)
{
	struct err err = { 0 };

	if (profile_check_builds(profile, "t.yaml", &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(profile->build_count, 2);
	assert_string_equal(profile->builds[0].name, a);
	assert_string_equal(profile->builds[0].binary, a_binary);
	assert_string_equal(profile->builds[1].name, b);
	assert_string_equal(profile->builds[1].binary, b_binary);
}

static void assert_builds(struct profile *profile, const char *a, const char *a_binary,
			  const char *b, const char *b_binary)
{
	assert_builds_stay(profile, a, a_binary, b, b_binary);
	profile_free(profile);
}

static void builds_without_a_binary_make_room_for_those_of_the_command_line(void **state)
{
	struct profile *profile = with_builds("[{name: A}, {name: B}]");

	(void)state;
	set_build(profile, "B", "/new");
	set_build(profile, "A", "/old");
	assert_builds(profile, "A", "/old", "B", "/new");

	profile = with_builds("[{name: A}, {name: B}]");
	set_build(profile, "stock", "/old");
	set_build(profile, "mine", "/new");
	assert_builds(profile, "stock", "/old", "mine", "/new");

	/* One stays where it is. */
	profile = with_builds("[{name: A}, {name: B, binary: /b}]");
	set_build(profile, "mine", "/new");
	assert_builds(profile, "B", "/b", "mine", "/new");
}

static void refused_builds(struct profile *profile, const char *expected)
{
	struct err err = { 0 };

	assert_int_equal(profile_check_builds(profile, "t.yaml", &err), -EINVAL);
	assert_string_equal(err.text, expected);
	profile_free(profile);
}

static void two_builds_it_must_be(void **state)
{
	struct profile *profile = with_builds("[{name: A}, {name: B}]");

	(void)state;
	refused_builds(profile, "t.yaml:4: builds[0].binary: missing, expected the absolute path "
				"of a QEMU binary, or that build A is registered");
	profile = with_builds("[{name: A}, {name: B}]");
	set_build(profile, "mine", "/new");
	refused_builds(profile, "t.yaml: compare: found 1 builds, expected two: of the profile, or "
				"by --build");
	refused_builds(with_builds("[{name: A, binary: /a}]"),
		       "t.yaml: compare: found 1 builds, expected two: of the profile, or by "
		       "--build");
	profile = with_builds("[{name: A, binary: /a}, {name: B, binary: /b}]");
	set_build(profile, "mine", "/new");
	refused_builds(profile, "t.yaml: compare: found 3 builds, expected two: of the profile, or "
				"by --build");
}

static const char itself[] = "name: t\n"
			     "machine: {type: pc-q35-7.2, accel: tcg, ram: 16MiB}\n"
			     "guest: {name: g}\n"
			     "builds: [%s]\n"
			     "fleet: {vms: 2, loops-per-vm: 5}\n"
			     "operations: [{operation: reset}]\n"
			     "compare: {self: true}\n"
			     "stop: {duration: 1h}\n";

/* Its arguments and variables are those of the first one. */
static void one_build_may_be_compared_with_itself(void **state)
{
	struct profile *profile =
		with_builds_in(itself, "{name: A, binary: /a, args: [-x], env: {A: b}}");

	(void)state;
	assert_builds_stay(profile, "A", "/a", "A-again", "/a");
	assert_string_equal(profile->builds[1].args[0], "-x");
	assert_string_equal(profile->builds[1].env[0], "A=b");
	profile_free(profile);

	profile = with_builds_in(itself, "{name: A}");
	set_build(profile, "qemu", "/q");
	assert_builds(profile, "qemu", "/q", "qemu-again", "/q");

	/* Names have their limit. */
	profile = with_builds_in(itself, "{name: A}");
	{
		auto_free char *longest = helper_fill('n', PROFILE_NAME_MAX);
		auto_free char *again = mem_printf("%.58s-again", longest);

		set_build(profile, longest, "/q");
		assert_builds(profile, longest, "/q", again, "/q");
	}
	profile = with_builds_in(itself, "{name: A, binary: /a}, {name: B, binary: /b}");
	refused_builds(profile, "t.yaml: compare: found 2 builds, expected one that is compared "
				"with itself: of the profile, or by --build");
	profile = with_builds_in(itself, "{name: A}");
	refused_builds(profile, "t.yaml:4: builds[0].binary: missing, expected the absolute path "
				"of a QEMU binary, or that build A is registered");
}

/* As a bisection does; what it runs is no comparison then. */
static void one_build_alone_may_be_kept(void **state)
{
	struct profile *profile = text_accepted(comparing("{}"));
	struct err err = { 0 };

	(void)state;
	assert_int_equal(profile_keep_build(profile, "foil", &err), 0);
	assert_int_equal(profile_check_builds(profile, "t", &err), 0);
	assert_int_equal(profile->build_count, 1);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_what_the_manual_says),
		cmocka_unit_test(a_profile_without_it_compares_nothing),
		cmocka_unit_test(every_key_is_heard),
		cmocka_unit_test(the_ends_of_ranges_are_in_them),
		cmocka_unit_test(what_has_no_primary_metric_compares_boots),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(what_goes_against_it_is_refused),
		cmocka_unit_test(builds_without_a_binary_make_room_for_those_of_the_command_line),
		cmocka_unit_test(two_builds_it_must_be),
		cmocka_unit_test(one_build_may_be_compared_with_itself),
		cmocka_unit_test(one_build_alone_may_be_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

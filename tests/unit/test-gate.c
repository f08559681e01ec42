// SPDX-License-Identifier: GPL-2.0-or-later
/* The release gate: which rules are read and refused, and what each says of a campaign. */
#include "tests/unit/helper.h"

#include <math.h>

#include "report/gate.h"

/* ' for ", which C would have to escape. */
static json_t *json(const char *text)
{
	auto_free char *quoted = mem_strdup(text);
	json_error_t error;
	json_t *value;

	for (char *c = quoted; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	value = json_loads(quoted, 0, &error);
	if (!value)
		fail_msg("%s: %s", error.text, quoted);
	return value;
}

static int read_rules(struct gate_rules *rules, const char *text, struct err *err)
{
	return gate_rules_read(rules, text, strlen(text), "r.yaml", err);
}

static void accept(struct gate_rules *rules, const char *text)
{
	struct err err = { 0 };

	if (read_rules(rules, text, &err) < 0)
		fail_msg("%s", err.text);
}

/* --- reading --- */

static void rules_are_read(void **state)
{
	struct gate_rules rules;

	(void)state;
	accept(&rules, "failures: {below: 0.5%, confidence: 99%, builds: [a, b], ignore: [known], "
		       "worse: false}\n"
		       "slower:\n"
		       "  margin: 2.5%\n"
		       "  metrics: {snapshot-save.duration: 10%, migrate.blackout: 0.0625}\n"
		       "need: [migrate.blackout]\n"
		       "min-loops: 1000\n"
		       "min-blocks: 20\n"
		       "end: any\n"
		       "environment: any\n");
	assert_string_equal(rules.name, "r.yaml");
	assert_true(rules.failures.below == 0.005 && rules.failures.confidence == 0.99);
	assert_string_equal(rules.failures.builds[1], "b");
	assert_null(rules.failures.builds[2]);
	assert_true(rules.failures.ignore[GATE_IGNORE_KNOWN]);
	assert_false(rules.failures.ignore[GATE_IGNORE_EXPECTED] || rules.failures.worse);
	assert_true(rules.slower.margin == 0.025);
	assert_int_equal(rules.slower.metric_count, 2);
	assert_string_equal(rules.slower.metrics[1].metric, "migrate.blackout");
	assert_true(rules.slower.metrics[1].margin == 0.0625);
	assert_string_equal(rules.need[0], "migrate.blackout");
	assert_int_equal(rules.min_loops, 1000);
	assert_int_equal(rules.min_blocks, 20);
	assert_true(rules.any_end && rules.any_environment);
	gate_rules_finish(&rules);
}

static void what_is_left_out_has_a_default(void **state)
{
	struct gate_rules rules;

	(void)state;
	accept(&rules, "failures: {}\n");
	assert_true(rules.failures.given && !rules.slower.given);
	assert_true(rules.failures.below == 0.01 && rules.failures.confidence == 0.95);
	assert_true(rules.failures.worse && !rules.failures.ignore[GATE_IGNORE_KNOWN]);
	assert_true(!rules.any_end && !rules.any_environment);
	gate_rules_finish(&rules);
	accept(&rules, "slower: {}\nfailures: {ignore: expected}\n");
	assert_true(rules.slower.given && rules.slower.margin < 0);
	assert_true(rules.failures.ignore[GATE_IGNORE_EXPECTED]);
	gate_rules_finish(&rules);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "min-loops: 7\n", "1: found no rule, expected failures, slower or need" },
		{ "fail: {}\n", "1: fail: unknown key, expected failures, slower, need, min-loops, "
				"min-blocks, end or environment" },
		{ "failures: 7\n", "1: failures: found 7, expected a mapping" },
		{ "\nfailures: {below: 1}\n",
		  "2: failures.below: found 1, expected 0.000001 to 0.999999, like 0.05 or 5%" },
		{ "failures: {below: 0}\n",
		  "1: failures.below: found 0, expected 0.000001 to 0.999999, like 0.05 or 5%" },
		{ "failures: {below: -1}\n",
		  "1: failures.below: found -1, expected 0.000001 to 0.999999, like 0.05 or 5%" },
		{ "failures: {below: 1 %}\n",
		  "1: failures.below: found \"1 %\", expected 0.000001 to "
		  "0.999999, like 0.05 or 5%" },
		{ "failures: {below: 0.0000001}\n", "1: failures.below: found 0.0000001, expected "
						    "0.000001 to 0.999999, like 0.05 or 5%" },
		{ "failures: {below: 1e-3}\n",
		  "1: failures.below: found 1e-3, expected 0.000001 to "
		  "0.999999, like 0.05 or 5%" },
		{ "failures: {below: 0.}\n",
		  "1: failures.below: found 0., expected 0.000001 to 0.999999, like 0.05 or 5%" },
		{ "failures: {below: [1]}\n",
		  "1: failures.below: found a list, expected 0.000001 to "
		  "0.999999, like 0.05 or 5%" },
		{ "failures: {confidence: 50%}\n", "1: failures.confidence: found 50%, expected "
						   "0.500001 to 0.999999, like 0.05 or 5%" },
		{ "failures: {ignore: all}\n",
		  "1: failures.ignore: found all, expected known or expected" },
		{ "failures: {ignore: [known, [x]]}\n",
		  "1: failures.ignore[1]: found a list, expected known or expected" },
		{ "failures: {builds: []}\n",
		  "1: failures.builds: found 0 entries, expected 1 to 64" },
		{ "failures: {worse: maybe}\n",
		  "1: failures.worse: found maybe, expected true or false" },
		{ "slower: {margin: 101%}\n",
		  "1: slower.margin: found 101%, expected 0 to 1, like 0.05 or 5%" },
		{ "slower: {metrics: [x]}\n",
		  "1: slower.metrics: found a list, expected a mapping of metrics to margins" },
		{ "slower:\n  metrics:\n    blackout: 5%\n",
		  "3: slower.metrics.blackout: unknown key, expected a metric of qsoak-statistics(7), like "
		  "snapshot-save.duration" },
		{ "slower:\n  metrics:\n    boot.duration: 5%\n    shutdown.duration: five\n",
		  "4: slower.metrics.shutdown.duration: found five, expected 0 to 1, like 0.05 or 5%" },
		{ "need: migrate.blackout\n", "1: need: found migrate.blackout, expected a list" },
		{ "need: [boot.duration, A.b]\n",
		  "1: need[1]: found A.b, expected a metric of qsoak-statistics(7), like snapshot-save.duration" },
		{ "need: [boot.duration.c]\n",
		  "1: need[0]: found boot.duration.c, expected a metric of qsoak-statistics(7), like snapshot-save.duration" },
		{ "failures: {}\nmin-loops: 0\n",
		  "2: min-loops: found 0, expected 1 to 1000000000" },
		{ "failures: {}\nend: never\n", "2: end: found never, expected complete or any" },
		{ "failures: {}\nenvironment: [same]\n",
		  "2: environment: found a list, expected same or any" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct gate_rules rules;
		struct err err = { 0 };
		auto_free char *expected = mem_printf("r.yaml:%s", cases[i].expected);

		if (read_rules(&rules, cases[i].text, &err) != -EINVAL)
			fail_msg("taken: %s", cases[i].text);
		assert_string_equal(err.text, expected);
		gate_rules_finish(&rules);
	}
}

static void a_text_without_end_is_refused(void **state)
{
	auto_free char *text = helper_fill('#', GATE_RULES_TEXT_MAX + 1);
	struct gate_rules rules;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(read_rules(&rules, text, &err), -EINVAL);
	assert_string_equal(err.text, "r.yaml:1: found 65537 bytes, expected at most 65536");
	gate_rules_finish(&rules);
}

/* --- judging --- */

/* rules: NULL for the built-in ones. */
static json_t *judge(const char *report, const char *text)
{
	auto_json json_t *value = json(report);
	struct gate_rules rules;
	json_t *judged;

	if (text)
		accept(&rules, text);
	else
		gate_rules_init(&rules);
	judged = gate_judge(value, &rules);
	gate_rules_finish(&rules);
	return judged;
}

/* "VERDICT SENTENCE" of each rule, a line each, and the verdict on all. */
static void same(const char *report, const char *rules, const char *expected)
{
	auto_json json_t *judged = judge(report, rules);
	auto_free char *found = mem_strdup("");
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(judged, "rules"), i, rule) {
		auto_free char *before = found;

		found = mem_printf("%s%s %s\n", before,
				   json_string_value(json_object_get(rule, "verdict")),
				   json_string_value(json_object_get(rule, "sentence")));
	}
	found = mem_realloc(found, strlen(found) + 20, 1);
	strcat(found, json_string_value(json_object_get(judged, "verdict")));
	if (strcmp(found, expected))
		fail_msg("found\n%s\nexpected\n%s", found, expected);
}

#define CAMPAIGN "'campaign': {'id': 7, 'name': 'nightly', 'end': 'complete'}"
#define BUILD(name, loops, failures) \
	"{'build': '" name "', 'loops': " loops ", 'failures': " failures "}"
#define OF(loops, failures) "{" CAMPAIGN ", 'builds': [" BUILD("new", loops, failures) "]}"

static void failures_are_below_the_bound_above_it_or_not_decided(void **state)
{
	(void)state;
	same(OF("299", "0"), NULL,
	     "pass new fails in less than 0.997 % of its loops with 95 % confidence (0 of 299 "
	     "loops), the bound is 1 %\npass");
	same(OF("298", "0"), NULL,
	     "inconclusive new may fail in up to 1 % of its loops (95 % confidence, 0 of 298 "
	     "loops), the bound is 1 %; 1 more loop without a failure would do\ninconclusive");
	/* The loop that failed is not among those that were finished. */
	same(OF("626", "2"), NULL,
	     "pass new fails in less than 0.999 % of its loops with 95 % confidence (2 of 628 "
	     "loops), the bound is 1 %\npass");
	same(OF("625", "2"), NULL,
	     "inconclusive new may fail in up to 1 % of its loops (95 % confidence, 2 of 627 "
	     "loops), the bound is 1 %; 1 more loop without a failure would do\ninconclusive");
	same(OF("133", "4"), NULL,
	     "broken new fails in more than 1 % of its loops with 95 % confidence (4 of 137 "
	     "loops), the bound is 1 %\nbroken");
	same(OF("134", "4"), "failures: {confidence: 96%}\n",
	     "inconclusive new may fail in up to 6.75 % of its loops (96 % confidence, 4 of 138 "
	     "loops), the bound is 1 %; 811 more loops without a failure would do\ninconclusive");
	same(OF("0", "0"), "failures: {below: 50%}\n",
	     "inconclusive new may fail in up to 100 % of its loops (95 % confidence, 0 of 0 "
	     "loops), the bound is 50 %; 5 more loops without a failure would do\ninconclusive");
}

static void each_build_is_judged_or_those_that_the_rules_name(void **state)
{
#define TWO "{" CAMPAIGN ", 'builds': [" BUILD("a", "900", "0") ", " BUILD("b", "10", "9") "]}"
#define A_PASSES                                                                                 \
	"pass a fails in less than 0.332 % of its loops with 95 % confidence (0 of 900 loops), " \
	"the bound is 1 %\n"
	(void)state;
	same(TWO, NULL,
	     A_PASSES
	     "broken b fails in more than 27.4 % of its loops with 95 % confidence (9 of 19 "
	     "loops), the bound is 1 %\nbroken");
	same(TWO, "failures: {builds: [a]}\n", A_PASSES "pass");
	same(TWO, "failures: {builds: [a, c]}\n",
	     A_PASSES "inconclusive it is not known how often c failed: no VM of it ran\n"
		      "inconclusive");
	same("{" CAMPAIGN ", 'builds': []}", NULL, "inconclusive no build ran\ninconclusive");
}

static void too_few_loops_are_inconclusive(void **state)
{
	(void)state;
	same(OF("400", "0"), "failures: {}\nmin-loops: 401\n",
	     "inconclusive new has done 400 loops, at least 401 are wanted\n"
	     "pass new fails in less than 0.746 % of its loops with 95 % confidence (0 of 400 "
	     "loops), the bound is 1 %\ninconclusive");
	same(OF("400", "0"), "failures: {}\nmin-loops: 400\n",
	     "pass new has done 400 loops, at least 400 are wanted\n"
	     "pass new fails in less than 0.746 % of its loops with 95 % confidence (0 of 400 "
	     "loops), the bound is 1 %\npass");
}

static void a_campaign_must_have_come_to_its_end(void **state)
{
#define ENDED(end) "{'campaign': {'end': " end "}, 'builds': [" BUILD("new", "400", "0") "]}"
#define PASSES                                                                                     \
	"pass new fails in less than 0.746 % of its loops with 95 % confidence (0 of 400 loops), " \
	"the bound is 1 %\n"
	(void)state;
	same(ENDED("'host'"), NULL,
	     "inconclusive the campaign did not come to its end: host\n" PASSES "inconclusive");
	same(ENDED("null"), "failures: {}\nend: any\n",
	     "inconclusive the campaign has not ended\n" PASSES "inconclusive");
	same(ENDED("'interrupted'"), "failures: {}\nend: any\n", PASSES "pass");
}

/* --- what is ignored --- */

#define ROW(class, failures, expected, ledger)                                                   \
	"{'build': 'new', 'class': '" class "', 'failures': " failures ", 'expected': " expected \
					    ", 'ledger': " ledger "}"
#define WITH(failures, rows) \
	"{" CAMPAIGN ", 'builds': [" BUILD("new", "1000", failures) "], 'signatures': [" rows "]}"

static int64_t counted(const char *report, const char *rules)
{
	auto_json json_t *judged = judge(report, rules);
	json_t *rule = json_array_get(json_object_get(judged, "rules"), 0);
	double value = json_number_value(json_object_get(rule, "value"));

	/* value is failures / (1000 + failures) */
	return llround(1000 * value / (1 - value));
}

static void known_failures_are_ignored_only_if_the_rules_say_so(void **state)
{
#define KNOWN "failures: {ignore: known}\n"
#define HANG_KNOWN ROW("hang", "3", "0", "{'status': 'known', 'failures': 3}")
#define EXIT_EXPECTED ROW("exit", "2", "2", "{'status': 'new', 'failures': null}")
#define CRASH_BACK ROW("crash", "1", "0", "{'status': 'came-back', 'failures': 1}")
#define OF_HOST ROW("host", "9", "0", "{'status': 'known', 'failures': 9}")
#define MIXED HANG_KNOWN ", " EXIT_EXPECTED ", " CRASH_BACK ", " OF_HOST
	static const char mixed[] = WITH("6", MIXED);

	(void)state;
	assert_int_equal(counted(mixed, NULL), 6);
	assert_int_equal(counted(mixed, KNOWN), 3);
	assert_int_equal(counted(mixed, "failures: {ignore: expected}\n"), 4);
	assert_int_equal(counted(mixed, "failures: {ignore: [known, expected]}\n"), 1);
	/* Of one signature some are the issue. */
	assert_int_equal(
		counted(WITH("5", ROW("hang", "5", "0", "{'status': 'known', 'failures': 2}")),
			KNOWN),
		3);
	/* Both reasons may be of the same failures. */
	assert_int_equal(
		counted(WITH("5", ROW("hang", "5", "3", "{'status': 'known', 'failures': 2}")),
			"failures: {ignore: [known, expected]}\n"),
		2);
}

static void what_does_not_add_up_is_not_ignored(void **state)
{
	(void)state;
	/* VMs of this build have failed as another one. */
	assert_int_equal(
		counted(WITH("4", ROW("hang", "3", "0", "{'status': 'known', 'failures': 3}")),
			KNOWN),
		4);
	assert_int_equal(
		counted(WITH("3", ROW("hang", "3", "0", "{'status': 'known', 'failures': null}")),
			KNOWN),
		3);
	assert_int_equal(
		counted(WITH("3", ROW("hang", "3", "-7", "{'status': 'known', 'failures': 99}")),
			KNOWN),
		0);
}

static void an_ignored_failure_is_said(void **state)
{
	(void)state;
	same(WITH("3", ROW("hang", "3", "0", "{'status': 'known', 'failures': 3}")), KNOWN,
	     "pass new fails in less than 0.299 % of its loops with 95 % confidence (0 of 1000 "
	     "loops, 3 ignored), the bound is 1 %\npass");
}

/* --- comparisons --- */

#define METRIC(name, better, lower, upper, more)                                                   \
	"{'metric': '" name "', 'unit': 'ns', 'better': '" better "', 'primary': true, 'margin': " \
	"0.04, 'verdict': 'unclear', 'blocks': 40, 'ratio': 1, 'lower': " lower                    \
	", 'upper': " upper ", 'more_blocks': " more "}"
#define COMPARED(more, metrics)                                                              \
	"{" CAMPAIGN ", 'builds': [" BUILD("A", "9", "9") ", " BUILD(                        \
		"B", "400", "0") "], "                                                       \
				 "'comparison': {'a': {'build': 'A'}, 'b': {'build': 'B'}, " \
				 "'blocks': {'used': 40}, " more "'metrics': [" metrics "]}}"
#define SLOWER "slower: {margin: 5%}\n"

static void a_metric_is_within_its_margin_beyond_it_or_neither(void **state)
{
	(void)state;
	same(COMPARED("", METRIC("boot.duration", "lower", "0.99", "1.0499", "null")), SLOWER,
	     "pass boot.duration: B is slower by -1.0 % to 5.0 % (40 blocks), within the margin of 5 %\n"
	     "pass");
	same(COMPARED("", METRIC("boot.duration", "lower", "0.99", "1.05", "null")), SLOWER,
	     "inconclusive boot.duration: B is slower by -1.0 % to 5.0 % (40 blocks), on both sides of the "
	     "margin of 5 %\ninconclusive");
	same(COMPARED("", METRIC("boot.duration", "lower", "1.08", "1.124", "null")), SLOWER,
	     "broken boot.duration: B is slower by 8.0 % to 12.4 % (40 blocks), beyond the margin of 5 %\n"
	     "broken");
	same(COMPARED("", METRIC("boot.duration", "lower", "null", "1.04", "null")), SLOWER,
	     "inconclusive boot.duration: there is too little to tell by how much B is slower\n"
	     "inconclusive");
	same(COMPARED("", METRIC("boot.duration", "lower", "1.04", "1.01", "null")), SLOWER,
	     "inconclusive boot.duration: there is too little to tell by how much B is slower\n"
	     "inconclusive");
}

static void where_more_is_better_less_is_slower(void **state)
{
	(void)state;
	same(COMPARED("", METRIC("boot.duration", "higher", "0.5", "0.8", "null")), SLOWER,
	     "broken boot.duration: B is slower by 25.0 % to 100.0 % (40 blocks), beyond the margin of 5 %\n"
	     "broken");
	same(COMPARED("", METRIC("boot.duration", "higher", "1", "1.25", "null")), SLOWER,
	     "pass boot.duration: B is slower by -20.0 % to 0.0 % (40 blocks), within the margin of 5 %\n"
	     "pass");
}

static void a_margin_is_of_the_metric_of_the_rules_or_of_the_campaign(void **state)
{
#define WIDE METRIC("boot.duration", "lower", "1.01", "1.045", "25")
	(void)state;
	same(COMPARED("", WIDE), "slower: {margin: 1%, metrics: {boot.duration: 10%}}\n",
	     "pass boot.duration: B is slower by 1.0 % to 4.5 % (40 blocks), within the margin of 10 %\n"
	     "pass");
	same(COMPARED("", WIDE), SLOWER,
	     "pass boot.duration: B is slower by 1.0 % to 4.5 % (40 blocks), within the margin of 5 %\npass");
	/* How many more blocks it takes is known of the campaign's margin alone. */
	same(COMPARED("", WIDE), "slower: {}\n",
	     "inconclusive boot.duration: B is slower by 1.0 % to 4.5 % (40 blocks), on both sides of the "
	     "margin of 4 %; about 25 more blocks would decide\ninconclusive");
	same(COMPARED("", WIDE), "slower: {margin: 3%}\n",
	     "inconclusive boot.duration: B is slower by 1.0 % to 4.5 % (40 blocks), on both sides of the "
	     "margin of 3 %\ninconclusive");
}

static void what_was_not_compared_is_inconclusive(void **state)
{
	(void)state;
	same(OF("400", "0"), SLOWER,
	     "inconclusive the campaign compares no two builds\ninconclusive");
	same("{" CAMPAIGN ", 'comparison': {'metrics': [" WIDE "]}}", SLOWER,
	     "inconclusive the campaign compares no two builds\ninconclusive");
	same(COMPARED("", ""), SLOWER, "inconclusive no metric was compared\ninconclusive");
	same(COMPARED("", WIDE), "slower: {margin: 5%, metrics: {shutdown.duration: 5%}}\n",
	     "inconclusive shutdown.duration was not measured\n"
	     "pass boot.duration: B is slower by 1.0 % to 4.5 % (40 blocks), within the margin of 5 %\n"
	     "inconclusive");
}

static void what_is_needed_must_be_decided(void **state)
{
	(void)state;
	same(COMPARED("", WIDE), "need: [boot.duration, shutdown.duration]\n",
	     "inconclusive boot.duration is unclear after 40 blocks; about 25 more blocks would decide\n"
	     "inconclusive shutdown.duration was not measured\ninconclusive");
	same(COMPARED("", "{'metric': 'boot.duration', 'verdict': 'same'}"), "need: [boot.duration]\n",
	     "pass boot.duration is decided: same\npass");
	same(OF("400", "0"), "need: [boot.duration]\n", "inconclusive boot.duration was not compared\ninconclusive");
}

static void before_the_first_look_no_metric_passes(void **state)
{
	(void)state;
	same(COMPARED("'blocks': {'complete': 12, 'used': 12, 'looks': [20, 40], 'look': null}, ",
		      METRIC("boot.duration", "lower", "0.99", "1.01", "null")),
	     "slower: {}\n",
	     "inconclusive 12 of the 20 blocks of the first look are complete\ninconclusive");
}

static void blocks_are_counted(void **state)
{
#define NEEDS "need: [boot.duration]\nmin-blocks: "
#define SAME "{'metric': 'boot.duration', 'verdict': 'same'}"
	(void)state;
	same(COMPARED("", SAME), NEEDS "40",
	     "pass 40 blocks were compared, at least 40 are wanted\npass boot.duration is decided: same\n"
	     "pass");
	same(COMPARED("", SAME), NEEDS "41",
	     "inconclusive 40 blocks were compared, at least 41 are wanted\n"
	     "pass boot.duration is decided: same\ninconclusive");
}

static void different_environments_are_inconclusive(void **state)
{
#define FORCED "'environment': {'forced': true, 'differences': [{'key': 'kernel'}]}, "
	(void)state;
	same(COMPARED(FORCED, SAME), "need: [boot.duration]\n",
	     "inconclusive the two builds ran in different environments: kernel\n"
	     "pass boot.duration is decided: same\ninconclusive");
	/* A report does not force it but where rules want that. */
	same(COMPARED("'environment': {'forced': false, 'differences': "
		      "[{'key': 'args', 'serious': true}]}, ",
		      ""),
	     "need: [boot.duration]\n",
	     "inconclusive the two builds ran in different environments: args\n"
	     "inconclusive boot.duration was not measured\ninconclusive");
	same(COMPARED(FORCED, SAME), "need: [boot.duration]\nenvironment: any\n",
	     "pass boot.duration is decided: same\npass");
}

#define MORE(a, failures_a, b, failures_b, real)                                          \
	"'failures': [{'class': 'hang', 'signature': 'hang of x', 'a': '" a "', 'b': '" b \
	"', 'failures_a': " failures_a ", 'loops_a': 400, 'failures_b': " failures_b      \
	", 'loops_b': 400, 'adjusted_p': 0.012, 'real': " real "}], "

static void a_failure_that_comes_more_often_than_before_breaks_the_gate(void **state)
{
#define B_PASSES                                                                                 \
	"pass B fails in less than 0.746 % of its loops with 95 % confidence (0 of 400 loops), " \
	"the bound is 1 %\n"
#define NOT_WORSE "pass no failure is known to come more often with B than with A\n"
#define WORSE "broken B fails more often than A (p 0.012, adjusted): hang of x\n"
#define FAILURES "failures: {}\n"
	(void)state;
	same(COMPARED(MORE("A", "0", "B", "9", "true"), ""), FAILURES, B_PASSES WORSE "broken");
	same(COMPARED(MORE("B", "9", "A", "0", "true"), ""), FAILURES, B_PASSES WORSE "broken");
	same(COMPARED(MORE("A", "9", "B", "0", "true"), ""), FAILURES, B_PASSES NOT_WORSE "pass");
	same(COMPARED(MORE("A", "0", "B", "3", "false"), ""), FAILURES, B_PASSES NOT_WORSE "pass");
	same(COMPARED(MORE("A", "0", "B", "null", "true"), ""), FAILURES, B_PASSES WORSE "broken");
	same(COMPARED(MORE("A", "0", "B", "9", "true"), ""), "failures: {worse: false}\n",
	     B_PASSES "pass");
	same("{" CAMPAIGN ", 'builds': [" BUILD(
		     "B", "400",
		     "0") "], 'signatures': [{'build': 'B', "
			  "'class': 'hang', 'signature': 'hang of x', 'failures': 9, 'expected': "
			  "9}], "
			  "'comparison': {'a': {'build': 'A'}, 'b': {'build': 'B'}, " MORE(
				  "A", "0", "B", "9", "true") "'metrics': []}}",
	     "failures: {ignore: expected}\n", B_PASSES NOT_WORSE "pass");
	same(COMPARED("'differences': [], ", ""), FAILURES,
	     B_PASSES "inconclusive the failures of B and A were not compared\ninconclusive");
}

static void of_a_comparison_the_newer_build_is_judged_by_all_built_in_rules(void **state)
{
	(void)state;
	same(COMPARED("'failures': [], ", METRIC("boot.duration", "lower", "0.99", "1.03", "null")), NULL,
	     B_PASSES NOT_WORSE
	     "pass boot.duration: B is slower by -1.0 % to 3.0 % (40 blocks), within the margin of 4 %\n"
	     "pass");
}

/* --- peers --- */

static void a_report_of_nonsense_never_passes(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{'campaign': 7, 'builds': 7, 'signatures': 7, 'comparison': 7}",
		"{" CAMPAIGN ", 'builds': [7, {'build': 7}, {'build': 'x', 'loops': 'many'}]}",
		"{" CAMPAIGN ", 'builds': [" BUILD("x", "-1", "0") "]}",
		"{" CAMPAIGN ", 'builds': [" BUILD("x", "400", "-1") "]}",
		"{" CAMPAIGN ", 'builds': [" BUILD("x", "9223372036854775807", "0") "]}",
		"{" CAMPAIGN ", 'builds': [" BUILD("x", "1099511627776", "1099511627776") "]}",
		"{" CAMPAIGN ", 'comparison': {'a': 7, 'b': {'build': 'B'}, 'metrics': 7}}",
		COMPARED("'environment': 7, 'failures': 7, ",
			 "7, {'metric': 7, 'primary': true}, {'metric': 'boot.duration', 'primary': true}"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_json json_t *judged = judge(cases[i], NULL);

		if (gate_verdict(judged) == GATE_PASS)
			fail_msg("%s passes", cases[i]);
	}
}

static void what_is_printed_is_a_line_a_rule(void **state)
{
	auto_json json_t *judged = judge(
		"{'campaign': {'end': 'so\\u001b[31m'}, 'builds': [" BUILD("new", "400", "0") "]}",
		NULL);
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	gate_print(judged, out);
	fclose(out);
	assert_string_equal(text,
			    "inconclusive  the campaign did not come to its end: so\\x1b[31m\n"
			    "pass          new fails in less than 0.746 % of its loops with "
			    "95 % confidence (0 of 400 loops), the bound is 1 %\n\n"
			    "the gate is shut: of 2 rules 0 broken, 1 inconclusive\n");
	free(text);
	text = NULL;
	out = open_memstream(&text, &size);
	gate_print(json_object_get(judged, "campaign"), out);
	fclose(out);
	assert_string_equal(text, "\n-\n");
}

static void json_has_the_figures(void **state)
{
	auto_json json_t *judged = judge(OF("299", "0"), NULL);
	json_t *rule = json_array_get(json_object_get(judged, "rules"), 0);

	(void)state;
	assert_int_equal(gate_verdict(judged), GATE_PASS);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(judged, "campaign"), "id")), 7);
	assert_string_equal(json_string_value(json_object_get(rule, "rule")), "failures");
	assert_string_equal(json_string_value(json_object_get(rule, "subject")), "new");
	assert_true(json_number_value(json_object_get(rule, "bound")) == 0.01);
	assert_true(fabs(json_number_value(json_object_get(rule, "upper")) - 0.00996915) < 1e-8);
	assert_true(json_is_null(json_object_get(judged, "rules_file")));
	assert_true(json_is_null(json_object_get(judged, "candidate")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read),
		cmocka_unit_test(what_is_left_out_has_a_default),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(a_text_without_end_is_refused),
		cmocka_unit_test(failures_are_below_the_bound_above_it_or_not_decided),
		cmocka_unit_test(each_build_is_judged_or_those_that_the_rules_name),
		cmocka_unit_test(too_few_loops_are_inconclusive),
		cmocka_unit_test(a_campaign_must_have_come_to_its_end),
		cmocka_unit_test(known_failures_are_ignored_only_if_the_rules_say_so),
		cmocka_unit_test(what_does_not_add_up_is_not_ignored),
		cmocka_unit_test(an_ignored_failure_is_said),
		cmocka_unit_test(a_metric_is_within_its_margin_beyond_it_or_neither),
		cmocka_unit_test(where_more_is_better_less_is_slower),
		cmocka_unit_test(a_margin_is_of_the_metric_of_the_rules_or_of_the_campaign),
		cmocka_unit_test(what_was_not_compared_is_inconclusive),
		cmocka_unit_test(what_is_needed_must_be_decided),
		cmocka_unit_test(before_the_first_look_no_metric_passes),
		cmocka_unit_test(blocks_are_counted),
		cmocka_unit_test(different_environments_are_inconclusive),
		cmocka_unit_test(a_failure_that_comes_more_often_than_before_breaks_the_gate),
		cmocka_unit_test(of_a_comparison_the_newer_build_is_judged_by_all_built_in_rules),
		cmocka_unit_test(a_report_of_nonsense_never_passes),
		cmocka_unit_test(what_is_printed_is_a_line_a_rule),
		cmocka_unit_test(json_has_the_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

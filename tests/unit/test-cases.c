// SPDX-License-Identifier: GPL-2.0-or-later
/* Test cases of a campaign's result: which there are, and what JUnit and TAP say of them. */
#include "tests/unit/helper.h"

#include "report/cases.h"

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

static void make(const char *report, struct cases *ret_cases)
{
	auto_json json_t *value = json(report);

	cases_make(value, ret_cases);
}

typedef void (*print_fn)(const struct cases *cases, FILE *out);

static char *printed(const char *report, print_fn print)
{
	struct cases cases;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	make(report, &cases);
	print(&cases, out);
	cases_finish(&cases);
	fclose(out);
	return text;
}

/* A line a case: "STATUS SUITE: NAME: MESSAGE". */
static void print_plain(const struct cases *cases, FILE *out)
{
	static const char *const status[] = { "passed", "failed", "skipped" };

	for (size_t i = 0; i < cases->count; i++) {
		const struct test_case *one = &cases->cases[i];

		fprintf(out, "%s %s: %s%s%s\n", status[one->status], one->suite, one->name,
			one->message ? ": " : "", one->message ? one->message : "");
	}
}

static void same(const char *report, print_fn print, const char *expected)
{
	auto_free char *found = printed(report, print);

	if (strcmp(found, expected))
		fail_msg("found\n%s\nexpected\n%s", found, expected);
}

#define CAMPAIGN                                                                        \
	"'campaign': {'id': 7, 'name': 'night', 'began_unix_ns': 1767323045000000000, " \
	"'ended_unix_ns': 1767323106789000000}"
#define BUILD(name, verdict)                                                           \
	"{'build': '" name "', 'verdict': '" verdict "', 'loops': 30, 'failures': 2, " \
	"'wanted_loops': 40}"
#define REPORT(builds, signatures) \
	"{" CAMPAIGN ", 'builds': [" builds "], 'signatures': [" signatures "]}"
#define ROW(build, class, title, failures, expected, ledger)                                      \
	"{'build': '" build                                                                       \
	"', 'class': '" class "', 'signature': '" title "', 'failures': " failures                \
			      ", 'expected': " expected                                           \
			      ", 'first_loops': 3, 'incident': 'incidents/17', 'ledger': " ledger \
			      "}"
#define NEW "{'status': 'new', 'title': null}"

static void a_build_passes_is_skipped_or_has_its_signatures(void **state)
{
	(void)state;
	same(REPORT(BUILD("a", "clean") ", " BUILD("b", "inconclusive") ", " BUILD("c", "failed"),
		    ROW("c", "hang", "hang of x", "2", "0", NEW)),
	     print_plain,
	     "passed night.a: no failures\n"
	     "skipped night.b: no failures: 30 of 40 loops were done\n"
	     "failed night.c: hang of x: 2 failures, the first after 3 loops, new\n");
	/* Its VMs migrated, and failed with another one. */
	same(REPORT(BUILD("c", "failed"), ROW("c -> d", "hang", "hang of x", "2", "0", NEW)),
	     print_plain,
	     "failed night.c: no failures: 2 failures\n"
	     "failed night.c -> d: hang of x: 2 failures, the first after 3 loops, new\n");
}

static void what_says_nothing_of_a_build_is_skipped_with_the_reason(void **state)
{
	static const struct {
		const char *ledger, *failures, *expected, *found;
	} cases[] = {
		{ "{'status': 'known', 'title': 'it waits', 'reference': 'bug 1', 'failures': 2}",
		  "2", "0", "skipped night.a: hang of x: known: it waits (bug 1)\n" },
		{ "{'status': 'known', 'title': 'it waits', 'reference': null, 'failures': 2}", "2",
		  "0", "skipped night.a: hang of x: known: it waits\n" },
		{ "{'status': 'known', 'title': 'it waits', 'failures': 1}", "2", "0",
		  "failed night.a: hang of x: 2 failures, the first after 3 loops, 1 of them "
		  "known: it waits\n" },
		{ "{'status': 'known', 'title': 'it waits', 'failures': null}", "0", "0",
		  "failed night.a: hang of x: 0 failures, the first after 3 loops, 0 of them "
		  "known: it waits\n" },
		{ "{'status': 'came-back', 'title': 'it waits', 'failures': 2}", "2", "0",
		  "failed night.a: hang of x: 2 failures, the first after 3 loops, came back: it "
		  "waits\n" },
		{ NEW, "2", "2", "skipped night.a: hang of x: expected by the profile\n" },
		{ NEW, "2", "1",
		  "failed night.a: hang of x: 2 failures, the first after 3 loops, new\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *report = mem_printf(
			"{" CAMPAIGN ", 'builds': [" BUILD(
				"a", "failed") "], 'signatures': ["
					       "{'build': 'a', 'class': 'hang', 'signature': 'hang "
					       "of x', 'first_loops': "
					       "3, 'failures': %s, 'expected': %s, 'ledger': %s}]}",
			cases[i].failures, cases[i].expected, cases[i].ledger);

		same(report, print_plain, cases[i].found);
	}
	same(REPORT(BUILD("a", "clean"), ROW("a", "host", "host in boot", "2", "0", NEW)),
	     print_plain,
	     "skipped night.a: host in boot: a failure of the host\n"
	     "passed night.a: no failures\n");
}

#define METRIC(name, verdict)                                          \
	"{'primary': true, 'metric': '" name "', 'verdict': '" verdict \
	"', 'ratio': 1.103, 'lower': 1.08, "                           \
	"'upper': 1.124, 'blocks': 40, 'more_blocks': null}"

static void a_metric_of_the_newer_build_passes_fails_or_is_skipped(void **state)
{
	(void)state;
	same("{" CAMPAIGN ", 'builds': [" BUILD("a", "clean") ", " BUILD(
		     "b",
		     "clean") "], "
			      "'comparison': {'a': {'build': 'a'}, 'b': {'build': 'b'}, 'metrics': "
			      "[" METRIC("x.same", "same") ", " METRIC(
				      "x.faster",
				      "faster") ", " METRIC("x.slower",
							    "slower") ", "
								      "{'primary': true, 'metric': "
								      "'x.unclear', "
								      "'verdict': 'unclear', "
								      "'blocks': 1, 'more_blocks': "
								      "25}, "
								      "{'primary': true, 'metric': "
								      "'x.none'}, "
								      "{'metric': 'x.other', "
								      "'verdict': 'slower'}, "
								      "{'verdict': 'slower'}]}}",
	     print_plain,
	     "passed night.a: no failures\n"
	     "passed night.b: no failures\n"
	     "passed night.b: x.same\n"
	     "passed night.b: x.faster\n"
	     "failed night.b: x.slower: slower, +10.3 % (+8.0 % to +12.4 %), 40 blocks\n"
	     "skipped night.b: x.unclear: unclear, 1 block, about 25 more would decide\n"
	     "skipped night.b: x.none: unclear, 0 blocks\n");
}

static void a_comparison_that_was_refused_has_not_passed(void **state)
{
	(void)state;
	same("{" CAMPAIGN ", 'builds': [" BUILD(
		     "b", "clean") "], 'comparison': {'b': {'build': 'b'}, "
				   "'metrics': [], 'sentence': 'a and b cannot be compared'}}",
	     print_plain,
	     "passed night.b: no failures\n"
	     "skipped night.b: comparison: a and b cannot be compared\n");
}

static void junit_has_a_suite_for_each_build(void **state)
{
	(void)state;
	same(REPORT(BUILD("a", "clean") ", " BUILD("b", "failed"),
		    ROW("b", "exit", "exit of <x> & \\\"y\\\"", "2", "0",
			NEW) ", " ROW("b", "hang", "hang", "1", "1", NEW)),
	     junit_print,
	     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	     "<testsuites name=\"campaign 7 night\" tests=\"3\" failures=\"1\" errors=\"0\" "
	     "time=\"61.789\">\n"
	     "  <testsuite name=\"night.a\" tests=\"1\" failures=\"0\" errors=\"0\" "
	     "time=\"61.789\" skipped=\"0\" timestamp=\"2026-01-02T03:04:05\">\n"
	     "    <testcase classname=\"night.a\" name=\"no failures\"/>\n"
	     "  </testsuite>\n"
	     "  <testsuite name=\"night.b\" tests=\"2\" failures=\"1\" errors=\"0\" "
	     "time=\"61.789\" skipped=\"1\" timestamp=\"2026-01-02T03:04:05\">\n"
	     "    <testcase classname=\"night.b\" name=\"exit of &lt;x&gt; &amp; "
	     "&quot;y&quot;\">\n"
	     "      <failure type=\"exit\" message=\"2 failures, the first after 3 loops, "
	     "new\">signature: exit of &lt;x&gt; &amp; &quot;y&quot;\n"
	     "class: exit\nfailures: 2\nfirst after loops: 3\nincident: incidents/17\n"
	     "</failure>\n"
	     "    </testcase>\n"
	     "    <testcase classname=\"night.b\" name=\"hang\">\n"
	     "      <skipped type=\"hang\" message=\"expected by the profile\">signature: hang\n"
	     "class: hang\nfailures: 1\nfirst after loops: 3\nincident: incidents/17\n"
	     "</skipped>\n"
	     "    </testcase>\n"
	     "  </testsuite>\n"
	     "</testsuites>\n");
}

static void junit_has_no_character_that_xml_forbids(void **state)
{
	auto_free char *text =
		printed("{'campaign': {'name': 'a\\u0001\\u001b\\ufffe\\uffff\\ud83d\\ude00'}, "
			"'builds': [{'build': 'x\\n\\t', 'verdict': 'clean'}]}",
			junit_print);

	(void)state;
	assert_non_null(strstr(text, "<testsuites name=\"campaign 0 "
				     "a\\x01\\x1b\\xef\\xbf\\xbe\\xef\\xbf\\xbf\xf0\x9f\x98\x80\" "
				     "tests=\"1\" failures=\"0\" errors=\"0\">\n"));
	assert_non_null(strstr(text, "x\\x0a\\x09\" name=\"no failures\"/>"));
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		assert_true(*c >= 0x20 || *c == '\n');
	assert_null(strstr(text, "\xef\xbf\xbe"));
}

static void tap_has_a_line_for_each_case(void **state)
{
	(void)state;
	same(REPORT(BUILD("a", "clean") ", " BUILD("b", "failed"),
		    ROW("b", "exit", "exit # SKIP\\u0007 of \\\"x\\\"", "2", "0",
			NEW) ", " ROW("b", "hang", "hang", "1", "1", NEW)),
	     tap_print,
	     "TAP version 13\n"
	     "1..3\n"
	     "ok 1 - night.a: no failures\n"
	     "not ok 2 - night.b: exit \\# SKIP\\x07 of \"x\"\n"
	     "  ---\n"
	     "  message: \"2 failures, the first after 3 loops, new\"\n"
	     "  severity: \"fail\"\n"
	     "  type: \"exit\"\n"
	     "  detail: |\n"
	     "    signature: exit # SKIP\\x07 of \"x\"\n"
	     "    class: exit\n"
	     "    failures: 2\n"
	     "    first after loops: 3\n"
	     "    incident: incidents/17\n"
	     "  ...\n"
	     "ok 3 - night.b: hang # SKIP expected by the profile\n");
}

static void nothing_is_no_case(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{'campaign': 7, 'builds': 7, 'signatures': {}, 'comparison': 7}",
		"{'builds': [7, {}, {'build': 7}], 'signatures': [7, {}, {'build': 7}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		same(cases[i], tap_print, "TAP version 13\n1..0 # SKIP no build ran\n");
		same(cases[i], junit_print,
		     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<testsuites name=\"campaign 0 -\" tests=\"0\" failures=\"0\" errors=\"0\">\n"
		     "</testsuites>\n");
	}
}

static void a_peer_may_say_a_build_twice(void **state)
{
	(void)state;
	same(REPORT(BUILD("a", "clean") ", " BUILD("a", "failed"), ""), print_plain,
	     "passed night.a: no failures\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_passes_is_skipped_or_has_its_signatures),
		cmocka_unit_test(what_says_nothing_of_a_build_is_skipped_with_the_reason),
		cmocka_unit_test(a_metric_of_the_newer_build_passes_fails_or_is_skipped),
		cmocka_unit_test(a_comparison_that_was_refused_has_not_passed),
		cmocka_unit_test(junit_has_a_suite_for_each_build),
		cmocka_unit_test(junit_has_no_character_that_xml_forbids),
		cmocka_unit_test(tap_has_a_line_for_each_case),
		cmocka_unit_test(nothing_is_no_case),
		cmocka_unit_test(a_peer_may_say_a_build_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The ledger of known issues: what is read and refused, what matches, and what is said of a report. */
#include "tests/unit/helper.h"

#include "base/file.h"
#include "report/ledger.h"

/* --- versions --- */

static struct version version(const char *text)
{
	struct version version;

	if (!version_parse(text, &version))
		fail_msg("%s is no version", text);
	return version;
}

static void versions_are_compared_as_numbers(void **state)
{
	static const char *const ascending[] = {
		"0.15",	 "1.0",	   "7.2",	"7.2.3",     "7.2.22", "7.10",
		"8.2.0", "8.2.90", "9.0.0-rc1", "9.0.0-rc2", "9.0.0",  "9.0.0.1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++)
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++) {
			struct version a = version(ascending[i]), b = version(ascending[j]);
			int order = version_compare(&a, &b);

			if ((i < j) != (order < 0) || (i > j) != (order > 0))
				fail_msg("%s and %s: %d", ascending[i], ascending[j], order);
		}
}

static void what_is_missing_of_a_version_is_zero(void **state)
{
	struct version a = version("8.2"), b = version("8.2.0.0");

	(void)state;
	assert_int_equal(version_compare(&a, &b), 0);
}

static void what_is_no_version(void **state)
{
	static const char *const cases[] = {
		"",	   "8",	    "8.",	 ".8",	    "v8.2",
		"8.2.",	   "8.2 ",  "8,2",	 "8.-2",    "8.2-rc",
		"8.2-rcx", "8.2-1", "8.2.1.0.5", "10000.1", "8.99999999999",
		"8.2~rc1",
	};
	struct version version;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (version_parse(cases[i], &version))
			fail_msg("\"%s\" is taken for a version", cases[i]);
}

static void the_version_of_a_build_is_in_its_line(void **state)
{
	static const struct {
		const char *line, *version;
	} cases[] = {
		{ "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)", "7.2.22" },
		{ "QEMU emulator version 8.2.91 (v9.0.0-rc1-4-gab)", "8.2.91" },
		{ "QEMU emulator version 9.0.0~rc1+ds", "9.0.0-rc1" },
		{ "QEMU emulator version 9.0.0-rc1", "9.0.0-rc1" },
		{ "QEMU emulator version 10.0.2(x)", "10.0.2" },
		{ "QEMU emulator version 7.2-dirty", "7.2" },
	};
	struct version found;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct version expected = version(cases[i].version);

		assert_true(version_find(cases[i].line, &found));
		assert_int_equal(version_compare(&found, &expected), 0);
	}
	assert_false(version_find("QEMU emulator", &found));
	assert_false(version_find("QEMU emulator version unknown", &found));
	assert_false(version_find("", &found));
}

/* --- reading --- */

static int add(struct ledger *ledger, const char *text, struct err *err)
{
	return ledger_add(ledger, text, strlen(text), "k.yaml", err);
}

static void accept(struct ledger *ledger, const char *text)
{
	struct err err = { 0 };

	if (add(ledger, text, &err) < 0)
		fail_msg("%s", err.text);
}

static void an_issue_is_read(void **state)
{
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues:\n"
			"  - signature: 'hang of *'\n"
			"    title: it waits\n"
			"    reference: commit 1\n"
			"    affects: {from: 6.0, fixed-in: 8.10}\n"
			"    profiles: [quick, snapshot-storm]\n"
			"  - {signature: x, title: y}\n");
	assert_int_equal(ledger.count, 2);
	assert_string_equal(ledger.issues[0].pattern, "hang of *");
	assert_string_equal(ledger.issues[0].title, "it waits");
	assert_string_equal(ledger.issues[0].reference, "commit 1");
	assert_string_equal(ledger.issues[0].from, "6.0");
	assert_string_equal(ledger.issues[0].fixed_in, "8.10");
	assert_string_equal(ledger.issues[0].profiles[1], "snapshot-storm");
	assert_null(ledger.issues[0].profiles[2]);
	assert_null(ledger.issues[1].reference);
	assert_null(ledger.issues[1].fixed_in);
	assert_null(ledger.issues[1].profiles);
	ledger_finish(&ledger);
	assert_int_equal(ledger.count, 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
#define PATTERN "a pattern over a whole title of up to 512 characters, like *bdrv_poll_co*"
#define VERSION "a version, like 8.2, 7.2.22 or 9.0.0-rc1"
#define ISSUE "issues: [{signature: x, title: y, "
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "issue: []\n", "1: issue: unknown key, expected issues" },
		{ "{}\n", "1: issues: missing, expected a list" },
		{ "issues: x\n", "1: issues: found x, expected a list" },
		{ "issues:\n  - x\n", "2: issues[0]: found x, expected a mapping" },
		{ "issues:\n  - title: y\n", "2: issues[0].signature: missing, expected " PATTERN },
		{ "issues: [{signature: '', title: y}]\n",
		  "1: issues[0].signature: found nothing, expected " PATTERN },
		{ "issues: [{signature: [x], title: y}]\n",
		  "1: issues[0].signature: found a list, expected " PATTERN },
		{ "issues: [{signature: x}]\n",
		  "1: issues[0].title: missing, expected a line of up to 200 characters" },
		{ "issues: [{signature: x, title: \"a\\nb\"}]\n",
		  "1: issues[0].title: found \"a\\x0ab\", expected a line of up to 200 "
		  "characters" },
		{ ISSUE "reference: {}}]\n", "1: issues[0].reference: found a mapping, expected a "
					     "line of up to 300 characters" },
		{ ISSUE "fixed-in: 8.2}]\n",
		  "1: issues[0].fixed-in: unknown key, expected signature, title, reference, "
		  "affects or profiles" },
		{ ISSUE "affects: 8.2}]\n", "1: issues[0].affects: found 8.2, expected a mapping" },
		{ ISSUE "affects: {}}]\n",
		  "1: issues[0].affects: found no version, expected from or fixed-in" },
		{ ISSUE "affects: {to: 8.2}}]\n",
		  "1: issues[0].affects.to: unknown key, expected from or fixed-in" },
		{ ISSUE "affects: {from: newest}}]\n",
		  "1: issues[0].affects.from: found newest, expected " VERSION },
		{ ISSUE "\n affects: {from: 8.2,\n  fixed-in: 8.2.0}}]\n",
		  "3: issues[0].affects.fixed-in: found 8.2.0, expected a version above 8.2, where "
		  "it begins" },
		{ ISSUE "profiles: quick}]\n",
		  "1: issues[0].profiles: found quick, expected a list" },
		{ ISSUE "profiles: []}]\n",
		  "1: issues[0].profiles: found 0 entries, expected 1 to 64" },
		{ ISSUE "profiles: [a/b]}]\n",
		  "1: issues[0].profiles[0]: found a/b, expected a name of up to 64 letters, "
		  "digits, '.', '_' and '-' that begins with a letter or digit" },
		{ "issues:\n  - {signature: x, title: y}\n  - {signature: z, title: y}\n"
		  "  - title: y\n    signature: x\n",
		  "5: issues[2].signature: found x, expected another pattern than issues[0]" },
		{ "issues: &a []\n", "1: " },
	};
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues: [{signature: first, title: y}]");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *expected = mem_printf("k.yaml:%s", cases[i].expected);
		struct err err = { 0 };

		assert_int_equal(add(&ledger, cases[i].text, &err), -EINVAL);
		if (strncmp(err.text, expected, strlen(expected)))
			fail_msg("found \"%s\", expected \"%s\"", err.text, expected);
		assert_int_equal(ledger.count, 1);
	}
	ledger_finish(&ledger);
}

/* text with count times `more` in the place of its %s; the caller frees. */
static char *repeat(const char *before, const char *more, size_t count, const char *after)
{
	char *text = mem_zalloc(strlen(before) + count * (strlen(more) + 8) + strlen(after) + 1);
	char *to = stpcpy(text, before);

	for (size_t i = 0; i < count; i++)
		to += sprintf(to, more, i);
	strcpy(to, after);
	return text;
}

static void expect_limit(const char *before, const char *more, size_t max, const char *after,
			 const char *where)
{
	auto_free char *most = repeat(before, more, max, after);
	auto_free char *beyond = repeat(before, more, max + 1, after);
	struct ledger ledger = { 0 };
	struct err err = { 0 };

	accept(&ledger, most);
	assert_int_equal(add(&ledger, beyond, &err), -EINVAL);
	if (!strstr(err.text, where))
		fail_msg("found \"%s\", expected %s", err.text, where);
	ledger_finish(&ledger);
}

static void everything_has_its_limit(void **state)
{
	(void)state;
	expect_limit("issues: [{title: y, signature: ", "x", 512, "}]", "issues[0].signature: ");
	expect_limit("issues: [{signature: x, title: ", "y", LEDGER_TITLE_MAX, "}]",
		     "issues[0].title: ");
	expect_limit("issues: [{signature: x, title: y, reference: ", "z", LEDGER_REFERENCE_MAX,
		     "}]", "issues[0].reference: ");
	expect_limit("issues: [{signature: x, title: y, profiles: [", "p%zu, ", LEDGER_PROFILES_MAX,
		     "]}]", "issues[0].profiles: found 65 entries, expected 1 to 64");
	expect_limit("issues:\n", "  - {signature: s%zu, title: y}\n", LEDGER_ISSUES_MAX, "",
		     "issues: found 513 entries, expected 0 to 512");
	expect_limit("issues: []\n#", "x", LEDGER_TEXT_MAX - strlen("issues: []\n#"), "",
		     "k.yaml:1: found 262145 bytes, expected at most 262144");
}

static void the_ledger_that_comes_with_qsoak_is_read(void **state)
{
	/* Titles as qsoak has stored them. */
	static const char *const known[] = {
		"assertion in bdrv_poll_co: qemu_get_current_aio_context() == "
		"qemu_get_aio_context()",
		"assertion in bdrv_co_write_req_prepare: !(bs->open_flags & BDRV_O_INACTIVE)",
		"hang of main-loop in migrate/setup",
		"hang of main-loop in shutdown/quit",
		"hang of main-loop in snapshot-load/load",
		"hang of main-loop in snapshot-load/dismiss",
		"hang of main-loop in snapshot-save/save",
		"hang of vcpu in snapshot-load/guest",
		"hang of vcpu in snapshot-load/dismiss",
		"corruption of flash after migrate",
	};
	struct ledger ledger = { 0 };
	struct err err = { 0 };
	auto_free char *text = NULL;
	size_t size;

	(void)state;
	assert_int_equal(
		file_read(LEDGER_FILE, "the known issues", LEDGER_TEXT_MAX, &text, &size, &err), 0);
	if (ledger_add(&ledger, text, size, LEDGER_FILE, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!ledger_match(&ledger, known[i], NULL))
			fail_msg("\"%s\" is not known", known[i]);
	assert_null(ledger_match(&ledger, "crash by SIGSEGV in migrate", NULL));
	/* Each profile that it names is there. */
	for (size_t i = 0; i < ledger.count; i++)
		for (char **p = ledger.issues[i].profiles; p && *p; p++) {
			auto_free char *path = mem_printf("profiles/%s.yaml", *p);

			if (access(path, R_OK) < 0)
				fail_msg("there is no %s", path);
		}
	ledger_finish(&ledger);
}

/* --- matching --- */

static json_t *json(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);

	if (!value)
		fail_msg("%s: %s", text, error.text);
	return value;
}

static const char *title_of(const struct ledger *ledger, const char *title,
			    const char *alternatives)
{
	auto_json json_t *list = alternatives ? json(alternatives) : NULL;
	const struct ledger_issue *issue = ledger_match(ledger, title, list);

	return issue ? issue->title : "-";
}

static void the_first_issue_that_matches_counts(void **state)
{
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues: [{signature: 'hang of vcpu*', title: one},"
			" {signature: 'hang*', title: two}]");
	accept(&ledger, "issues: [{signature: '*', title: three}]");
	assert_string_equal(title_of(&ledger, "hang of vcpu in x", NULL), "one");
	assert_string_equal(title_of(&ledger, "hang of job", NULL), "two");
	assert_string_equal(title_of(&ledger, "a hang", NULL), "three");
	ledger_finish(&ledger);
}

static void a_pattern_is_over_a_whole_title_or_alternative(void **state)
{
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues: [{signature: 'in f', title: one}]");
	assert_string_equal(title_of(&ledger, "in f", NULL), "one");
	assert_string_equal(title_of(&ledger, "in f of g", NULL), "-");
	assert_string_equal(title_of(&ledger, "hang", "[\"in g\", \"in f\"]"), "one");
	/* What a peer says need not make sense. */
	assert_string_equal(title_of(&ledger, NULL, "[1, null, \"in f\"]"), "one");
	assert_string_equal(title_of(&ledger, NULL, "{\"a\": \"in f\"}"), "-");
	ledger_finish(&ledger);
}

static void an_issue_affects_a_range_of_versions(void **state)
{
	static const struct {
		const char *affects, *version;
		bool expected;
	} cases[] = {
		{ "{from: 6.0, fixed-in: 8.2}", "QEMU emulator version 7.2.22 (x)", true },
		{ "{from: 6.0, fixed-in: 8.2}", "QEMU emulator version 6.0.0", true },
		{ "{from: 6.0, fixed-in: 8.2}", "QEMU emulator version 5.2.0", false },
		{ "{from: 6.0, fixed-in: 8.2}", "QEMU emulator version 8.2.0", false },
		{ "{fixed-in: 9.0.0}", "QEMU emulator version 9.0.0-rc1", true },
		{ "{fixed-in: 7.2.3}", "QEMU emulator version 7.2.22", false },
		{ "{fixed-in: 7.2.22}", "QEMU emulator version 7.2.3", true },
		{ "{from: 9.0}", "QEMU emulator version 10.0.2", true },
		{ "{from: 9.0}", "no words", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = mem_printf("issues: [{signature: x, title: y, affects: %s}]",
						  cases[i].affects);
		struct ledger ledger = { 0 };

		accept(&ledger, text);
		if (ledger_affects(&ledger.issues[0], cases[i].version) != cases[i].expected)
			fail_msg("%s and %s", cases[i].affects, cases[i].version);
		ledger_finish(&ledger);
	}
}

static void without_a_range_every_version_is_affected_and_none_is_fixed(void **state)
{
	auto_json json_t *versions = json("[\"QEMU emulator version 99.0\"]");
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues: [{signature: x, title: y}]");
	assert_true(ledger_affects(&ledger.issues[0], "no words"));
	assert_true(ledger_affects(&ledger.issues[0], NULL));
	assert_false(ledger_is_fixed(&ledger.issues[0], versions));
	ledger_finish(&ledger);
}

/* --- rows and reports --- */

#define OLD "\"QEMU emulator version 7.2.22\""
#define FIXED "\"QEMU emulator version 8.2.0\""

static void came_back_is_what_a_fixed_build_has(void **state)
{
	static const struct {
		const char *row, *expected; /* status, and where it came back */
	} cases[] = {
		{ "{\"build\": \"a\", \"versions\": [" OLD "]}", "known []" },
		{ "{\"build\": \"b\", \"versions\": [" FIXED "]}", "came-back [\"b\"]" },
		/* One of the two may be at fault. */
		{ "{\"build\": \"b -> a\", \"versions\": [" FIXED ", " OLD "]}", "known []" },
		{ "{\"build\": \"b -> c\", \"versions\": [" FIXED ", " FIXED "]}",
		  "came-back [\"b -> c\"]" },
		{ "{\"build\": \"b\", \"versions\": [\"?\"]}", "known []" },
		{ "{\"build\": null, \"versions\": []}", "known []" },
		{ "{\"builds\": [{\"build\": \"a\", \"versions\": [" OLD "]},"
		  " {\"build\": \"b\", \"versions\": [" FIXED "]}]}",
		  "came-back [\"b\"]" },
		{ "{\"builds\": [{\"build\": \"a\", \"versions\": [" OLD "]}]}", "known []" },
	};
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues: [{signature: s, title: y, affects: {fixed-in: 8.2}}]");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_json json_t *row = json(cases[i].row), *rows = json_pack("[O]", row);
		auto_free char *builds = NULL, *found = NULL;
		json_t *said;

		json_object_set_new(row, "signature", json_string("s"));
		ledger_apply(&ledger, rows);
		said = json_object_get(row, "ledger");
		builds = json_dumps(json_object_get(said, "came_back_in"), 0);
		found = mem_printf("%s %s", json_string_value(json_object_get(said, "status")),
				   builds);
		assert_string_equal(found, cases[i].expected);
	}
	ledger_finish(&ledger);
}

/* Status, how many failures it is, and where it came back. */
static char *said_of(const struct ledger *ledger, const char *text)
{
	auto_json json_t *row = json(text), *rows = json_pack("[O]", row);
	auto_free char *builds = NULL, *failures = NULL;
	json_t *said;

	ledger_apply(ledger, rows);
	said = json_object_get(row, "ledger");
	builds = json_dumps(json_object_get(said, "came_back_in"), 0);
	failures = json_dumps(json_object_get(said, "failures"), JSON_ENCODE_ANY);
	return mem_printf("%s %s %s", json_string_value(json_object_get(said, "status")), failures,
			  builds);
}

/* Another failure's title says nothing of a failure, and counts for that one alone among many. */
static void a_title_is_of_its_failure(void **state)
{
#define BUILD(name, version, alternatives)                                        \
	"{\"build\": \"" name "\", \"versions\": [" version "], \"failures\": 3," \
	" \"alternative_failures\": {" alternatives "}}"
	static const struct {
		const char *row, *expected;
	} cases[] = {
		/* Failures. */
		{ "{\"signature\": \"h\", \"alternative\": \"in f\"}", "known null []" },
		{ "{\"signature\": \"h\", \"alternative\": \"in g\"}", "new null []" },
		{ "{\"signature\": \"h\", \"alternative\": null}", "new null []" },
		{ "{\"signature\": \"h\", \"alternative\": null, \"alternatives\": [\"in f\"]}",
		  "new null []" },
		{ "{\"signature\": \"in f\", \"alternative\": null}", "known null []" },
		/* Many of one signature. */
		{ "{\"signature\": \"h\", \"failures\": 5, \"alternatives\": [\"in g\", \"in f\"],"
		  " \"alternative_failures\": {\"in g\": 2, \"in f\": 2}}",
		  "known 2 []" },
		{ "{\"signature\": \"h\", \"failures\": 5, \"alternatives\": [\"in g\"],"
		  " \"alternative_failures\": {\"in g\": 5}}",
		  "new null []" },
		{ "{\"signature\": \"in f\", \"failures\": 5, \"alternatives\": [],"
		  " \"alternative_failures\": {}}",
		  "known 5 []" },
		/* A service that does not tell how many, or makes them up. */
		{ "{\"signature\": \"h\", \"failures\": 5, \"alternatives\": [\"in f\"]}",
		  "known null []" },
		{ "{\"signature\": \"h\", \"failures\": 5, \"alternatives\": [\"in f\"],"
		  " \"alternative_failures\": {\"in f\": 9223372036854775807,"
		  " \"in f2\": 9223372036854775807, \"in f3\": -7, \"in f4\": []}}",
		  "known 5 []" },
		/* It came back where one of them came that is it. */
		{ "{\"signature\": \"h\", \"failures\": 6, \"alternatives\": [\"in g\", \"in f\"],"
		  " \"alternative_failures\": {\"in g\": 3, \"in f\": 1}, \"builds\": [" BUILD(
			  "a", OLD, "\"in f\": 1") ", " BUILD("b", FIXED, "\"in g\": 3") "]}",
		  "known 1 []" },
		{ "{\"signature\": \"h\", \"failures\": 6, \"alternatives\": [\"in g\", \"in f\"],"
		  " \"alternative_failures\": {\"in g\": 3, \"in f\": 1}, \"builds\": [" BUILD(
			  "a", OLD, "\"in g\": 3") ", " BUILD("b", FIXED, "\"in f\": 1") "]}",
		  "came-back 1 [\"b\"]" },
	};
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues: [{signature: 'in f*', title: y, affects: {fixed-in: 8.2}}]");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *found = said_of(&ledger, cases[i].row);

		assert_string_equal(found, cases[i].expected);
	}
	ledger_finish(&ledger);
}

static void what_nobody_knows_is_new(void **state)
{
	auto_json json_t *rows = json("[{\"signature\": \"t\", \"versions\": [" FIXED "]}]");
	auto_json json_t *expected =
		json("{\"status\": \"new\", \"title\": null, \"reference\": null,"
		     " \"fixed_in\": null, \"pattern\": null, \"came_back_in\": [],"
		     " \"failures\": null}");
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues: [{signature: s, title: y}]");
	ledger_apply(&ledger, rows);
	assert_true(json_equal(json_object_get(json_array_get(rows, 0), "ledger"), expected));
	ledger_finish(&ledger);
}

static char *did_not_happen(const char *issue, const char *profile, const char *signatures)
{
	auto_free char *text = mem_printf("issues: [{title: y, %s}]", issue);
	auto_free char *source =
		mem_printf("{\"campaign\": {\"name\": \"%s\"}, \"signatures\": %s, \"builds\":"
			   " [{\"build\": \"a\", \"version\": " OLD "},"
			   "  {\"build\": \"b\", \"version\": " FIXED "},"
			   "  {\"build\": \"c\", \"version\": " OLD "}]}",
			   profile, signatures);
	auto_json json_t *report = json(source);
	char *names = mem_strdup("");
	struct ledger ledger = { 0 };
	json_t *one;
	size_t i;

	accept(&ledger, text);
	ledger_apply_report(&ledger, report);
	ledger_finish(&ledger);
	json_array_foreach(json_object_get(report, "did_not_happen"), i, one) {
		auto_free char *before = names;

		assert_string_equal(json_string_value(json_object_get(one, "title")), "y");
		names = mem_printf("%s%s", before,
				   json_string_value(json_object_get(one, "build")));
	}
	return names;
}

static void what_is_expected_of_a_profile_and_did_not_happen(void **state)
{
#define OF(build, signature) "{\"build\": \"" build "\", \"signature\": \"" signature "\"}"
	static const char range[] = "signature: 's*', affects: {fixed-in: 8.2}, profiles: [p, q]";
	static const struct {
		const char *issue, *profile, *signatures, *expected;
	} cases[] = {
		/* On each build that it affects. */
		{ range, "q", "[]", "ac" },
		{ range, "q", "[" OF("a", "s1") "]", "c" },
		{ range, "q", "[" OF("a", "t") "]", "ac" },
		{ range, "q", "[" OF("a -> c", "s1") "]", "" },
		{ range, "q", "[" OF("b -> c", "s1") "]", "a" },
		{ range, "q", "[{\"build\": null, \"signature\": \"s1\"}]", "ac" },
		{ range, "q",
		  "[{\"build\": \"c\", \"signature\": \"t\", \"alternatives\": [\"s\"]}]", "a" },
		{ "signature: s, profiles: [q]", "q", "[]", "abc" },
		/* Only where the profile is one that shows it. */
		{ range, "other", "[]", "" },
		{ "signature: s", "q", "[]", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *found =
			did_not_happen(cases[i].issue, cases[i].profile, cases[i].signatures);

		assert_string_equal(found, cases[i].expected);
	}
}

/* The answer of a service that is none of ours. */
static void a_report_may_be_anything(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{\"campaign\": 1, \"signatures\": {}, \"builds\": 7}",
		"{\"campaign\": {\"name\": \"q\"}, \"signatures\": [1, null, {\"signature\": 2}],"
		" \"builds\": [null, {\"build\": 1}, {\"build\": \"a\", \"version\": []}]}",
	};
	struct ledger ledger = { 0 };

	(void)state;
	accept(&ledger, "issues: [{signature: s, title: y, profiles: [q]}]");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_json json_t *report = json(cases[i]);

		ledger_apply_report(&ledger, report);
		assert_true(json_is_array(json_object_get(report, "did_not_happen")));
	}
	ledger_finish(&ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_compared_as_numbers),
		cmocka_unit_test(what_is_missing_of_a_version_is_zero),
		cmocka_unit_test(what_is_no_version),
		cmocka_unit_test(the_version_of_a_build_is_in_its_line),
		cmocka_unit_test(an_issue_is_read),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(everything_has_its_limit),
		cmocka_unit_test(the_ledger_that_comes_with_qsoak_is_read),
		cmocka_unit_test(the_first_issue_that_matches_counts),
		cmocka_unit_test(a_pattern_is_over_a_whole_title_or_alternative),
		cmocka_unit_test(an_issue_affects_a_range_of_versions),
		cmocka_unit_test(without_a_range_every_version_is_affected_and_none_is_fixed),
		cmocka_unit_test(came_back_is_what_a_fixed_build_has),
		cmocka_unit_test(a_title_is_of_its_failure),
		cmocka_unit_test(what_nobody_knows_is_new),
		cmocka_unit_test(what_is_expected_of_a_profile_and_did_not_happen),
		cmocka_unit_test(a_report_may_be_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

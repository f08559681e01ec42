// SPDX-License-Identifier: GPL-2.0-or-later
/* What counts as an attempt of a replay, and what it adds up to. */
#include "tests/unit/helper.h"

#include <jansson.h>
#include <math.h>

#include "report/field.h"
#include "report/replay.h"

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	if (!json)
		fail_msg("%s: %s", text, error.text);
	return json;
}

/* With four VMs that were shut down, in two builds of a migration, and one whose shutdown failed. */
static json_t *result_of(const char *incident, const char *failures, int64_t wanted)
{
	auto_json json_t *manifest = parse(incident);
	auto_json json_t *report =
		parse("{\"campaign\": {\"id\": 9, \"end\": \"complete\"}, \"operations\": ["
		      "{\"kind\": \"shutdown\", \"count\": 4, \"failed\": 1},"
		      "{\"kind\": \"boot\", \"count\": 40, \"failed\": 1},"
		      "{\"kind\": \"shutdown\", \"count\": 1, \"failed\": 0}]}");
	auto_json json_t *list = parse(failures);
	const struct replay_asked asked = {
		.manifest = manifest, .build = "b", .attempts = wanted, .loops = 14
	};

	return replay_result(&asked, list, report);
}

static json_t *result(const char *failures, int64_t wanted)
{
	return result_of("{\"failure\": 7, \"class\": \"hang\", \"signature\": \"s\", "
			 "\"alternative\": null, \"loops\": 6}",
			 failures, wanted);
}

#define FAILURE(class, signature, kind, loops)                                           \
	"{\"class\": \"" class "\", \"signature\": \"" signature "\", \"kind\": \"" kind \
			       "\", \"loops\": " #loops "}"

static void assert_near(const json_t *value, const char *key, double expected)
{
	double found = json_number_value(json_object_get(value, key));

	if (fabs(found - expected) > 5e-5)
		fail_msg("%s: %g, not %g", key, found, expected);
}

static void the_same_failure_is_told_from_others_and_from_what_is_no_attempt(void **state)
{
	auto_json json_t *value = result(
		"[" FAILURE("hang", "s", "migrate", 9) "," FAILURE(
			"hang", "s", "migrate",
			2) "," FAILURE("crash", "s", "migrate",
				       1) "," FAILURE("crash", "s", "migrate",
						      3) "," FAILURE("host", "s", "migrate",
								     1) "," FAILURE("exit", "e",
										    "boot", 0) "]",
		9);
	json_t *others = json_object_get(value, "others");
	json_t *loops = json_object_get(value, "loops_to_failure");

	(void)state;
	assert_int_equal(field_integer(value, "attempts"), 4 + 2 + 2);
	assert_int_equal(field_integer(value, "wanted"), 9);
	assert_int_equal(field_integer(value, "reproduced"), 2);
	assert_int_equal(field_integer(value, "host_failures"), 1);
	/* In ascending order. */
	assert_int_equal(json_integer_value(json_array_get(loops, 0)), 2);
	assert_int_equal(json_integer_value(json_array_get(loops, 1)), 9);
	assert_int_equal(json_array_size(others), 2);
	assert_string_equal(field_text(json_array_get(others, 0), "class"), "crash");
	assert_int_equal(field_integer(json_array_get(others, 0), "failures"), 2);
	assert_int_equal(field_integer(json_array_get(others, 1), "failures"), 1);
	/* 2 of 8 by Clopper and Pearson, from their table. */
	assert_near(value, "rate_lower", 0.0319);
	assert_near(value, "rate_upper", 0.6509);
}

static void without_one_all_that_is_known_is_a_bound(void **state)
{
	auto_json json_t *value = result("[]", 4);

	(void)state;
	assert_int_equal(field_integer(value, "attempts"), 4);
	assert_near(value, "rate_lower", 0);
	/* 0.05^(1/4) is 0.4729. */
	assert_near(value, "rate_upper", 0.5271);
}

/* A crash by its frames; where these have other names, or are not there, by what it was doing. */
static void a_title_in_common_makes_it_the_same_failure(void **state)
{
	static const struct {
		const char *failure;
		bool same;
	} cases[] = {
		{ "'class': 'crash', 'signature': 'crash in f', 'alternative': null", true },
		{ "'class': 'crash', 'signature': 'crash in load', 'alternative': null", true },
		{ "'class': 'crash', 'signature': 'crash in g', 'alternative': 'crash in load'",
		  true },
		{ "'class': 'crash', 'signature': 'x', 'alternative': 'crash in f'", true },
		{ "'class': 'crash', 'signature': 'crash in g', 'alternative': 'crash in save'",
		  false },
		{ "'class': 'crash', 'signature': null, 'alternative': null", false },
		{ "'class': 'crash', 'signature': 1, 'alternative': ['crash in f']", false },
		{ "'class': 'hang', 'signature': 'crash in f', 'alternative': 'crash in load'",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *list = mem_printf("[{%s, 'loops': 3}]", cases[i].failure);
		auto_json json_t *value = NULL;

		for (char *c = list; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		value = result_of("{\"failure\": 7, \"class\": \"crash\", \"signature\": "
				  "\"crash in f\", \"alternative\": \"crash in load\", "
				  "\"loops\": 6}",
				  list, 4);
		if ((field_integer(value, "reproduced") == 1) != cases[i].same ||
		    (json_array_size(json_object_get(value, "others")) == 0) != cases[i].same)
			fail_msg("case %zu: %s", i, list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_failure_is_told_from_others_and_from_what_is_no_attempt),
		cmocka_unit_test(a_title_in_common_makes_it_the_same_failure),
		cmocka_unit_test(without_one_all_that_is_known_is_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

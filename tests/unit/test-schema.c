// SPDX-License-Identifier: GPL-2.0-or-later
/* What a QEMU can do, read from its query-qmp-schema: the real ones of 7.2 and 10.0, and odd ones. */
#include "tests/unit/helper.h"

#include "qmp/schema.h"

/* The commands that operations use, with all types they refer to. */
#define RECORDED "tests/data/qmp-schema-7.2.json"
#define RECORDED_LATER "tests/data/qmp-schema-10.0.json"

static int learn_recorded(void **state)
{
	json_error_t error;
	auto_json json_t *value = json_load_file(RECORDED, 0, &error);
	struct schema *schema = schema_new();

	*state = schema;
	if (!value)
		return -1;
	schema_learn(schema, value);
	return 0;
}

static int forget(void **state)
{
	schema_free(*state);
	return 0;
}

static struct schema *learn(const char *text)
{
	auto_json json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	struct schema *schema = schema_new();

	assert_non_null(value);
	schema_learn(schema, value);
	return schema;
}

static void commands_are_there_or_not(void **state)
{
	assert_true(schema_known(*state));
	assert_true(schema_takes(*state, "migrate_cancel", NULL));
	assert_true(schema_returns(*state, "migrate_cancel", NULL));
	assert_false(schema_takes(*state, "migrate-cancel", NULL));
	/* A type is no command, and neither is an event. */
	assert_false(schema_takes(*state, "str", NULL));
}

static void arguments_are_there_or_not(void **state)
{
	assert_true(schema_takes(*state, "migrate", "uri"));
	assert_false(schema_takes(*state, "migrate", "channels"));
	assert_false(schema_takes(*state, "migrate", "ur"));
	assert_false(schema_takes(*state, "migrate", "uri/more"));
	assert_false(schema_takes(*state, "migrate", ""));
	assert_true(schema_takes(*state, "migrate-set-parameters", "max-bandwidth"));
	assert_false(schema_takes(*state, "migrate-set-parameters", "bandwidth"));
	assert_false(schema_takes(*state, "query-jobs", "id"));
}

static void values_of_an_enumeration_end_a_path(void **state)
{
	static const char method[] = "multifd-compression";

	assert_true(schema_takes(*state, "migrate-set-parameters", method));
	assert_true(schema_takes(*state, "migrate-set-parameters", "multifd-compression/zlib"));
	assert_true(schema_takes(*state, "migrate-set-parameters", "multifd-compression/zstd"));
	assert_false(schema_takes(*state, "migrate-set-parameters", "multifd-compression/qpl"));
	assert_false(schema_takes(*state, "migrate-set-parameters", "multifd-compression/zstd/x"));
}

static void a_path_goes_through_lists(void **state)
{
	assert_true(schema_takes(*state, "migrate-set-capabilities",
				 "capabilities/capability/multifd"));
	assert_true(schema_takes(*state, "migrate-set-capabilities", "capabilities/state"));
	assert_false(schema_takes(*state, "migrate-set-capabilities",
				  "capabilities/capability/mapped-ram"));
	assert_true(schema_returns(*state, "query-jobs", "error"));
	assert_false(schema_returns(*state, "query-jobs", "uri"));
}

static void a_path_goes_through_variants(void **state)
{
	assert_true(schema_returns(*state, "query-migrate", "socket-address/type/inet"));
	assert_true(schema_returns(*state, "query-migrate", "socket-address/port"));
	assert_true(schema_returns(*state, "query-migrate", "socket-address/path"));
	assert_false(schema_returns(*state, "query-migrate", "socket-address/url"));
	assert_true(schema_returns(*state, "query-migrate", "ram/multifd-bytes"));
}

/* Each is there in one of the two, so that nobody may take it for granted. */
static void what_came_and_went_is_asked_for(void **state)
{
	static const struct {
		const char *command, *path;
		bool returned, later;
	} cases[] = {
		{ "migrate", "blk", false, false },
		{ "migrate", "channels/addr/path", false, true },
		{ "migrate-set-capabilities", "capabilities/capability/compress", false, false },
		{ "migrate-set-capabilities", "capabilities/capability/mapped-ram", false, true },
		{ "migrate-set-parameters", "compress-level", false, false },
		{ "migrate-set-parameters", "zero-page-detection/multifd", false, true },
		{ "query-migrate", "compression/pages", true, false },
		{ "query-migrate", "ram/skipped", true, false },
		{ "query-status", "singlestep", true, false },
	};
	auto_json json_t *value = json_load_file(RECORDED_LATER, 0, NULL);
	struct schema *later = schema_new();

	assert_non_null(value);
	schema_learn(later, value);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool (*has)(const struct schema *, const char *, const char *) =
			cases[i].returned ? schema_returns : schema_takes;

		assert_int_equal(has(*state, cases[i].command, cases[i].path), !cases[i].later);
		assert_int_equal(has(later, cases[i].command, cases[i].path), cases[i].later);
	}
	schema_free(later);
}

static void enumerations_of_old_have_values_alone(void **state)
{
	struct schema *schema =
		learn("[{\"name\": \"c\", \"meta-type\": \"command\", \"arg-type\": \"0\"},"
		      " {\"name\": \"0\", \"members\": [{\"name\": \"how\", \"type\": \"1\"}]},"
		      " {\"name\": \"1\", \"meta-type\": \"enum\", \"values\": [\"a\", \"b\"]}]");

	(void)state;
	assert_true(schema_takes(schema, "c", "how/b"));
	assert_false(schema_takes(schema, "c", "how/d"));
	assert_false(schema_takes(schema, "c", "how/b/b"));
	schema_free(schema);
}

static void an_empty_one_has_nothing(void **state)
{
	struct schema *schema = schema_new();

	(void)state;
	assert_false(schema_known(schema));
	assert_false(schema_takes(schema, "migrate", NULL));
	assert_false(schema_returns(schema, "migrate", "uri"));
	schema_free(schema);
	schema_free(NULL);
}

static void the_first_that_is_learned_stays(void **state)
{
	struct schema *schema = learn("[{\"name\": \"c\", \"meta-type\": \"command\"}]");
	auto_json json_t *other =
		json_loads("[{\"name\": \"d\", \"meta-type\": \"command\"}]", 0, NULL);

	(void)state;
	schema_learn(schema, other);
	assert_true(schema_takes(schema, "c", NULL));
	assert_false(schema_takes(schema, "d", NULL));
	schema_free(schema);
}

static void nonsense_is_no_schema(void **state)
{
	static const char *const texts[] = {
		"{}",
		"17",
		"[]",
		"[1, null, [], {\"name\": 3}]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct schema *schema = learn(texts[i]);

		assert_false(schema_known(schema));
		schema_free(schema);
	}
}

static void what_refers_to_nothing_or_to_itself_has_an_end(void **state)
{
	struct schema *schema =
		learn("[{\"name\": \"c\", \"meta-type\": \"command\", \"arg-type\": \"0\"},"
		      " {\"name\": \"0\", \"members\": [{\"name\": \"a\", \"type\": \"none\"},"
		      "  {\"name\": \"l\", \"type\": \"2\"}, {\"name\": 7}, 9],"
		      "  \"variants\": [{\"case\": \"x\", \"type\": \"0\"},"
		      "  {\"case\": \"y\", \"type\": \"0\"}, {}]},"
		      " {\"name\": \"2\", \"element-type\": \"2\"}]");

	(void)state;
	assert_true(schema_takes(schema, "c", "a"));
	assert_false(schema_takes(schema, "c", "a/b"));
	assert_false(schema_takes(schema, "c", "l/b"));
	assert_false(schema_takes(schema, "c", "nowhere"));
	schema_free(schema);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, learn_recorded, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commands_are_there_or_not),
		TEST(arguments_are_there_or_not),
		TEST(values_of_an_enumeration_end_a_path),
		TEST(a_path_goes_through_lists),
		TEST(a_path_goes_through_variants),
		TEST(what_came_and_went_is_asked_for),
		cmocka_unit_test(enumerations_of_old_have_values_alone),
		cmocka_unit_test(an_empty_one_has_nothing),
		cmocka_unit_test(the_first_that_is_learned_stays),
		cmocka_unit_test(nonsense_is_no_schema),
		cmocka_unit_test(what_refers_to_nothing_or_to_itself_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

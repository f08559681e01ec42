// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports as JSON, of a store with known rows. */
#include "tests/unit/report-fixture.h"

/* The report as JSON, and expected in the same form, whatever the layout. */
static void assert_json(struct fixture *fx, read_fn fn, int64_t campaign, const char *expected)
{
	auto_free char *text = report(fx, fn, campaign, NULL);
	auto_free char *found = NULL, *wanted = NULL;
	json_error_t error;
	auto_json json_t *json = json_loads(text, 0, &error);
	auto_json json_t *want = json_loads(expected, 0, &error);

	assert_non_null(json);
	assert_non_null(want);
	assert_int_equal(text[strlen(text) - 1], '\n');
	found = json_dumps(json, JSON_SORT_KEYS);
	wanted = json_dumps(want, JSON_SORT_KEYS);
	assert_string_equal(found, wanted);
}

#define NO_MEDIAN "{\"median\": null, \"lower\": null, \"upper\": null}"

static void test_campaign_json(void **state)
{
	static const char expected[] =
		"{\"campaign\": {\"id\": 1, \"name\": \"quick\", \"seed\": \"42\","
		" \"accel\": \"tcg\", \"machine\": \"pc-q35-7.2\", \"vms\": 4,"
		" \"began_unix_ns\": 1767323045000000000, \"ended_unix_ns\": 1767323106000000000,"
		" \"end\": \"complete\", \"exit_code\": 1, \"loops\": 97, \"operations\": 107,"
		" \"failures\": 5, \"expected\": 0, \"gap_ns\": 0},"
		"\"operations\": ["
		" {\"build\": \"stock\", \"kind\": \"boot\", \"count\": 0, \"failed\": 0,"
		"  \"interrupted\": 1, \"rate_lower\": 0.0, \"rate_upper\": 1.0, \"p50_ns\": null, "
		"\"p95_ns\": null, \"p99_ns\": null,"
		"  \"max_ns\": null},"
		" {\"build\": \"stock\", \"kind\": \"migrate\", \"count\": 1, \"failed\": 0,"
		"  \"interrupted\": 0, \"rate_lower\": 0.0, \"rate_upper\": 0.94999999999999996, "
		"\"p50_ns\": 1500000, \"p95_ns\": 1500000,"
		"  \"p99_ns\": 1500000, \"max_ns\": 1500000},"
		" {\"build\": \"stock\", \"kind\": \"snapshot-save\", \"count\": 103,"
		"  \"failed\": 3, \"interrupted\": 1, \"rate_lower\": 0.0060472785309418423, "
		"\"rate_upper\": 0.082764942610838055,"
		"  \"p50_ns\": 50000000,"
		"  \"p95_ns\": 95000000, \"p99_ns\": 99000000, \"max_ns\": 100000000},"
		" {\"build\": \"stock -> a-first\", \"kind\": \"migrate\", \"count\": 1,"
		"  \"failed\": 0, \"interrupted\": 0, \"rate_lower\": 0.0, \"rate_upper\": "
		"0.94999999999999996, \"p50_ns\": 2000000000,"
		"  \"p95_ns\": 2000000000, \"p99_ns\": 2000000000, \"max_ns\": 2000000000},"
		" {\"build\": \"a-first\", \"kind\": \"boot\", \"count\": 2, \"failed\": 1,"
		"  \"interrupted\": 0, \"rate_lower\": 0.012579117093425062, \"rate_upper\": "
		"0.98742088290657493,"
		"  \"p50_ns\": 20000, \"p95_ns\": 20000, \"p99_ns\": 20000,"
		"  \"max_ns\": 20000}],"
		"\"signatures\": ["
		" {\"build\": null, \"class\": \"host\", \"signature\": \"host: no space\","
		"  \"failures\": 1, \"expected\": 0, \"first_loops\": 0, "
		"\"loops_to_failure\": " NO_MEDIAN ", \"incident\": null,"
		"  \"first_seen_unix_ns\": 1767324049000000000, \"last_seen_unix_ns\": "
		"1767324049000000000,"
		"  \"versions\": [], \"alternatives\": [], \"alternative_failures\": {}},"
		" {\"build\": \"stock\", \"class\": \"hang\", \"signature\": \"hang: migration\","
		"  \"failures\": 2, \"expected\": 0, \"first_loops\": 1, "
		"\"loops_to_failure\": " NO_MEDIAN ", \"incident\": \"incidents/1002\","
		"  \"first_seen_unix_ns\": 1767324046000000000, \"last_seen_unix_ns\": "
		"1767324048000000000,"
		"  \"versions\": [\"\"], \"alternatives\": [\"in f\", \"in g\"],"
		"  \"alternative_failures\": {\"in f\": 1, \"in g\": 1}},"
		" {\"build\": \"stock\", \"class\": \"crash\","
		"  \"signature\": \"crash: \\u001B[31mred\\n\", \"failures\": 1,"
		"  \"expected\": 0, \"first_loops\": 9, \"loops_to_failure\": " NO_MEDIAN
		", \"incident\": null,"
		"  \"first_seen_unix_ns\": 1767324045000000000, \"last_seen_unix_ns\": "
		"1767324045000000000,"
		"  \"versions\": [\"\"], \"alternatives\": [], \"alternative_failures\": {}},"
		" {\"build\": \"a-first\", \"class\": \"hang\","
		"  \"signature\": \"hang: migration\", \"failures\": 1, \"expected\": 0, "
		"\"first_loops\": 2, \"loops_to_failure\": " NO_MEDIAN ", "
		"  \"incident\": \"incidents/1003\","
		"  \"first_seen_unix_ns\": 1767324046000000000, \"last_seen_unix_ns\": "
		"1767324048000000000,"
		"  \"versions\": [\"\"], \"alternatives\": [], \"alternative_failures\": {}}],"
		"\"builds\": ["
		" {\"build\": \"stock\", \"version\": \"\", \"verdict\": \"clean\", \"vms\": 1, "
		"\"loops\": 25,"
		"  \"wanted_loops\": 1, \"failures\": 0},"
		" {\"build\": \"a-first\", \"version\": \"\", \"verdict\": \"inconclusive\", "
		"\"vms\": 0, \"loops\": 0,"
		"  \"wanted_loops\": 1, \"failures\": 0}],"
		"\"differences\": [], \"measures\": [], \"left_out\": [], \"unseen_guests\": [], \"gaps\": [], "
		"\"comparison\": null, \"selfcheck\": null}";
	struct fixture *fx = *state;

	assert_json(fx, read_result, CAMPAIGN, expected);
	assert_json(fx, read_result, EMPTY_CAMPAIGN,
		    "{\"campaign\": {\"id\": 6, \"name\": \"none\\u0007\", \"seed\": \"42\","
		    " \"accel\": \"tcg\", \"machine\": \"pc-q35-7.2\", \"vms\": 1,"
		    " \"began_unix_ns\": 1767323045000000000, \"ended_unix_ns\": null,"
		    " \"end\": null, \"exit_code\": null, \"loops\": 0, \"operations\": 0,"
		    " \"failures\": 0, \"expected\": 0, \"gap_ns\": 0}, \"operations\": [], \"signatures\": [],"
		    " \"builds\": [], \"differences\": [], \"measures\": [], \"left_out\": [], \"unseen_guests\": [], \"gaps\": [], "
		    "\"comparison\": null, \"selfcheck\": null}");
}

static void test_failures_json(void **state)
{
	struct fixture *fx = *state;
	auto_free char *text = report(fx, read_failures, CAMPAIGN, NULL);
	auto_json json_t *json = json_loads(text, 0, NULL);
	json_t *failures = json_object_get(json, "failures");
	auto_free char *first = NULL, *second = NULL;

	assert_int_equal(json_array_size(failures), 5);
	first = json_dumps(json_array_get(failures, 0), JSON_SORT_KEYS);
	second = json_dumps(json_array_get(failures, 1), JSON_SORT_KEYS);
	assert_string_equal(first,
			    "{\"alternative\": null, \"at_unix_ns\": 1767324045000000000, "
			    "\"build\": \"stock\", "
			    "\"campaign_id\": 1, \"class\": \"crash\", \"detail\": \"gone "
			    "\\\\xff\", \"expected\": 0, "
			    "\"id\": 1000, \"incident\": null, \"kind\": null, \"loops\": 9, "
			    "\"place\": null, \"signature\": \"crash: \\u001B[31mred\\n\", "
			    "\"slot\": 2, \"step\": null, \"versions\": [\"\"], \"vm\": 7}");
	assert_string_equal(
		second,
		"{\"alternative\": \"in f\", \"at_unix_ns\": 1767324046000000000, \"build\": "
		"\"stock\", "
		"\"campaign_id\": 1, \"class\": \"hang\", \"detail\": \"gone \\\\xff\", "
		"\"expected\": 0, "
		"\"id\": 1001, \"incident\": \"incidents/1001\", \"kind\": \"migrate\", "
		"\"loops\": 5, \"place\": null, \"signature\": \"hang: migration\", "
		"\"slot\": 2, \"step\": \"setup\", \"versions\": [\"\"], \"vm\": 7}");
	assert_json(fx, read_failures, EMPTY_CAMPAIGN, "{\"failures\": [], \"next\": null}");
}

static int read_signatures(struct query *query, int64_t campaign, json_t **ret_value,
			   struct err *err)
{
	return report_json_list(query, QUERY_SIGNATURES, campaign, 0, 100, ret_value, err);
}

#define HANG_JSON                                                                               \
	"{\"id\": 2, \"class\": \"hang\", \"signature\": \"hang: migration\","                  \
	" \"first_seen_unix_ns\": 1767324046000000000, \"last_seen_unix_ns\": "                 \
	"1767324048000000000,"                                                                  \
	" \"failures\": 3, \"campaigns\": 1, \"last_campaign_id\": 1, \"alternatives\": [\"in " \
	"f\", \"in g\"],"                                                                       \
	" \"alternative_failures\": {\"in f\": 1, \"in g\": 1},"                                \
	" \"builds\": [{\"build\": \"stock\", \"versions\": [\"\"], \"failures\": 2,"           \
	" \"alternative_failures\": {\"in f\": 1, \"in g\": 1}},"                               \
	"  {\"build\": \"a-first\", \"versions\": [\"\"], \"failures\": 1,"                     \
	" \"alternative_failures\": {}}]}"

static void test_signatures_json(void **state)
{
	struct fixture *fx = *state;
	auto_free char *text = report(fx, read_signatures, 0, NULL);
	auto_json json_t *json = json_loads(text, 0, NULL);
	auto_json json_t *hang = json_loads(HANG_JSON, 0, NULL);
	json_t *list = json_object_get(json, "signatures");

	assert_int_equal(json_array_size(list), 3);
	assert_true(json_equal(json_array_get(list, 1), hang));
	/* Where no run is known, no build is. */
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 2), "signature")),
		"host: no space");
	assert_true(json_is_null(json_object_get(
		json_array_get(json_object_get(json_array_get(list, 2), "builds"), 0), "build")));
	assert_json(fx, read_signatures, EMPTY_CAMPAIGN, "{\"signatures\": [], \"next\": null}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_campaign_json),
		cmocka_unit_test(test_failures_json),
		cmocka_unit_test(test_signatures_json),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Migrations as reports of guestperf: what the store knows is where its loader looks for it. */
#include "tests/unit/helper.h"

#include "report/guestperf.h"

static json_t *json(const char *text)
{
	auto_free char *quoted = mem_strdup(text);
	json_error_t error;
	json_t *value;

	for (char *c = quoted; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	value = json_loads(quoted, JSON_DECODE_ANY, &error);
	if (!value)
		fail_msg("%s: %s", error.text, quoted);
	return value;
}

/* rows: an object with the members of struct guestperf_migration. */
static json_t *report(const char *rows)
{
	auto_json json_t *value = json(rows);
	struct guestperf_migration migration = {
		.campaign = json_object_get(value, "campaign"),
		.build = json_object_get(value, "build"),
		.run = json_object_get(value, "run"),
		.operation = json_object_get(value, "operation"),
		.steps = json_object_get(value, "steps"),
		.measures = json_object_get(value, "measures"),
	};

	return guestperf_report(&migration);
}

/* path: members and indices, with '/' between them. */
static void same(json_t *value, const char *path, const char *expected)
{
	auto_free char *rest = mem_strdup(path), *found = NULL;
	char *save = NULL;

	for (char *word = strtok_r(rest, "/", &save); word; word = strtok_r(NULL, "/", &save))
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(word))
					     : json_object_get(value, word);
	if (!value)
		fail_msg("there is no %s", path);
	found = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
	if (strcmp(found, expected))
		fail_msg("%s: found %s, expected %s", path, found, expected);
}

#define OPERATION(outcome)                                                                   \
	"'operation': {'id': 17, 'build': 'a', 'dst_build': 'b', 'outcome': '" outcome "', " \
	"'kind': 'migrate', 'began_unix_ns': 1000000000000000000, 'duration_ns': 9500000000}"
#define ARGV                                                                                 \
	"'run': {'argv': ['qemu', '-smp', '2,sockets=2', '-machine', 'q35', '-m', '1536M', " \
	"'-mon']}"
#define STEPS                                                                         \
	"'steps': [{'name': 'spawn', 'duration_ns': 1000000000}, {'name': 'setup', "  \
	"'duration_ns': 500000000}, {'name': 'migrate', 'duration_ns': 2000000000}, " \
	"{'name': 'quit', 'duration_ns': 3}]"

static void a_migration_has_its_figures(void **state)
{
	auto_json json_t *value =
		report("{'campaign': {'name': 'night'}, 'build': {'binary': '/qemu'}, " ARGV
		       ", " OPERATION("ok") ", " STEPS
					    ", 'measures': [{'name': 'total_ms', 'value': 2400.0}, "
					    "{'name': 'downtime_ms', 'value': 12.0}, {'name': "
					    "'setup_ms', 'value': 3.0}, "
					    "{'name': 'transferred_bytes', 'value': 1e9}, {'name': "
					    "'passes', 'value': 4.0}, "
					    "{'name': 'throughput_mbps', 'value': 800.5}, "
					    "{'name': 'multifd_bytes', 'value': 7.0}, "
					    "{'name': 'blackout_ns', 'value': 13000001.0}]}");

	(void)state;
	same(value, "hardware/cpus", "2");
	same(value, "hardware/mem", "1.5");
	same(value, "hardware/src_cpu_bind", "[]");
	same(value, "scenario/name", "\"night a -> b operation 17\"");
	same(value, "scenario/multifd", "true");
	same(value, "scenario/post_copy", "false");
	same(value, "scenario/bandwidth", "null");
	same(value, "binary", "\"/qemu\"");
	same(value, "transport", "\"unix\"");
	same(value, "progress_history/0/status", "\"setup\"");
	same(value, "progress_history/0/now", "1000000001.0");
	same(value, "progress_history/1/status", "\"active\"");
	same(value, "progress_history/1/now", "1000000001.5");
	same(value, "progress_history/1/duration", "500");
	same(value, "progress_history/2/status", "\"completed\"");
	same(value, "progress_history/2/now", "1000000003.5");
	same(value, "progress_history/2/duration", "2400");
	same(value, "progress_history/2/downtime", "12");
	same(value, "progress_history/2/setup_time", "3");
	same(value, "progress_history/2/ram/transferred_bytes", "1000000000");
	same(value, "progress_history/2/ram/total_bytes", "1610612736");
	same(value, "progress_history/2/ram/remaining_bytes", "0");
	same(value, "progress_history/2/ram/iterations", "4");
	same(value, "progress_history/2/ram/transfer_rate_mbs", "800.5");
	same(value, "progress_history/2/ram/dirty_rate_pps", "null");
	same(value, "guest_timings", "[]");
	same(value, "qsoak/measures/blackout_ns", "13000001.0");
	same(value, "qsoak/dst_build", "\"b\"");
}

static void one_that_did_not_arrive_has_what_is_known(void **state)
{
	auto_json json_t *failed =
		report("{" OPERATION("failed") ", 'steps': [{'name': 'address', 'duration_ns': 5}, "
					       "{'name': 'setup', 'duration_ns': null}]}");
	auto_json json_t *interrupted = report("{" OPERATION("interrupted") "}");

	(void)state;
	same(failed, "transport", "\"tcp\"");
	same(failed, "progress_history/0/status", "\"setup\"");
	same(failed, "progress_history/1/status", "\"failed\"");
	same(failed, "progress_history/1/now", "1000000009.5");
	same(failed, "progress_history/1/ram/remaining_bytes", "null");
	same(failed, "progress_history/1/downtime", "null");
	same(failed, "scenario/multifd", "null");
	same(failed, "hardware/mem", "null");
	same(interrupted, "progress_history/0/status", "\"cancelled\"");
}

static void command_lines_have_ram_in_several_forms(void **state)
{
	static const struct {
		const char *argv, *mem;
	} cases[] = {
		{ "['-m', '512']", "0.5" },
		{ "['-m', '2G']", "2" },
		{ "['-m', '1048576K']", "1" },
		{ "'[\\\"-m\\\",\\\"16M\\\"]'", "0.015625" },
		{ "['-m', 'size=16M']", "null" },
		{ "['-m', '16X']", "null" },
		{ "['-m']", "null" },
		{ "['-m', 7]", "null" },
		{ "'no JSON'", "null" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *rows =
			mem_printf("{'run': {'argv': %s}, 'operation': {}}", cases[i].argv);
		auto_json json_t *value = report(rows);

		same(value, "hardware/mem", cases[i].mem);
	}
}

static void rows_of_nonsense_make_a_report(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{'campaign': 7, 'build': 7, 'run': 7, 'operation': 7, 'steps': 7, 'measures': 7}",
		"{'operation': {'began_unix_ns': 9223372036854775807, 'duration_ns': "
		"9223372036854775807}, 'steps': [{'name': 'setup', 'duration_ns': "
		"9223372036854775807}], 'measures': [7, {'name': 7}, {'name': 'total_ms', "
		"'value': 'x'}, {'name': 'passes', 'value': 1e300}]}",
		"{'operation': {'began_unix_ns': 5}, 'steps': [7, {'name': 'setup', 'duration_ns': "
		"-1}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_json json_t *value = report(cases[i]);

		same(value, "guest_timings", "[]");
	}
}

static void only_migrations_that_have_ended_are_told(void **state)
{
	static const struct {
		const char *operation;
		bool expected;
	} cases[] = {
		{ "{'kind': 'migrate', 'outcome': 'ok'}", true },
		{ "{'kind': 'migrate', 'outcome': 'failed'}", true },
		{ "{'kind': 'migrate', 'outcome': 'running'}", false },
		{ "{'kind': 'migrate-cancel', 'outcome': 'ok'}", false },
		{ "{'kind': 7}", false },
		{ "7", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_json json_t *operation = json(cases[i].operation);

		if (guestperf_is_migration(operation) != cases[i].expected)
			fail_msg("%s", cases[i].operation);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_migration_has_its_figures),
		cmocka_unit_test(one_that_did_not_arrive_has_what_is_known),
		cmocka_unit_test(command_lines_have_ram_in_several_forms),
		cmocka_unit_test(rows_of_nonsense_make_a_report),
		cmocka_unit_test(only_migrations_that_have_ended_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports of guestperf as records: what is taken, what is refused, and which figures come over. */
#include "tests/unit/helper.h"

#include "report/guestperf-import.h"

static char *quoted(const char *text)
{
	char *copy = mem_strdup(text);

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return copy;
}

static int read_text(const char *text, json_t **ret_reports, struct err *err)
{
	auto_free char *copy = quoted(text);

	return guestperf_read(copy, strlen(copy), "f", ret_reports, err);
}

static json_t *accept(const char *text)
{
	json_t *reports = NULL;
	struct err err = { 0 };

	if (read_text(text, &reports, &err) < 0)
		fail_msg("%s", err.text);
	return reports;
}

#define POINT(now, more) "{'status': 'completed', 'now': " now ", " more "'ram': {}}"
#define REPORT(more, points) "{'scenario': {'name': 's'}, " more "'progress_history': [" points "]}"
#define PLAIN REPORT("", POINT("5", ""))

static void what_is_no_report_is_refused(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "f: there is no report" },
		{ " \n", "f: there is no report" },
		{ "{", "f: report 1: not JSON: " },
		{ "x", "f: report 1: not JSON: " },
		{ PLAIN "\nx", "f: report 2: not JSON: " },
		{ "[]", "f: report 1 lacks a scenario with a name: not one of guestperf" },
		{ "{'scenario': {'name': 's'}}",
		  "f: report 1 lacks a progress_history: not one of guestperf" },
		{ PLAIN " " REPORT("", ""),
		  "f: report 2 lacks a progress_history: not one of guestperf" },
		{ REPORT("", "{'now': 5}"), "f: report 1 lacks a status at the end of its "
					    "progress_history: not one of guestperf" },
		{ REPORT("", POINT("0", "")), "f: report 1 lacks the time (now) of each point of "
					      "its progress_history: not one of guestperf" },
		{ REPORT("", POINT("1e12", "")), "f: report 1 lacks the time (now) of each point "
						 "of its progress_history: not one of guestperf" },
		{ REPORT("", "7, " POINT("5", "")), "f: report 1 lacks the time (now) of each "
						    "point of its progress_history: not one of "
						    "guestperf" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *reports = NULL;
		struct err err = { 0 };

		if (read_text(cases[i].text, &reports, &err) != -EINVAL)
			fail_msg("taken: %s", cases[i].text);
		if (strncmp(err.text, cases[i].expected, strlen(cases[i].expected)) != 0)
			fail_msg("found \"%s\", expected \"%s\"", err.text, cases[i].expected);
	}
}

static void several_may_stand_in_a_file(void **state)
{
	auto_json json_t *reports =
		accept(REPORT("'binary': '/\xc3\xa9', ", POINT("5", "")) "\n" PLAIN PLAIN "\n\n");

	(void)state;
	assert_int_equal(json_array_size(reports), 3);
}

static void so_many_are_too_many(void **state)
{
	auto_free char *text = mem_zalloc((GUESTPERF_REPORTS_MAX + 1) * sizeof(PLAIN));
	json_t *reports = NULL;
	struct err err = { 0 };

	(void)state;
	for (char *at = text; at < text + (GUESTPERF_REPORTS_MAX + 1) * (sizeof(PLAIN) - 1);)
		at = stpcpy(at, PLAIN);
	assert_int_equal(read_text(text, &reports, &err), -EINVAL);
	assert_string_equal(err.text, "f: more than 1000 reports");
}

/* --- records --- */

static bool tell(void *ctx, const struct record *record, const struct record_durable *durable)
{
	struct story *story = ctx;
	const struct record_operation_end *end = &record->operation_end;

	(void)durable;
	switch (record->type) {
	case RECORD_CAMPAIGN_BEGIN:
		story_add(story, "campaign %s at %lld, %lld bytes\n", record->campaign_begin.name,
			  (long long)record->campaign_begin.began_unix_ns,
			  (long long)record->campaign_begin.ram_bytes);
		break;
	case RECORD_BUILD:
		story_add(story, "build %s: %s\n", record->build.name, record->build.binary);
		break;
	case RECORD_RUN_BEGIN:
		story_add(story, "run of VM %lld: %s\n", (long long)record->run_begin.vm,
			  record->run_begin.argv);
		break;
	case RECORD_OPERATION_BEGIN:
		story_add(story, "%s at %lld\n", record->operation_begin.kind,
			  (long long)record->operation_begin.began_unix_ns);
		break;
	case RECORD_OPERATION_END:
		story_add(story, "%s in %lld:", end->outcome, (long long)end->duration_ns);
		for (size_t i = 0; i < end->step_count; i++)
			story_add(story, " %s %lld", end->steps[i].name,
				  (long long)end->steps[i].duration_ns);
		for (size_t i = 0; i < end->measure_count; i++)
			story_add(story, " %s=%g", end->measures[i].name, end->measures[i].value);
		story_add(story, "\n");
		break;
	case RECORD_CAMPAIGN_END:
		story_add(story, "%s at %lld\n", record->campaign_end.end,
			  (long long)record->campaign_end.ended_unix_ns);
		break;
	default:
		break;
	}
	return false;
}

static void same(const char *text, const char *build, const char *expected)
{
	auto_json json_t *reports = accept(text);
	struct records *records = records_new(1);
	struct story story = { 0 };

	records_subscribe(records, tell, &story);
	assert_int_equal(guestperf_emit(reports, build, records), 1);
	records_free(records);
	assert_string_equal(story.text, expected);
}

static void a_migration_has_the_figures_of_its_last_point(void **state)
{
	(void)state;
	same("{'hardware': {'cpus': 2, 'mem': 1}, 'scenario': {'name': 's'}, 'binary': "
	     "'/opt/qemu-system-x86_64', 'guest_timings': [], 'progress_history': ["
	     "{'status': 'active', 'now': 1000.5, 'duration': 500, 'ram': {'iterations': 1}}, "
	     "{'status': 'completed', 'now': 1002, 'duration': 1990, 'downtime': 25, "
	     "'setup_time': 10, 'ram': {'transferred_bytes': 4096, 'iterations': 3, "
	     "'transfer_rate_mbs': 0.5, 'dirty_rate_pps': 7}}]}",
	     NULL,
	     "campaign guestperf at 1000000000000, 1073741824 bytes\n"
	     "build qemu-system-x86_64: /opt/qemu-system-x86_64\n"
	     "run of VM 0: [\"/opt/qemu-system-x86_64\",\"-smp\",\"2\",\"-m\",\"1024M\"]\n"
	     "run of VM 0: [\"/opt/qemu-system-x86_64\",\"-smp\",\"2\",\"-m\",\"1024M\"]\n"
	     "migrate at 1000000000000\n"
	     "ok in 2000000000: setup 10000000 migrate 1990000000 setup_ms=10 downtime_ms=25 "
	     "total_ms=1990 transferred_bytes=4096 throughput_mbps=0.5 passes=3\n"
	     "complete at 1002000000000\n");
}

#define NO_ARGV "[\"unknown\",\"-smp\",\"1\",\"-m\",\"0M\"]\n"

static void each_report_is_a_migration_and_each_binary_a_build(void **state)
{
	static const char text[] = REPORT("'binary': '/a/x', ", "{'status': 'failed', 'now': 5}")
		REPORT("'binary': '/b/x', ", "{'status': 'cancelled', 'now': 4}") PLAIN;

	(void)state;
	same(text, NULL,
	     "campaign guestperf at 4000000000, 0 bytes\n"
	     "build x: /a/x\n"
	     "run of VM 0: [\"/a/x\",\"-smp\",\"1\",\"-m\",\"0M\"]\n"
	     "run of VM 0: [\"/a/x\",\"-smp\",\"1\",\"-m\",\"0M\"]\n"
	     "migrate at 5000000000\n"
	     "failed in 0: setup 0 migrate 0\n"
	     "build x-2: /b/x\n"
	     "run of VM 1: [\"/b/x\",\"-smp\",\"1\",\"-m\",\"0M\"]\n"
	     "run of VM 1: [\"/b/x\",\"-smp\",\"1\",\"-m\",\"0M\"]\n"
	     "migrate at 4000000000\n"
	     "interrupted in 0: setup 0 migrate 0\n"
	     "build unknown-3: unknown\n"
	     "run of VM 2: " NO_ARGV "run of VM 2: " NO_ARGV "migrate at 5000000000\n"
	     "ok in 0: setup 0 migrate 0\n"
	     "complete at 5000000000\n");
}

static void what_qsoak_had_measured_comes_back(void **state)
{
	(void)state;
	same(REPORT("'qsoak': {'measures': {'blackout_ns': 7, 'duration_ns': 8, 'stall_ns': 9, "
		    "'downtime_ms': 99, 'x y': 1, "
		    "'bad': -1, 'text': 'x', '': 1}}, ",
		    POINT("5", "'downtime': 3, ")),
	     "mine",
	     "campaign guestperf at 5000000000, 0 bytes\n"
	     "build mine: unknown\n"
	     "run of VM 0: " NO_ARGV "run of VM 0: " NO_ARGV "migrate at 5000000000\n"
	     "ok in 0: setup 0 migrate 0 downtime_ms=3 blackout_ns=7\n"
	     "complete at 5000000000\n");
}

static void figures_of_nonsense_are_none(void **state)
{
	(void)state;
	same(REPORT("'hardware': {'cpus': -1, 'mem': 1e300}, 'binary': '', 'qsoak': 7, ",
		    POINT("5", "'duration': 1e300, 'setup_time': -1, 'downtime': 'x', ")),
	     NULL,
	     "campaign guestperf at 5000000000, 0 bytes\n"
	     "build unknown: \n"
	     "run of VM 0: [\"\",\"-smp\",\"1\",\"-m\",\"0M\"]\n"
	     "run of VM 0: [\"\",\"-smp\",\"1\",\"-m\",\"0M\"]\n"
	     "migrate at 5000000000\n"
	     "ok in 0: setup 0 migrate 0\n"
	     "complete at 5000000000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_report_is_refused),
		cmocka_unit_test(several_may_stand_in_a_file),
		cmocka_unit_test(so_many_are_too_many),
		cmocka_unit_test(a_migration_has_the_figures_of_its_last_point),
		cmocka_unit_test(each_report_is_a_migration_and_each_binary_a_build),
		cmocka_unit_test(what_qsoak_had_measured_comes_back),
		cmocka_unit_test(figures_of_nonsense_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

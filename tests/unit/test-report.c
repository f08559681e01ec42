// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports as tables: what is printed of a store with known rows, and of one that is not as it should be. */
#include "tests/unit/report-fixture.h"

static void test_campaign_table(void **state)
{
	static const char expected[] =
		"campaign 1 quick: 61 s, 4 VMs (tcg, pc-q35-7.2), seed 42: "
		"107 operations in 97 loops, 5 failures\n"
		"\n"
		"BUILD             OPERATION      COUNT  FAILED        RATE     P50     P95     "
		"P99     MAX\n"
		"stock             boot               0       0           -       -       -       "
		"-       -\n"
		"stock             migrate            1       0      < 95 %  1.50ms  1.50ms  "
		"1.50ms  1.50ms\n"
		"stock             snapshot-save    103       3  0.60-8.3 %  50.0ms  95.0ms  "
		"99.0ms   100ms\n"
		"stock -> a-first  migrate            1       0      < 95 %   2.00s   2.00s   "
		"2.00s   2.00s\n"
		"a-first           boot               2       1    1.3-99 %  20.0us  20.0us  "
		"20.0us  20.0us\n"
		"\n"
		"BUILD    CLASS  FAILURES  FIRST AFTER  MEDIAN AFTER  SIGNATURE\n"
		"-        host          1      0 loops             -  host: no space\n"
		"stock    hang          2       1 loop             -  hang: migration\n"
		"stock    crash         1      9 loops             -  crash: \\x1b[31mred\\x0a\n"
		"a-first  hang          1      2 loops             -  hang: migration\n"
		"\n"
		"host: no space\n"
		"    first seen 2026-01-02T03:20:49Z, last seen 2026-01-02T03:20:49Z\n"
		"hang: migration\n"
		"    first seen 2026-01-02T03:20:46Z, last seen 2026-01-02T03:20:48Z\n"
		"    also: in f\n"
		"    also: in g\n"
		"crash: \\x1b[31mred\\x0a\n"
		"    first seen 2026-01-02T03:20:45Z, last seen 2026-01-02T03:20:45Z\n"
		"\n"
		"BUILD    VERDICT       VMS  LOOPS  FAILURES\n"
		"stock    clean           1     25         0\n"
		"a-first  inconclusive    0      0         0\n";
	struct fixture *fx = *state;

	assert_text(report(fx, read_result, CAMPAIGN, report_campaign), expected);
}

/* Nothing has ended it: its daemon still runs. */
static void test_empty_campaign(void **state)
{
	struct fixture *fx = *state;

	assert_text(report(fx, read_result, EMPTY_CAMPAIGN, report_campaign),
		    "campaign 6 none\\x07: running, 1 VM (tcg, pc-q35-7.2), seed 42: "
		    "0 operations in 0 loops, 0 failures\n"
		    "\n"
		    "no failures\n");
	assert_text(report(fx, read_failures, EMPTY_CAMPAIGN, report_failures), "no failures\n");
}

static void test_failures_table(void **state)
{
	static const char expected[] =
		"  ID  TIME                  BUILD    SLOT/VM  LOOPS  CLASS  OPERATION/STEP  "
		"SIGNATURE               INCIDENT\n"
		"1000  2026-01-02T03:20:45Z  stock    2/7          9  crash  -               "
		"crash: \\x1b[31mred\\x0a  -\n"
		"1001  2026-01-02T03:20:46Z  stock    2/7          5  hang   migrate/setup   "
		"hang: migration         incidents/1001\n"
		"1002  2026-01-02T03:20:47Z  stock    2/7          1  hang   migrate/setup   "
		"hang: migration         incidents/1002\n"
		"1003  2026-01-02T03:20:48Z  a-first  2/7          2  hang   migrate/setup   "
		"hang: migration         incidents/1003\n"
		"1004  2026-01-02T03:20:49Z  -        2/7          0  host   -               "
		"host: no space          -\n";
	struct fixture *fx = *state;

	assert_text(report(fx, read_failures, CAMPAIGN, report_failures), expected);
	assert_text(report(fx, read_failures, 0, report_failures), expected);
}

static void test_campaigns_table(void **state)
{
	static const char expected[] =
		"ID  NAME      BEGAN                 TOOK  BUILDS         VMS  OPERATIONS  LOOPS  "
		"FAILURES  RESULT\n"
		" 1  quick     2026-01-02T03:04:05Z  61 s  stock a-first    4         107     97  "
		"       5  failures\n"
		" 6  none\\x07  2026-01-02T03:04:05Z     -  -                1           0      0  "
		"       0  running\n";
	struct fixture *fx = *state;

	assert_text(report(fx, read_campaigns, 0, report_campaigns), expected);
}

static void the_host_is_told_where_there_are_several(void **state)
{
	static const char *const hosts[] = { "box", "box", "tower" };

	(void)state;
	for (size_t count = 2; count <= ARRAY_SIZE(hosts); count++) {
		auto_json json_t *value = json_pack("{s:[]}", "campaigns");
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		for (size_t i = 0; i < count; i++)
			json_array_append_new(json_object_get(value, "campaigns"),
					      json_pack("{s:i, s:s, s:s}", "id", (int)i + 1, "name",
							"quick", "host", hosts[i]));
		report_campaigns(value, out);
		fclose(out);
		assert_int_equal(strstr(text, "HOST") != NULL, count == 3);
		assert_int_equal(strstr(text, " tower ") != NULL, count == 3);
		free(text);
	}
}

static void test_builds_table(void **state)
{
	static const char expected[] =
		"NAME     VERSION  BUILD-ID  SHA-256  CAMPAIGNS  LAST  FAILURES  ORIGIN  BINARY\n"
		"stock             -                          1     1         3  -       \n"
		"a-first           -                          1     1         1  -       \n";
	struct fixture *fx = *state;

	assert_text(report(fx, read_builds, CAMPAIGN, report_builds), expected);
	assert_text(report(fx, read_builds, EMPTY_CAMPAIGN, report_builds),
		    "no builds were soaked\n");
}

/* Page by page, with nothing twice and nothing left out. */
static void test_pages(void **state)
{
	struct fixture *fx = *state;
	auto_free char *found = mem_strdup("");
	int64_t after = 0;
	int pages = 0;

	do {
		auto_json json_t *page = NULL;
		struct err err = { 0 };
		json_t *failure;
		size_t i;

		assert_int_equal(report_json_list(fx->query, QUERY_FAILURES, CAMPAIGN, after, 2,
						  &page, &err),
				 0);
		json_array_foreach(json_object_get(page, "failures"), i, failure) {
			char *more =
				mem_printf("%s %d", found,
					   (int)json_integer_value(json_object_get(failure, "id")));

			free(found);
			found = more;
		}
		after = json_integer_value(json_object_get(page, "next"));
		pages++;
	} while (after);
	assert_string_equal(found, " 1000 1001 1002 1003 1004");
	assert_int_equal(pages, 3);
}

static void test_unknown_campaign(void **state)
{
	struct fixture *fx = *state;
	struct err err = { 0 };
	json_t *value = NULL;

	assert_int_equal(report_json_campaign(fx->query, 99, false, &value, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no campaign 99"));
	assert_int_equal(read_failures(fx->query, 99, &value, &err), -ENOENT);
	assert_null(value);
}

static void test_last_campaign(void **state)
{
	struct fixture *fx = *state;
	struct err err = { 0 };
	int64_t campaign = 0;

	assert_int_equal(query_last_campaign(fx->query, &campaign, &err), 0);
	assert_int_equal(campaign, EMPTY_CAMPAIGN);
}

static void test_output_that_fails(void **state)
{
	struct fixture *fx = *state;
	auto_fclose FILE *full = fopen("/dev/full", "we");
	auto_json json_t *value = NULL;
	struct err err = { 0 };

	assert_non_null(full);
	assert_int_equal(report_json_campaign(fx->query, CAMPAIGN, false, &value, &err), 0);
	assert_int_equal(report_print(value, report_campaign, false, full, &err), -ENOSPC);
}

/* The next daemon ends what the last one left open, at the last time of which there is a row. */
static void test_interrupted_campaign(void **state)
{
	struct fixture *fx = *state;
	struct ev_loop *loop = ev_loop_new(0);
	struct store *store = NULL;
	struct query *query = NULL;
	struct err err = { 0 };
	auto_free char *text = NULL;
	auto_json json_t *value = NULL;
	FILE *out;
	size_t size;
	int64_t id;

	assert_int_equal(store_open(loop, fx->path, false, &store, &id, &err), 0);
	assert_int_equal(id, fx->failure);
	/* Beside the live writer. */
	assert_int_equal(query_open(fx->path, &query, &err), 0);
	out = open_memstream(&text, &size);
	assert_int_equal(report_json_campaign(query, EMPTY_CAMPAIGN, false, &value, &err), 0);
	assert_int_equal(report_print(value, report_campaign, false, out, &err), 0);
	fclose(out);
	assert_non_null(strstr(text, "none\\x07: 0 s (interrupted), 1 VM "));
	query_close(query);
	assert_int_equal(store_close(store, &err), 0);
	ev_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_campaign_table),
		cmocka_unit_test(test_empty_campaign),
		cmocka_unit_test(test_failures_table),
		cmocka_unit_test(test_campaigns_table),
		cmocka_unit_test(test_builds_table),
		cmocka_unit_test(the_host_is_told_where_there_are_several),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_unknown_campaign),
		cmocka_unit_test(test_last_campaign),
		cmocka_unit_test(test_output_that_fails),
		cmocka_unit_test(test_interrupted_campaign),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports: percentiles, values as text, and what is printed of a store with known rows. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/csv.h"
#include "report/incident.h"
#include "report/json.h"
#include "report/percentile.h"
#include "report/report.h"
#include "report/text.h"
#include "store/store.h"

/* 2026-01-02T03:04:05Z */
#define BEGAN_NS (1767323045 * CLOCK_NS_PER_S)

#define US 1000ll
#define MS CLOCK_NS_PER_MS

enum id {
	CAMPAIGN = 1,
	STOCK,
	FIRST,
	RUN_STOCK,
	RUN_FIRST,
	EMPTY_CAMPAIGN,
	FIRST_OPERATION = 100,
	FIRST_FAILURE = 1000,
};

/* --- a store with known rows --- */

struct fixture {
	char directory[32];
	char *path;
	struct ev_loop *loop;
	struct store *store;
	struct records *records;
	int64_t operation;
	int64_t failure;
	struct query *query;
};

static void emit(struct fixture *fx, struct record record)
{
	records_emit(fx->records, &record);
}

static void add_campaign(struct fixture *fx, int64_t id, const char *name, int64_t vms)
{
	emit(fx, (struct record){ .type = RECORD_CAMPAIGN_BEGIN,
				  .campaign_begin = { .id = id,
						      .began_unix_ns = BEGAN_NS,
						      .name = name,
						      .profile_text = "",
						      .seed = "42",
						      .accel = "tcg",
						      .machine = "pc-q35-7.2",
						      .vms = vms,
						      .host_name = "",
						      .host_kernel = "",
						      .host_cpu = "" } });
}

static void end_campaign(struct fixture *fx, int64_t id, int64_t s, const char *end, int64_t code)
{
	emit(fx, (struct record){ .type = RECORD_CAMPAIGN_END,
				  .campaign_end = { .id = id,
						    .ended_unix_ns = BEGAN_NS + s * CLOCK_NS_PER_S,
						    .end = end,
						    .exit_code = code } });
}

static void add_build(struct fixture *fx, int64_t id, const char *name, int64_t run)
{
	emit(fx, (struct record){ .type = RECORD_BUILD,
				  .build = { .id = id,
					     .campaign_id = CAMPAIGN,
					     .name = name,
					     .binary = "",
					     .version = "",
					     .sha256 = "" } });
	emit(fx, (struct record){ .type = RECORD_RUN_BEGIN,
				  .run_begin = { .id = run,
						 .campaign_id = CAMPAIGN,
						 .build_id = id,
						 .argv = "[]" } });
}

static void add_operation(struct fixture *fx, int64_t run, int64_t dst_run, const char *kind,
			  const char *outcome, int64_t duration_ns)
{
	int64_t id = fx->operation++;

	emit(fx, (struct record){ .type = RECORD_OPERATION_BEGIN,
				  .operation_begin = { .id = id,
						       .campaign_id = CAMPAIGN,
						       .src_run_id = run,
						       .kind = kind } });
	if (outcome)
		emit(fx, (struct record){ .type = RECORD_OPERATION_END,
					  .operation_end = { .id = id,
							     .dst_run_id = dst_run,
							     .outcome = outcome,
							     .duration_ns = duration_ns,
							     .stall_ns = -1 } });
}

static void add_failure(struct fixture *fx, int64_t run, int64_t loops, const char *class,
			const char *step, const char *signature)
{
	int64_t id = fx->failure++;
	auto_free char *incident = mem_printf("incidents/%lld", (long long)id);

	emit(fx, (struct record){ .type = RECORD_FAILURE,
				  .failure = { .id = id,
					       .campaign_id = CAMPAIGN,
					       .src_run_id = run,
					       .slot = 2,
					       .vm = 7,
					       .loops = loops,
					       .at_unix_ns = BEGAN_NS + id * CLOCK_NS_PER_S,
					       .class = class,
					       .kind = step ? "migrate" : NULL,
					       .step = step,
					       .signature = signature,
					       .detail = "gone \xff",
					       .incident = step ? incident : NULL } });
}

static void fill(struct fixture *fx)
{
	add_campaign(fx, CAMPAIGN, "quick", 4);
	add_build(fx, STOCK, "stock", RUN_STOCK);
	add_build(fx, FIRST, "a-first", RUN_FIRST);
	/* 1 ms to 100 ms, not in order */
	for (int i = 0; i < 100; i++)
		add_operation(fx, RUN_STOCK, 0, "snapshot-save", "ok", (i * 37 % 100 + 1) * MS);
	for (int i = 0; i < 3; i++)
		add_operation(fx, RUN_STOCK, 0, "snapshot-save", "failed", 1);
	add_operation(fx, RUN_STOCK, 0, "snapshot-save", "interrupted", -1);
	add_operation(fx, RUN_STOCK, 0, "snapshot-save", NULL, 0);
	add_operation(fx, RUN_STOCK, 0, "boot", "interrupted", -1);
	add_operation(fx, RUN_STOCK, RUN_STOCK, "migrate", "ok", 1500 * US);
	add_operation(fx, RUN_STOCK, RUN_FIRST, "migrate", "ok", 2 * CLOCK_NS_PER_S);
	add_operation(fx, RUN_FIRST, 0, "boot", "failed", -1);
	add_operation(fx, RUN_FIRST, 0, "boot", "ok", 20 * US);
	for (int i = 0; i < 97; i++)
		emit(fx, (struct record){ .type = RECORD_LOOP_END,
					  .loop_end = { .campaign_id = CAMPAIGN,
							.slot = i % 4,
							.loop = i / 4 } });
	add_failure(fx, RUN_STOCK, 9, "crash", NULL, "crash: \x1b[31mred\n");
	add_failure(fx, RUN_STOCK, 5, "hang", "setup", "hang: migration");
	add_failure(fx, RUN_STOCK, 1, "hang", "setup", "hang: migration");
	add_failure(fx, RUN_FIRST, 2, "hang", "setup", "hang: migration");
	add_failure(fx, 0, 0, "host", NULL, "host: no space");
	end_campaign(fx, CAMPAIGN, 61, "complete", 1);
	add_campaign(fx, EMPTY_CAMPAIGN, "none\x07", 1);
}

static int setup(void **state)
{
	struct fixture *fx = mem_new(struct fixture);
	struct err err = { 0 };
	int64_t first_id;

	fx->operation = FIRST_OPERATION;
	fx->failure = FIRST_FAILURE;
	strcpy(fx->directory, "/tmp/test-report-XXXXXX");
	if (!mkdtemp(fx->directory))
		return -1;
	fx->path = mem_printf("%s/results.db", fx->directory);
	fx->loop = ev_loop_new(0);
	fx->records = records_new(1);
	if (store_open(fx->loop, fx->path, &fx->store, &first_id, &err) < 0)
		return -1;
	store_subscribe(fx->store, fx->records);
	fill(fx);
	if (store_close(fx->store, &err) < 0 || query_open(fx->path, &fx->query, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	records_free(fx->records);
	ev_loop_destroy(fx->loop);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;
	DIR *dir = opendir(fx->directory);

	query_close(fx->query);
	for (struct dirent *entry; (entry = readdir(dir));)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(fx->directory);
	free(fx->path);
	free(fx);
	return 0;
}

/* --- percentiles and text --- */

static void test_percentile(void **state)
{
	static const int64_t one[] = { 7 }, two[] = { 3, 9 }, five[] = { 15, 20, 35, 40, 50 };
	auto_free int64_t *many = mem_zalloc(1000 * sizeof(*many));

	(void)state;
	assert_int_equal(percentile_nearest_rank(one, 1, 0.1), 7);
	assert_int_equal(percentile_nearest_rank(one, 1, 50), 7);
	assert_int_equal(percentile_nearest_rank(one, 1, 100), 7);
	assert_int_equal(percentile_nearest_rank(two, 2, 50), 3);
	assert_int_equal(percentile_nearest_rank(two, 2, 50.1), 9);
	assert_int_equal(percentile_nearest_rank(two, 2, 99), 9);
	assert_int_equal(percentile_nearest_rank(five, 5, 5), 15);
	assert_int_equal(percentile_nearest_rank(five, 5, 30), 20);
	assert_int_equal(percentile_nearest_rank(five, 5, 40), 20);
	assert_int_equal(percentile_nearest_rank(five, 5, 50), 35);
	assert_int_equal(percentile_nearest_rank(five, 5, 100), 50);
	for (int i = 0; i < 1000; i++)
		many[i] = i + 1;
	/* Of 100 samples, percent p is the p-th: also where p / 100 * 100 is more than p. */
	for (int p = 1; p <= 100; p++)
		assert_int_equal(percentile_nearest_rank(many, 100, p), p);
	assert_int_equal(percentile_nearest_rank(many, 1000, 99.9), 999);
	assert_int_equal(percentile_nearest_rank(many, 1000, 99.91), 1000);
}

static void assert_text(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	free(text);
}

static void test_durations(void **state)
{
	(void)state;
	assert_text(text_duration(0), "0.00us");
	assert_text(text_duration(21300 * US), "21.3ms");
	assert_text(text_duration(40 * MS), "40.0ms");
	assert_text(text_duration(9994), "9.99us");
	assert_text(text_duration(9996), "10.0us");
	assert_text(text_duration(99960), "100us");
	assert_text(text_duration(999499), "999us");
	assert_text(text_duration(999500), "1.00ms");
	assert_text(text_duration(999500 * US), "1.00s");
	assert_text(text_duration(1234567 * MS), "1235s");
	assert_text(text_long_duration(-5), "0 s");
	assert_text(text_long_duration(60600 * MS), "61 s");
	assert_text(text_long_duration(725 * CLOCK_NS_PER_S), "12 min 5 s");
	assert_text(text_long_duration(8 * 3600 * CLOCK_NS_PER_S), "8 h 0 min");
	assert_text(text_time(BEGAN_NS + 999 * MS), "2026-01-02T03:04:05Z");
}

static void test_printable(void **state)
{
	(void)state;
	assert_text(text_printable(NULL), "-");
	assert_text(text_printable("plain \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"),
		    "plain \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_text(text_printable("a\tb\x1b[2J\x7f\r\n"), "a\\x09b\\x1b[2J\\x7f\\x0d\\x0a");
	/* a C1 control, a change of direction */
	assert_text(text_printable("\xc2\x9b|\xe2\x80\xae"), "\\xc2\\x9b|\\xe2\\x80\\xae");
	/* no UTF-8: a lone byte, a cut one, too long a form, a surrogate, beyond Unicode */
	assert_text(text_printable("\xff|\xe2\x82"), "\\xff|\\xe2\\x82");
	assert_text(text_printable("\xc0\xaf|\xed\xa0\x80"), "\\xc0\\xaf|\\xed\\xa0\\x80");
	assert_text(text_printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

/* --- reports --- */

typedef int (*read_fn)(struct query *query, int64_t campaign, json_t **ret_value, struct err *err);

static int read_failures(struct query *query, int64_t campaign, json_t **ret_value, struct err *err)
{
	return report_json_list(query, QUERY_FAILURES, campaign, 0, 1000, ret_value, err);
}

static int read_campaigns(struct query *query, int64_t campaign, json_t **ret_value,
			  struct err *err)
{
	return report_json_list(query, QUERY_CAMPAIGNS, campaign, 0, 1000, ret_value, err);
}

static int read_builds(struct query *query, int64_t campaign, json_t **ret_value, struct err *err)
{
	return report_json_list(query, QUERY_BUILDS, campaign, 0, 1000, ret_value, err);
}

static char *report(struct fixture *fx, read_fn read, int64_t campaign, report_fn print)
{
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	auto_json json_t *value = NULL;

	if (read(fx->query, campaign, &value, &err) < 0 ||
	    report_print(value, print, !print, out, &err) < 0)
		fail_msg("%s", err.text);
	fclose(out);
	return text;
}

static void test_campaign_table(void **state)
{
	static const char expected[] =
		"campaign 1 quick: 61 s, 4 VMs (tcg, pc-q35-7.2), seed 42: "
		"107 operations in 97 loops, 5 failures\n"
		"\n"
		"BUILD             OPERATION      COUNT  FAILED     P50     P95     P99     MAX\n"
		"stock             boot               0       0       -       -       -       -\n"
		"stock             migrate            1       0  1.50ms  1.50ms  1.50ms  1.50ms\n"
		"stock             snapshot-save    103       3  50.0ms  95.0ms  99.0ms   100ms\n"
		"stock -> a-first  migrate            1       0   2.00s   2.00s   2.00s   2.00s\n"
		"a-first           boot               2       1  20.0us  20.0us  20.0us  20.0us\n"
		"\n"
		"BUILD    CLASS  FAILURES  FIRST AFTER  SIGNATURE\n"
		"-        host          1      0 loops  host: no space\n"
		"stock    hang          2       1 loop  hang: migration\n"
		"stock    crash         1      9 loops  crash: \\x1b[31mred\\x0a\n"
		"a-first  hang          1      2 loops  hang: migration\n";
	struct fixture *fx = *state;

	assert_text(report(fx, report_json_campaign, CAMPAIGN, report_campaign), expected);
}

/* Nothing has ended it: its daemon still runs. */
static void test_empty_campaign(void **state)
{
	struct fixture *fx = *state;

	assert_text(report(fx, report_json_campaign, EMPTY_CAMPAIGN, report_campaign),
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

static void test_builds_table(void **state)
{
	static const char expected[] =
		"NAME     VERSION  BUILD-ID  SHA-256  CAMPAIGNS  LAST  FAILURES  BINARY\n"
		"stock             -                          1     1         3  \n"
		"a-first           -                          1     1         1  \n";
	struct fixture *fx = *state;

	assert_text(report(fx, read_builds, CAMPAIGN, report_builds), expected);
	assert_text(report(fx, read_builds, EMPTY_CAMPAIGN, report_builds), "no builds\n");
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

static void test_campaign_json(void **state)
{
	static const char expected[] =
		"{\"campaign\": {\"id\": 1, \"name\": \"quick\", \"seed\": \"42\","
		" \"accel\": \"tcg\", \"machine\": \"pc-q35-7.2\", \"vms\": 4,"
		" \"began_unix_ns\": 1767323045000000000, \"ended_unix_ns\": 1767323106000000000,"
		" \"end\": \"complete\", \"exit_code\": 1, \"loops\": 97, \"operations\": 107,"
		" \"failures\": 5},"
		"\"operations\": ["
		" {\"build\": \"stock\", \"kind\": \"boot\", \"count\": 0, \"failed\": 0,"
		"  \"interrupted\": 1, \"p50_ns\": null, \"p95_ns\": null, \"p99_ns\": null,"
		"  \"max_ns\": null},"
		" {\"build\": \"stock\", \"kind\": \"migrate\", \"count\": 1, \"failed\": 0,"
		"  \"interrupted\": 0, \"p50_ns\": 1500000, \"p95_ns\": 1500000,"
		"  \"p99_ns\": 1500000, \"max_ns\": 1500000},"
		" {\"build\": \"stock\", \"kind\": \"snapshot-save\", \"count\": 103,"
		"  \"failed\": 3, \"interrupted\": 1, \"p50_ns\": 50000000,"
		"  \"p95_ns\": 95000000, \"p99_ns\": 99000000, \"max_ns\": 100000000},"
		" {\"build\": \"stock -> a-first\", \"kind\": \"migrate\", \"count\": 1,"
		"  \"failed\": 0, \"interrupted\": 0, \"p50_ns\": 2000000000,"
		"  \"p95_ns\": 2000000000, \"p99_ns\": 2000000000, \"max_ns\": 2000000000},"
		" {\"build\": \"a-first\", \"kind\": \"boot\", \"count\": 2, \"failed\": 1,"
		"  \"interrupted\": 0, \"p50_ns\": 20000, \"p95_ns\": 20000, \"p99_ns\": 20000,"
		"  \"max_ns\": 20000}],"
		"\"signatures\": ["
		" {\"build\": null, \"class\": \"host\", \"signature\": \"host: no space\","
		"  \"failures\": 1, \"first_loops\": 0, \"incident\": null},"
		" {\"build\": \"stock\", \"class\": \"hang\", \"signature\": \"hang: migration\","
		"  \"failures\": 2, \"first_loops\": 1, \"incident\": \"incidents/1002\"},"
		" {\"build\": \"stock\", \"class\": \"crash\","
		"  \"signature\": \"crash: \\u001B[31mred\\n\", \"failures\": 1,"
		"  \"first_loops\": 9, \"incident\": null},"
		" {\"build\": \"a-first\", \"class\": \"hang\","
		"  \"signature\": \"hang: migration\", \"failures\": 1, \"first_loops\": 2,"
		"  \"incident\": \"incidents/1003\"}]}";
	struct fixture *fx = *state;

	assert_json(fx, report_json_campaign, CAMPAIGN, expected);
	assert_json(fx, report_json_campaign, EMPTY_CAMPAIGN,
		    "{\"campaign\": {\"id\": 6, \"name\": \"none\\u0007\", \"seed\": \"42\","
		    " \"accel\": \"tcg\", \"machine\": \"pc-q35-7.2\", \"vms\": 1,"
		    " \"began_unix_ns\": 1767323045000000000, \"ended_unix_ns\": null,"
		    " \"end\": null, \"exit_code\": null, \"loops\": 0, \"operations\": 0,"
		    " \"failures\": 0}, \"operations\": [], \"signatures\": []}");
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
	assert_string_equal(
		first, "{\"at_unix_ns\": 1767324045000000000, \"build\": \"stock\", "
		       "\"campaign_id\": 1, \"class\": \"crash\", \"detail\": \"gone \\\\xff\", "
		       "\"id\": 1000, \"incident\": null, \"kind\": null, \"loops\": 9, "
		       "\"place\": null, \"signature\": \"crash: \\u001B[31mred\\n\", "
		       "\"slot\": 2, \"step\": null, \"vm\": 7}");
	assert_string_equal(
		second, "{\"at_unix_ns\": 1767324046000000000, \"build\": \"stock\", "
			"\"campaign_id\": 1, \"class\": \"hang\", \"detail\": \"gone \\\\xff\", "
			"\"id\": 1001, \"incident\": \"incidents/1001\", \"kind\": \"migrate\", "
			"\"loops\": 5, \"place\": null, \"signature\": \"hang: migration\", "
			"\"slot\": 2, \"step\": \"setup\", \"vm\": 7}");
	assert_json(fx, read_failures, EMPTY_CAMPAIGN, "{\"failures\": [], \"next\": null}");
}

static void test_unknown_campaign(void **state)
{
	struct fixture *fx = *state;
	struct err err = { 0 };
	json_t *value = NULL;

	assert_int_equal(report_json_campaign(fx->query, 99, &value, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no campaign 99"));
	assert_int_equal(read_failures(fx->query, 99, &value, &err), -ENOENT);
	assert_null(value);
}

/* The text that fn prints of the JSON. */
static char *print_json(report_fn fn, const char *json)
{
	json_error_t error;
	auto_json json_t *value = json_loads(json, 0, &error);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!value)
		fail_msg("%s", error.text);
	fn(value, out);
	fclose(out);
	return text;
}

static void test_incident(void **state)
{
	static const char json[] =
		"{\"incident\": 7, \"directory\": \"incidents/7\","
		" \"manifest\": {\"failure\": 7, \"place\": null, \"at-unix-ns\": "
		"1767323045000000000,"
		"  \"detail\": \"a\\u001b[31m\", \"runs\": [{\"role\": \"qemu\","
		"   \"argv\": [\"/bin/q\", \"-a b\", \"it's\"], \"exit\": {\"signal\": 6}}, "
		"{\"run\": 2}]},"
		" \"files\": ["
		"  {\"file\": \"manifest.json\", \"size\": 3, \"text\": \"{}\"},"
		"  {\"file\": \"qemu.stacks\", \"size\": 30,"
		"   \"text\": \"PID 12\\nTID 12:\\n#0 x\\nTID 123:\\r\\nTID 9:\\n\\u009b\\tz\"},"
		"  {\"file\": \"qemu.threads\", \"size\": 5, \"text\":"
		"   \"     tid name             s\\n      12 qemu main        S\\n     123 CPU "
		"0/TCG        R\"}]}";
	static const char expected[] = "incident 7 in incidents/7\n"
				       "\n"
				       "failure         7\n"
				       "place           -\n"
				       "at-unix-ns      2026-01-02T03:04:05Z\n"
				       "detail          a\\x1b[31m\n"
				       "runs\n"
				       "  role            qemu\n"
				       "  argv            /bin/q '-a b' 'it'\\''s'\n"
				       "  exit\n"
				       "    signal          6\n"
				       "\n"
				       "  run             2\n"
				       "\n"
				       "==> qemu.stacks (30 bytes)\n"
				       "PID 12\n"
				       "TID 12: qemu main\n"
				       "#0 x\n"
				       "TID 123: CPU 0/TCG\n"
				       "TID 9:\n"
				       "\\xc2\\x9b z\n"
				       "\n"
				       "==> qemu.threads (5 bytes)\n"
				       "     tid name             s\n"
				       "      12 qemu main        S\n"
				       "     123 CPU 0/TCG        R\n";

	(void)state;
	assert_text(print_json(report_incident, json), expected);
	/* What a peer leaves out, or says in another type, breaks nothing. */
	assert_text(
		print_json(report_incident, "{\"files\": [1, {\"file\": 2}], \"manifest\": []}"),
		"incident 0 in -\n\nthere is no manifest\n");
}

static void test_status(void **state)
{
	(void)state;
	assert_text(print_json(report_status, "{\"campaign\": null, \"slots\": []}"),
		    "no campaign is in progress\n");
	assert_text(print_json(report_status,
			       "{\"campaign\": 3, \"name\": \"q\", \"elapsed-ns\": 61000000000,"
			       " \"duration-ns\": 90000000000, \"operations\": 122, \"loops\": 40,"
			       " \"failures\": 2, \"slots\": ["
			       " {\"slot\": 0, \"vm\": 4, \"build\": \"b\", \"state\": \"busy\","
			       "  \"operation\": \"migrate\", \"step\": \"start\", \"loops\": 9},"
			       " {\"slot\": 1, \"vm\": 0, \"build\": \"b\", \"state\": \"empty\","
			       "  \"operation\": null, \"step\": null, \"loops\": 0}]}"),
		    "campaign 3 q  1:01  40 loops, 122 operations (2.0/s), 2 failures, 29 s left\n"
		    "\n"
		    "SLOT/VM  BUILD  STATE  OPERATION/STEP  LOOPS\n"
		    "0/4      b      busy   migrate/start       9\n"
		    "1/0      b      empty  -                   0\n");
}

static void print_csv(json_t *value, FILE *out)
{
	csv_header(value, out);
	csv_row(value, out);
}

static void test_csv(void **state)
{
	(void)state;
	assert_text(print_json(print_csv, "{\"id\": 1, \"a,b\": null, \"t\": \"x \\\"y\\\"\","
					  " \"r\": 1.5, \"n\": \"1\\n2\", \"s\": \"plain\"}"),
		    "id,\"a,b\",t,r,n,s\n1,,\"x \"\"y\"\"\",1.5,\"1\n2\",plain\n");
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
	assert_int_equal(report_json_campaign(fx->query, CAMPAIGN, &value, &err), 0);
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

	assert_int_equal(store_open(loop, fx->path, &store, &id, &err), 0);
	assert_int_equal(id, fx->failure);
	/* Beside the live writer. */
	assert_int_equal(query_open(fx->path, &query, &err), 0);
	out = open_memstream(&text, &size);
	assert_int_equal(report_json_campaign(query, EMPTY_CAMPAIGN, &value, &err), 0);
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
		cmocka_unit_test(test_percentile),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_campaign_table),
		cmocka_unit_test(test_empty_campaign),
		cmocka_unit_test(test_failures_table),
		cmocka_unit_test(test_campaigns_table),
		cmocka_unit_test(test_builds_table),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_campaign_json),
		cmocka_unit_test(test_failures_json),
		cmocka_unit_test(test_incident),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_unknown_campaign),
		cmocka_unit_test(test_last_campaign),
		cmocka_unit_test(test_output_that_fails),
		cmocka_unit_test(test_interrupted_campaign),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What is printed without a store: percentiles, values, an incident, a status, CSV. */
#include "tests/unit/report-fixture.h"

#include "report/csv.h"
#include "report/incident.h"
#include "report/percentile.h"
#include "report/screen.h"
#include "report/text.h"

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
		"0/TCG        R\"},"
		"  {\"file\": \"firmware.bin.zst\", \"size\": 9, \"text\": \"?\"},"
		"  {\"file\": \"qemu.core.zst\", \"size\": 8, \"text\": \"?\"}]}";
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
				       "TID 12:\n"
				       "#0 x\n"
				       "TID 123:\n"
				       "TID 9:\n"
				       "\\xc2\\x9b z\n"
				       "\n"
				       "==> qemu.threads (5 bytes)\n"
				       "     tid name             s\n"
				       "      12 qemu main        S\n"
				       "     123 CPU 0/TCG        R\n"
				       "\n"
				       "==> firmware.bin.zst (9 bytes)\n"
				       "\n"
				       "==> qemu.core.zst (8 bytes)\n";

	(void)state;
	assert_text(print_json(report_incident, json), expected);
	/* What a peer leaves out, or says in another type, breaks nothing. */
	assert_text(
		print_json(report_incident, "{\"files\": [1, {\"file\": 2}], \"manifest\": []}"),
		"incident 0 in -\n\nthere is no manifest\n");
}

static void test_screen(void **state)
{
	static const char json[] =
		"{\"incident\": 7, \"path\": \"/s/incidents/7\", \"manifest\": {"
		" \"class\": \"hang\", \"place\": \"main-loop\", \"kind\": \"migrate\", \"step\": "
		"\"setup\","
		" \"signature\": \"hang of main-loop in migrate/setup\", \"detail\": "
		"\"a\\u001b[31m\","
		" \"at-unix-ns\": 1767323045000000000, \"campaign\": 1, \"slot\": 2, \"fleet\": 4, "
		"\"vm\": 0,"
		" \"first-loop\": 20, \"loops\": 1, \"seed\": \"9\","
		" \"machine\": {\"type\": \"pc\", \"accel\": \"tcg\", \"ram-bytes\": 33554432, "
		"\"vcpus\": 1},"
		" \"host\": {\"name\": \"h\", \"kernel\": \"6\", \"cpus\": 2, \"load\": 1.25},"
		" \"missing\": [{\"file\": \"destination.stacks\", \"reason\": \"late\"}],"
		" \"runs\": [{\"role\": \"source\", \"pid\": 12, \"build\": \"b\", \"version\": "
		"\"v\","
		"  \"binary\": \"/q\", \"circle\": \"a waits for b\"},"
		"  {\"role\": \"destination\", \"exit\": {\"signal\": 11}}]},"
		" \"files\": [{\"file\": \"source.stacks\", \"text\": "
		"   \"process 12\\ncircle: x\\n\\nthread 12 main\\n#0   0x1 raise - "
		"libc.so.6+0x1\\n"
		"#1   0x2 f at f.c:1 - q+0x2\\n\\nthread 13\\n#0   0x1 g - q+0x1\"},"
		"  {\"file\": \"source.qmp.zst\", \"text\": \"1\\n2\\n3\\n4\\n5\\n6\\n\"},"
		"  {\"file\": \"source.heartbeats\", \"text\": \"in-band\\n7\\n\"},"
		"  {\"file\": \"destination.heartbeats\", \"text\": \"in-band\\n\"}]}";
	static const char expected[] =
		"incident 7: hang of main-loop in migrate/setup, 2026-01-02T03:04:05Z\n"
		"             hang of main-loop in migrate/setup\n"
		"             a\\x1b[31m\n"
		"\n"
		"when         campaign 1, slot 2 of 4, VM 0, after 1 loop; seed 9, plan from loop "
		"20 "
		"on\n"
		"machine      pc, tcg, 32 MiB, 1 vCPU\n"
		"host         h, kernel 6, 2 CPUs, load 1.2\n"
		"source       pid 12, alive\n"
		"             build b: v, build-id -\n"
		"             /q\n"
		"circle       a waits for b\n"
		"destination  ended by SIGSEGV\n"
		"             build -: -, build-id -\n"
		"             -\n"
		"missing      destination.stacks: late\n"
		"\n"
		"stack of thread 12 main\n"
		"  f at f.c:1 - q+0x2\n"
		"\n"
		"last of QMP\n"
		"  2\n  3\n  4\n  5\n  6\n"
		"\n"
		"last looks: monotonic time, ms that a heartbeat waits in-band and "
		"out-of-band, guest's ticks\n"
		"  7\n"
		"\n"
		"files        /s/incidents/7/\n"
		"             source.stacks source.qmp.zst source.heartbeats "
		"destination.heartbeats\n"
		"\n"
		"all of it  qsoak show 7 --all\n"
		"again      qsoak replay 7\n"
		"upstream   qsoak reproducer 7 > reproduce.sh\n";

	(void)state;
	assert_text(print_json(report_screen, json), expected);
	/* Nothing breaks it. */
	free(print_json(report_screen, "{\"files\": [1, {\"file\": 2}], \"manifest\": []}"));
	free(print_json(report_screen, "{\"manifest\": {\"runs\": [1, {}], \"missing\": 2}}"));
	assert_true(report_screen_quotes("qemu.stacks"));
	assert_true(report_screen_quotes("source.qmp.zst"));
	assert_false(report_screen_quotes("firmware.bin.zst"));
	assert_false(report_screen_quotes("qemu.stacks.json"));
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

static void test_held(void **state)
{
	(void)state;
	assert_text(
		print_json(report_status,
			   "{\"campaign\": 3, \"name\": \"q\", \"elapsed-ns\": 61000000000,"
			   " \"duration-ns\": 90000000000, \"operations\": 122, \"loops\": 40,"
			   " \"failures\": 3, \"expected\": 1, \"held\": 2, \"only-held\": true,"
			   " \"slots\": ["
			   " {\"slot\": 0, \"vm\": 4, \"build\": \"b\", \"state\": \"held\","
			   "  \"loops\": 9, \"incident\": 12, \"pids\": [4711]},"
			   " {\"slot\": 1, \"vm\": 0, \"build\": \"b\", \"state\": \"held\","
			   "  \"loops\": 0, \"incident\": 13, \"pids\": [1, 2]}]}"),
		"campaign 3 q  1:01  40 loops, 122 operations (2.0/s), 3 failures (1 expected), "
		"2 held, waiting for their release\n"
		"\n"
		"SLOT/VM  BUILD  STATE  OPERATION/STEP         LOOPS\n"
		"0/4      b      held   incident 12, pid 4711      9\n"
		"1/0      b      held   incident 13, pids 1 2      0\n");
}

/* What is particular about a failure stands behind its line, where one is particular. */
static void test_failure_notes(void **state)
{
	(void)state;
	assert_text(
		print_json(report_failures,
			   "{\"failures\": [{\"id\": 1, \"expected\": 0},"
			   " {\"id\": 2, \"expected\": 1},"
			   " {\"id\": 3, \"expected\": 0, \"held_pids\": [7]},"
			   " {\"id\": 4, \"ledger\": {\"status\": \"new\"}},"
			   " {\"id\": 5, \"expected\": 1, \"ledger\": {\"status\": \"known\"}}]}"),
		"ID  TIME                  BUILD  SLOT/VM  LOOPS  CLASS  OPERATION/STEP  "
		"SIGNATURE  INCIDENT  NOTE\n"
		" 1  1970-01-01T00:00:00Z  -      0/0          -  -      -               "
		"-          -         \n"
		" 2  1970-01-01T00:00:00Z  -      0/0          -  -      -               "
		"-          -         expected\n"
		" 3  1970-01-01T00:00:00Z  -      0/0          -  -      -               "
		"-          -         held, pid 7\n"
		" 4  1970-01-01T00:00:00Z  -      0/0          -  -      -               "
		"-          -         new\n"
		" 5  1970-01-01T00:00:00Z  -      0/0          -  -      -               "
		"-          -         known, expected\n");
}

static void test_expected_signatures(void **state)
{
	(void)state;
	assert_text(print_json(report_campaign,
			       "{\"campaign\": {\"id\": 1, \"failures\": 3, \"expected\": 2},"
			       " \"signatures\": ["
			       "  {\"build\": \"b\", \"class\": \"hang\", \"failures\": 2,"
			       "   \"expected\": 2, \"first_loops\": 1, \"signature\": \"s\"},"
			       "  {\"build\": \"b\", \"class\": \"exit\", \"failures\": 1,"
			       "   \"expected\": 0, \"first_loops\": 0, \"signature\": \"t\"}]}"),
		    "campaign 1 -: running, 0 VMs (-, -), seed -: 0 operations in 0 loops, "
		    "3 failures (2 expected)\n"
		    "\n"
		    "BUILD  CLASS  FAILURES  FIRST AFTER  MEDIAN AFTER  SIGNATURE  EXPECTED\n"
		    "b      hang          2       1 loop             -  s                 2\n"
		    "b      exit          1      0 loops             -  t                 0\n"
		    "\n"
		    "s\n"
		    "t\n");
}

#define SEEN " \"first_seen_unix_ns\": 1000000000, \"last_seen_unix_ns\": 61000000000,"
#define SEEN_TEXT "    first seen 1970-01-01T00:00:01Z, last seen 1970-01-01T00:01:01Z\n"

/* One paragraph a signature, whatever it came on; what came back says where. */
static void test_ledger_in_a_report(void **state)
{
	(void)state;
	assert_text(
		print_json(report_campaign,
			   "{\"campaign\": {\"id\": 1}, \"signatures\": ["
			   " {\"build\": \"a\", \"class\": \"hang\", \"signature\": \"s\"," SEEN
			   "  \"alternatives\": [\"in f\", \"in g\"], \"ledger\":"
			   "  {\"status\": \"known\", \"title\": \"it waits\", \"reference\":"
			   "   \"commit 1\", \"fixed_in\": \"8.2\", \"came_back_in\": []}},"
			   " {\"build\": \"b\", \"class\": \"hang\", \"signature\": \"s\"," SEEN
			   "  \"alternatives\": [\"in f\", \"in g\"], \"ledger\":"
			   "  {\"status\": \"came-back\", \"title\": \"it waits\", \"reference\":"
			   "   \"commit 1\", \"fixed_in\": \"8.2\", \"came_back_in\": [\"b\"]}},"
			   " {\"build\": \"b\", \"class\": \"exit\", \"signature\": \"t\"," SEEN
			   "  \"alternatives\": [], \"ledger\": {\"status\": \"new\"}}],"
			   " \"did_not_happen\": [{\"build\": \"a\", \"pattern\": \"x*\","
			   "  \"title\": \"it breaks\", \"reference\": null}]}"),
		"campaign 1 -: running, 0 VMs (-, -), seed -: 0 operations in 0 loops, "
		"0 failures\n"
		"\n"
		"BUILD  CLASS  FAILURES  FIRST AFTER  MEDIAN AFTER  SIGNATURE\n"
		"a      hang          -      0 loops             -  s\n"
		"b      hang          -      0 loops             -  s\n"
		"b      exit          -      0 loops             -  t\n"
		"\n"
		"known, fixed in 8.2: came back: s\n"
		"    it waits\n"
		"    commit 1\n"
		"    came back in b\n" SEEN_TEXT "    also: in f\n"
		"    also: in g\n"
		"new: t\n" SEEN_TEXT "\n"
		"expected and did not happen on a: x*\n"
		"    it breaks\n");
}

/* Of each build some failures are the issue, of the last none is. */
static void test_some_failures_are_known(void **state)
{
#define ROW(build, failures, alternatives, ledger)                                        \
	"{\"build\": \"" build                                                            \
	"\", \"class\": \"hang\", \"signature\": \"s\", \"failures\": " failures "," SEEN \
	" \"alternatives\": [" alternatives "], \"ledger\": {" ledger "}}"
#define KNOWN(failures, builds)                                                                \
	"\"status\": \"known\", \"title\": \"it waits\", \"fixed_in\": \"8.2\", \"pattern\": " \
	"\"in f\","                                                                            \
	" \"failures\": " failures ", \"came_back_in\": [" builds "]"
	(void)state;
	assert_text(print_json(report_campaign,
			       "{\"campaign\": {\"id\": 1}, \"signatures\": ["	       /* */
			       ROW("c", "2", "\"in g\"", "\"status\": \"new\"") ","    /* */
			       ROW("a", "3", "\"in f\", \"in g\"", KNOWN("1", "")) "," /* */
			       ROW("b", "4", "\"in f\"", KNOWN("4", "\"b\"")) "]}"),
		    "campaign 1 -: running, 0 VMs (-, -), seed -: 0 operations in 0 loops, "
		    "0 failures\n"
		    "\n"
		    "BUILD  CLASS  FAILURES  FIRST AFTER  MEDIAN AFTER  SIGNATURE\n"
		    "c      hang          2      0 loops             -  s\n"
		    "a      hang          3      0 loops             -  s\n"
		    "b      hang          4      0 loops             -  s\n"
		    "\n"
		    "known, fixed in 8.2, 5 of 9 failures: came back: s\n"
		    "    it waits\n"
		    "    came back in b\n" SEEN_TEXT "    also: in g\n"
		    "    also: in f\n");
}

static void test_signatures_list(void **state)
{
	(void)state;
	assert_text(print_json(report_signatures, "{\"signatures\": []}"), "no failures\n");
	assert_text(print_json(report_signatures,
			       "{\"signatures\": ["
			       " {\"class\": \"hang\", \"signature\": \"s\", \"failures\": 7,"
			       "  \"campaigns\": 2," SEEN
			       " \"alternatives\": [\"in f\"], \"builds\":"
			       "  [{\"build\": \"a\", \"failures\": 5}, {\"build\": \"b\", "
			       "\"failures\": 2}],"
			       "  \"ledger\": {\"status\": \"came-back\", \"title\": \"it waits\","
			       "   \"fixed_in\": \"8.2\", \"came_back_in\": [\"b\"]}},"
			       " {\"class\": \"exit\", \"signature\": \"t\\n\", \"failures\": 1, "
			       "\"campaigns\": 1," SEEN
			       "  \"builds\": [{\"build\": null, \"failures\": 1}]}]}"),
		    "known, fixed in 8.2: came back: s\n"
		    "    it waits\n"
		    "    came back in b\n" SEEN_TEXT "    also: in f\n"
		    "    hang, 7 failures in 2 campaigns: a 5, b 2\n"
		    "\n"
		    "t\\x0a\n" SEEN_TEXT "    exit, 1 failure in 1 campaign: - 1\n");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentile),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_incident),
		cmocka_unit_test(test_screen),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_failure_notes),
		cmocka_unit_test(test_expected_signatures),
		cmocka_unit_test(test_ledger_in_a_report),
		cmocka_unit_test(test_some_failures_are_known),
		cmocka_unit_test(test_signatures_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

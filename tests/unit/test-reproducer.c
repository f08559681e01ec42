// SPDX-License-Identifier: GPL-2.0-or-later
/* Reproducers: what of a transcript is played again, and whose words the script may hold. */
#include "tests/unit/helper.h"

#include <sys/wait.h>

#include "triage/reproducer-shrink.h"
#include "triage/reproducer-trace.h"

#define SENT(at, text) at " > " text "\n"
#define CAME(at, text) at " < " text "\n"

#define NEGOTIATE(at) SENT(at, "{\"execute\":\"qmp_capabilities\",\"id\":1}")
#define SAVE(at, job)                                                                              \
	SENT(at,                                                                                   \
	     "{\"execute\":\"snapshot-save\",\"arguments\":{\"job-id\":\"" job "\",\"tag\":\"t\"," \
	     "\"devices\":[\"vars\"],\"vmstate\":\"vmstate\"},\"id\":2}")
#define LOAD(at, job)                                                              \
	SENT(at, "{\"execute\":\"snapshot-load\",\"arguments\":{\"job-id\":\"" job \
		 "\",\"tag\":\"t\"}}")
#define DELETE(at, job)                                                              \
	SENT(at, "{\"execute\":\"snapshot-delete\",\"arguments\":{\"job-id\":\"" job \
		 "\",\"tag\":\"t\",\"devices\":[\"vars\"]}}")
#define DISMISS(at, job) \
	SENT(at, "{\"execute\":\"job-dismiss\",\"arguments\":{\"id\":\"" job "\"}}")
#define REPLY(at) CAME(at, "{\"return\": {}, \"id\": 2}")
#define CONCLUDED(at, job)                                                                   \
	CAME(at, "{\"event\": \"JOB_STATUS_CHANGE\", \"data\": {\"status\": \"concluded\", " \
		 "\"id\": \"" job "\"}}")
#define EVENT(at, name) CAME(at, "{\"event\": \"" name "\"}")
#define HEARTBEAT(at)                                       \
	SENT(at, "{\"execute\":\"query-status\",\"id\":9}") \
	SENT(at, "{\"exec-oob\":\"query-yank\",\"id\":10}")
#define CAPABILITIES(at, state)                                                                 \
	SENT(at, "{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":[{" \
		 "\"capability\":\"multifd\",\"state\":" state "}]}}")
#define PARAMETERS(at)                                                                            \
	SENT(at, "{\"execute\":\"migrate-set-parameters\",\"arguments\":{\"multifd-channels\":4}" \
		 "}")
#define LISTEN(at, uri) \
	SENT(at, "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"" uri "\"}}")
#define MIGRATE(at, uri) SENT(at, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"" uri "\"}}")

static struct trace read_trace(const char *qemu, const char *incoming, const char *kind)
{
	struct trace_spec spec = { .qemu = qemu, .incoming = incoming, .kind = kind };
	struct trace trace = { 0 };
	struct err err = { 0 };

	if (trace_read(&spec, &trace, &err) < 0)
		fail_msg("%s", err.text);
	return trace;
}

/* "PEER command, ..." of all operations, each between brackets. */
static char *describe(json_t *operations)
{
	char *text = mem_strdup("");
	json_t *operation, *step;
	size_t i, j;

	json_array_foreach(operations, i, operation) {
		auto_free char *before = text;

		text = mem_printf("%s[", before);
		json_array_foreach(json_object_get(operation, "steps"), j, step) {
			auto_free char *so_far = text;
			const char *to = json_string_value(json_object_get(step, "to"));
			const char *execute = json_string_value(json_object_get(step, "execute"));

			text = mem_printf(
				"%s%s%s%s%s", so_far, j ? " " : "", to ? to : "", to ? "." : "",
				to ? execute : json_object_iter_key(json_object_iter(step)));
		}
		{
			auto_free char *so_far = text;

			text = mem_printf("%s]", so_far);
		}
	}
	return text;
}

static void expect_loop(const struct trace *trace, const char *expected)
{
	auto_free char *found = describe(trace->loop);

	assert_string_equal(found, expected);
}

static json_t *step_of(const struct trace *trace, size_t operation, size_t step)
{
	json_t *steps = json_object_get(json_array_get(trace->loop, operation), "steps");

	return json_array_get(steps, step);
}

static void expect_await(json_t *step, const char *expected)
{
	auto_free char *found = json_dumps(json_object_get(step, "await"),
					   JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	assert_string_equal(found ? found : "", expected);
}

#define SAVE_LOOP "[qemu.snapshot-save qemu.job-dismiss][qemu.snapshot-delete qemu.job-dismiss]"
#define AWAITS_JOB \
	"{\"data\":{\"status\":\"concluded\"},\"event\":\"JOB_STATUS_CHANGE\",\"from\":\"qemu\"}"
#define AWAITS_RESUME "{\"event\":\"RESUME\",\"from\":\"qemu\"}"

/* Whatever came first, and heartbeats between: the same is sent, and all of it is awaited. */
static void order_of_replies_and_events_does_not_matter(void **state)
{
	static const char *const transcripts[] = {
		NEGOTIATE("1.000000") SAVE("1.500000", "a") EVENT("1.510000", "STOP")
			EVENT("1.520000", "RESUME") REPLY("1.530000") CONCLUDED("1.540000", "a")
				DISMISS("1.540001", "a") DELETE("1.541000", "b") REPLY("1.542000")
					DISMISS("1.550000", "b") SAVE("1.560000", "c"),
		NEGOTIATE("1.000000") HEARTBEAT("1.100000") SAVE("1.500000", "a") REPLY("1.501000")
			CONCLUDED("1.502000", "a") DISMISS("1.503000", "a")
				EVENT("1.504000", "RESUME") HEARTBEAT("1.505000")
					DELETE("1.506000", "b") DISMISS("1.507000", "b")
						SAVE("1.508000", "c") HEARTBEAT("2.600000"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transcripts); i++) {
		struct trace trace = read_trace(transcripts[i], NULL, "snapshot-save");

		expect_loop(&trace, SAVE_LOOP);
		expect_await(step_of(&trace, 0, 0), "[" AWAITS_JOB "," AWAITS_RESUME "]");
		expect_await(step_of(&trace, 0, 1), "");
		expect_await(step_of(&trace, 1, 0), "[" AWAITS_JOB "]");
		assert_string_equal(trace.last, "snapshot-save");
		assert_false(trace.asked || trace.completed);
		assert_int_equal(trace.loops, 1);
		assert_int_equal(trace.boot_ns, 500000000);
		trace_finish(&trace);
	}
}

static void pauses_are_kept_within_bounds(void **state)
{
	struct trace trace = read_trace(
		NEGOTIATE("1.000000") SAVE("1.500000", "a") REPLY("1.600000")
			DISMISS("1.601000", "a") REPLY("1.700000") DELETE("1.800000", "b")
				REPLY("1.900000") DISMISS("9.000000", "b"),
		NULL, "snapshot-save");

	(void)state;
	assert_null(json_object_get(step_of(&trace, 0, 1), "pause"));
	assert_float_equal(json_real_value(json_object_get(step_of(&trace, 1, 0), "pause")), 0.1,
			   1e-9);
	assert_float_equal(json_real_value(json_object_get(step_of(&trace, 1, 1), "pause")),
			   TRACE_PAUSE_MAX_NS / 1e9, 1e-9);
	trace_finish(&trace);
}

/* Of equal loops one; what differs stays, in order; the one it failed in has no end. */
static void loops_are_kept_once(void **state)
{
	struct trace trace = read_trace(
		NEGOTIATE("1.000000") SAVE("2.000000", "a") DISMISS("2.000001", "a") DELETE(
			"2.000002", "b") DISMISS("2.000003", "b") SAVE("3.000000", "c")
			DISMISS("3.000001", "c") LOAD("3.000002", "d") DISMISS("3.000003", "d")
				DELETE("3.000004", "e") DISMISS("3.000005", "e")
					SAVE("4.000000", "f") DISMISS("4.000001", "f")
						DELETE("4.000002", "g") DISMISS("4.000003", "g")
							SAVE("5.000000", "h"),
		NULL, "snapshot-save");

	(void)state;
	expect_loop(&trace, SAVE_LOOP "[qemu.snapshot-save qemu.job-dismiss]"
				      "[qemu.snapshot-load qemu.job-dismiss]"
				      "[qemu.snapshot-delete qemu.job-dismiss]");
	assert_int_equal(trace.loops, 3);
	trace_finish(&trace);
}

static void the_first_loop_is_completed(void **state)
{
	struct trace trace =
		read_trace(NEGOTIATE("1.000000") SAVE("2.000000", "a"), NULL, "snapshot-save");

	(void)state;
	expect_loop(&trace, SAVE_LOOP);
	assert_true(trace.completed);
	trace_finish(&trace);

	/* Its VM had been stopped for it. */
	trace = read_trace(NEGOTIATE("1.000000") SENT("1.900000", "{\"execute\":\"stop\"}")
				   SAVE("2.000000", "a"),
			   NULL, "snapshot-save");
	expect_loop(&trace, "[qemu.stop qemu.snapshot-save qemu.job-dismiss qemu.cont]"
			    "[qemu.snapshot-delete qemu.job-dismiss]");
	expect_await(step_of(&trace, 0, 1), "[" AWAITS_JOB "]");
	expect_await(step_of(&trace, 0, 3), "[" AWAITS_RESUME "]");
	trace_finish(&trace);

	/* Of a transcript that has lost its beginning. */
	trace = read_trace("# 12 earlier lines are not kept\n" DISMISS("1.000000", "x")
				   DELETE("1.500000", "y") SAVE("2.000000", "a"),
			   NULL, "snapshot-save");
	expect_loop(&trace, SAVE_LOOP);
	assert_int_equal(trace.boot_ns, TRACE_BOOT_NS);
	trace_finish(&trace);
}

#define MIGRATION                                                                              \
	"[start incoming.migrate-set-capabilities incoming.migrate-set-parameters "            \
	"incoming.migrate-incoming qemu.migrate-set-capabilities qemu.migrate-set-parameters " \
	"qemu.migrate incoming.migrate-set-capabilities qemu.quit exit becomes]"

static void a_migration_has_both_sides(void **state)
{
	/* The source was a destination before; the other one's setup is between its own lines. */
	static const char source[] =
		NEGOTIATE("1.000000") CAPABILITIES("1.100000", "true") PARAMETERS("1.200000")
			LISTEN("1.300000", "unix:migrate.sock") CAPABILITIES("2.000000", "false")
				CAPABILITIES("3.500000", "true") PARAMETERS("3.600000")
					MIGRATE("3.700000", "tcp:127.0.0.1:4711") REPLY("3.800000");
	static const char destination[] = NEGOTIATE("3.000000") CAPABILITIES("3.100000", "true")
		PARAMETERS("3.200000") LISTEN("3.300000", "tcp:127.0.0.1:0")
			CAME("3.710000", "{\"event\": \"MIGRATION\"}");
	struct trace trace = read_trace(source, destination, "migrate");
	json_t *migrate;

	(void)state;
	expect_loop(&trace, MIGRATION);
	migrate = step_of(&trace, 0, 6);
	expect_await(
		migrate,
		"[{\"data\":{\"status\":\"completed\"},\"event\":\"MIGRATION\",\"from\":\"qemu\"},"
		"{\"data\":{\"status\":\"completed\"},\"event\":\"MIGRATION\",\"from\":"
		"\"incoming\"},"
		"{\"event\":\"RESUME\",\"from\":\"incoming\"}]");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(migrate, "arguments"), "uri")),
		"tcp:127.0.0.1:0");
	assert_string_equal(trace.last, "migrate");
	trace_finish(&trace);

	/* It failed before the source was told. */
	trace = read_trace(NEGOTIATE("1.000000"), destination, "migrate");
	expect_loop(&trace, MIGRATION);
	assert_string_equal(trace.last, "migrate-incoming");
	trace_finish(&trace);

	/* Of one that was cancelled before, only the source is still there. */
	trace = read_trace(NEGOTIATE("1.000000") CAPABILITIES("1.500000", "true")
				   MIGRATE("1.700000", "unix:migrate.sock")
					   SENT("1.800000", "{\"execute\":\"migrate_cancel\"}")
						   CAPABILITIES("1.900000", "false") SENT(
							   "2.000000", "{\"execute\":\"stop\"}"),
			   NULL, "stop-cont");
	expect_loop(&trace, "[start incoming.migrate-set-capabilities incoming.migrate-incoming "
			    "qemu.migrate-set-capabilities qemu.migrate qemu.migrate_cancel exit "
			    "qemu.migrate-set-capabilities][qemu.stop qemu.cont]");
	trace_finish(&trace);
}

static void a_shutdown_comes_last(void **state)
{
	struct trace trace = read_trace(
		NEGOTIATE("1.000000") SAVE("2.000000", "a") DISMISS("2.000001", "a")
			DELETE("2.000002", "b") DISMISS("2.000003", "b") SAVE("3.000000", "c")
				SENT("4.000000", "{\"execute\":\"quit\"}"),
		NULL, "shutdown");
	auto_free char *finale = describe(trace.finale);

	(void)state;
	expect_loop(&trace, SAVE_LOOP);
	assert_string_equal(finale, "[qemu.quit exit]");
	assert_string_equal(trace.last, "quit");
	trace_finish(&trace);
}

static void refuse(const char *qemu, const char *expected)
{
	struct trace_spec spec = { .qemu = qemu, .kind = "snapshot-save" };
	struct trace trace = { 0 };
	struct err err = { 0 };

	assert_int_equal(trace_read(&spec, &trace, &err), -EINVAL);
	if (!strstr(err.text, expected))
		fail_msg("found \"%s\", expected \"%s\"", err.text, expected);
	assert_null(trace.loop);
}

/* Only what qsoak itself sends is put into a script. */
static void other_transcripts_are_refused(void **state)
{
	auto_free char *many = mem_zalloc(TRACE_LINES_MAX * 16 + 32);
	char *end = many;

	(void)state;
	refuse("hello\n", "line 1: found no stamp");
	refuse("99999999999999999999.000000 > {}\n", "line 1: found no stamp");
	refuse("1.5 > {}\n", "line 1: found no stamp");
	refuse("1.000000 ?", "line 1: found no stamp");
	refuse(NEGOTIATE("1.000000") SENT("2.000000", "{\"execute\":\"snapshot-sa"),
	       "line 2: this is no command that qsoak sends");
	refuse(SENT("1.000000", "{\"execute\":\"migrate-recover\"}"),
	       "no command that qsoak sends");
	refuse(SENT("1.000000", "[]"), "no command that qsoak sends");
	refuse(MIGRATE("1.000000", "exec:touch /tmp/x"), "expected a uri of unix: or tcp:");
	refuse(SENT("1.000000", "{\"execute\":\"human-monitor-command\",\"arguments\":{"
				"\"command-line\":\"migrate exec:true\"}}"),
	       "a human-monitor-command that qsoak does not send");
	refuse(SENT("1.000000", "{\"execute\":\"human-monitor-command\",\"arguments\":{"
				"\"command-line\":\"qemu-io disk \\\"write -P 1 0 512\\\" x\"}}"),
	       "a human-monitor-command that qsoak does not send");
	for (int i = 0; i <= TRACE_LINES_MAX; i++)
		end += sprintf(end, "1.000000 < {}\n");
	refuse(many, "more than 4096 lines");
}

/* Scripts. */

/* Each would do something where a shell or Python took it for its own. */
#define NASTY                                                                         \
	"'; touch pwned; ' \" $(touch pwned) `touch pwned` \\ \"\"\" ''' \\\"\"\" \n" \
	"END_OF_PROGRAM\ntouch pwned\n@FIRMWARE@\n#\xc3\xa9\xf0\x9f\x90\x9b \xe2\x80\xa8 %s %n"

static json_t *make_manifest(const char *class, const char *detail, const char *binary)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:{s:s, s:s}, s:{s:s, s:s, s:i, s:s, s:s},"
		"s:[{s:s, s:s, s:s, s:s, s:s, s:[s, s, s, s, s, s, s, s, s], s:{s:s}, s:{s:i, "
		"s:i}}]}",
		"class", class, "kind", "snapshot-save", "step", "save", "signature", NASTY,
		"detail", detail, "loops", 3, "fleet", 2, "host", "kernel", NASTY, "machine",
		"x86_64", "machine", "type", NASTY, "accel", "tcg", "vcpus", 1, "firmware",
		"/fw.bin", "guest-seed", "7", "runs", "role", "qemu", "binary", binary, "version",
		NASTY, "build-id", "1234", "circle", NASTY, "argv", "/bin/wrapper", binary, "-name",
		"guest=x", "-incoming", "defer", "-object",
		"memory-backend-file,id=ram,size=16777216,share=on,mem-path=/proc/self/fd/9", NASTY,
		"env", "QSOAK_NASTY", NASTY, "exit", "status", -1, "signal", 6);
}

static const char transcript[] = NEGOTIATE("1.000000") SAVE("1.000001", "a") REPLY("2.000000");

static struct reproducer_spec make_spec(json_t *manifest)
{
	return (struct reproducer_spec){
		.manifest = manifest,
		.qemu = transcript,
		.output = NASTY,
		.firmware = "firmware",
		.firmware_size = 8,
		.config = "config",
		.config_size = 6,
	};
}

static char *make_script(const struct reproducer_spec *spec)
{
	struct reproducer *reproducer = NULL;
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *f;

	if (reproducer_make(spec, &reproducer, &err) < 0)
		fail_msg("%s", err.text);
	f = open_memstream(&text, &size);
	reproducer_print(reproducer, f);
	fclose(f);
	reproducer_free(reproducer);
	return text;
}

/* It runs, with a QEMU that exits at once, and nothing of the evidence does. */
static void nobodys_words_are_executed(void **state)
{
	auto_json json_t *manifest = make_manifest("assertion", "assertion in " NASTY, NASTY);
	struct reproducer_spec spec = make_spec(manifest);
	auto_free char *script = make_script(&spec), *folder = helper_scratch();
	auto_free char *path = mem_printf("%s/reproduce.sh", folder);
	auto_free char *pwned = mem_printf("%s/pwned", folder);
	auto_free char *command = mem_printf(
		"cd %s && TRIES=1 VMS=1 LIMIT=60 QEMU=false QEMU_IMG=true bash reproduce.sh "
		">out 2>&1 && exit 9; [ $? = 1 ] && grep -q 'try 1: OTHER' out",
		folder);
	FILE *f = fopen(path, "we");
	const char *end = strstr(script, "\nset -u");

	(void)state;
	fputs(script, f);
	fclose(f);
	assert_int_equal(system(command), 0);
	assert_int_equal(access(pwned, F_OK), -1);
	assert_non_null(end);
	for (const char *c = script; *c; c++)
		if ((unsigned char)*c >= 0x80)
			assert_true(c > end);
	helper_scratch_finish(mem_steal(folder));
}

static void expect_error(const struct reproducer_spec *spec, int code, const char *expected)
{
	struct reproducer *reproducer = NULL;
	struct err err = { 0 };

	assert_int_equal(reproducer_make(spec, &reproducer, &err), code);
	if (!strstr(err.text, expected))
		fail_msg("found \"%s\", expected \"%s\"", err.text, expected);
	assert_null(reproducer);
}

/* What was left out stands in comments, too. */
static void nobodys_wrapper_is_executed(void **state)
{
	auto_json json_t *manifest = make_manifest("assertion", "assertion in f: x", "/bin/qemu");
	json_t *argv =
		json_object_get(json_array_get(json_object_get(manifest, "runs"), 0), "argv");
	struct reproducer_spec spec = make_spec(manifest);
	auto_free char *script = NULL;

	(void)state;
	json_array_set_new(argv, 0, json_string("wrap\ntouch pwned\n#"));
	script = make_script(&spec);
	assert_non_null(strstr(script, "\n# - QEMU ran under wrap?touch pwned?#, with"));
	assert_null(strstr(script, "\ntouch pwned"));
}

static void numbers_of_a_death_are_checked(void **state)
{
	static const struct {
		json_int_t signal, status;
	} bad[] = { { INT64_MIN, 0 }, { -6, 0 }, { 1000, 0 }, { 0, 256 }, { 0, INT64_MIN } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_json json_t *manifest =
			make_manifest("assertion", "assertion in f: x", "/bin/qemu");
		json_t *how = json_object_get(json_array_get(json_object_get(manifest, "runs"), 0),
					      "exit");
		struct reproducer_spec spec = make_spec(manifest);

		json_object_set_new(how, "signal", json_integer(bad[i].signal));
		json_object_set_new(how, "status", json_integer(bad[i].status));
		expect_error(&spec, -EINVAL, "exit: no signal or status");
	}
}

static void the_command_line_works_elsewhere(void **state)
{
	auto_json json_t *manifest = make_manifest("crash", "ended by SIGSEGV", "/bin/qemu");
	struct reproducer_spec spec = make_spec(manifest);
	auto_free char *script = make_script(&spec);

	(void)state;
	assert_non_null(strstr(script, "[\"-object\", \"memory-backend-memfd,id=ram,size=16777216,"
				       "share=on\","));
	assert_null(strstr(script, "\n  [\"-incoming\""));
	assert_null(strstr(script, "\"/bin/wrapper\""));
	assert_non_null(strstr(script, "\n# - QEMU ran under /bin/wrapper, with 1 words in front"));
	assert_non_null(strstr(script, "\n# - The QEMU that failed was once the destination"));
	assert_non_null(strstr(script, "\n# - It failed in the first loop that is known"));
	assert_non_null(strstr(script, "\nVMS=${VMS:-2}\n"));
	assert_non_null(strstr(script, "\nROUNDS=${ROUNDS:-50}\n"));
	assert_non_null(strstr(script, "\nGUEST_CONFIG = \"636f6e666967\"\n"));
}

static void what_is_missing_is_named(void **state)
{
	auto_json json_t *manifest = make_manifest("assertion", "assertion in f: x", "/bin/qemu");
	auto_json json_t *corruption = make_manifest("corruption", "of flash", "/bin/qemu");
	auto_json json_t *empty = json_object();
	struct reproducer_spec spec = make_spec(manifest);
	auto_free char *large = mem_zalloc(REPRODUCER_FIRMWARE_MAX + 1);

	(void)state;
	spec.manifest = NULL;
	expect_error(&spec, -EINVAL, "no manifest.json");
	spec.manifest = empty;
	expect_error(&spec, -EINVAL, "no QEMU in \"runs\"");
	spec = make_spec(corruption);
	expect_error(&spec, -EOPNOTSUPP, "a failure of class corruption");
	spec = make_spec(manifest);
	spec.qemu = NULL;
	expect_error(&spec, -EINVAL, "no transcript");
	spec = make_spec(manifest);
	spec.firmware = NULL;
	expect_error(&spec, -EINVAL, "no firmware.bin");
	spec.firmware = large;
	spec.firmware_size = REPRODUCER_FIRMWARE_MAX + 1;
	expect_error(&spec, -EINVAL, "expected 1 to 1048576");
	spec = make_spec(manifest);
	spec.config_size = REPRODUCER_CONFIG_MAX + 1;
	expect_error(&spec, -EINVAL, "no guest-config, or a longer one");
	json_object_set_new(json_array_get(json_object_get(manifest, "runs"), 0), "argv",
			    json_pack("[i]", 7));
	spec = make_spec(manifest);
	expect_error(&spec, -EINVAL, "argv: word 0 is no text");
}

/* Shrinking, of a script that fails if it has -smp, and a save, and at least two machines. */

struct judge {
	unsigned runs, seldom;
	int error;
	char said[4096];
};

static bool mentions(json_t *list, const char *word)
{
	auto_free char *text = json_dumps(list, 0);

	return strstr(text, word);
}

static int run(void *ctx, const struct reproducer *candidate, unsigned tries, unsigned needed,
	       struct shrink_rate *ret_rate, struct err *err)
{
	struct judge *judge = ctx;
	bool fails = mentions(candidate->argv, "-name") && candidate->vms >= 2 &&
		     mentions(candidate->loop, "snapshot-save");

	(void)needed;
	if (++judge->runs == (unsigned)judge->error)
		return err_set(err, -EIO, "no");
	*ret_rate = (struct shrink_rate){ fails ? tries - judge->seldom : 0, tries };
	return 0;
}

static void say(void *ctx, const char *text)
{
	struct judge *judge = ctx;

	strncat(judge->said, text, sizeof(judge->said) - strlen(judge->said) - 2);
	strcat(judge->said, "\n");
}

static struct reproducer *make_reproducer(void)
{
	auto_json json_t *manifest = make_manifest("crash", "ended by SIGSEGV", "/bin/qemu");
	struct reproducer_spec spec = make_spec(manifest);
	struct reproducer *reproducer = NULL;
	struct err err = { 0 };

	assert_int_equal(reproducer_make(&spec, &reproducer, &err), 0);
	reproducer->vms = 8;
	json_array_append_new(reproducer->argv, json_pack("[s, s]", "-sandbox", "on"));
	json_array_append_new(reproducer->argv, json_pack("[s, s]", "-trace", "x"));
	return reproducer;
}

static void what_is_not_needed_is_left_out(void **state)
{
	struct reproducer *reproducer = make_reproducer();
	struct judge judge = { 0 };
	struct shrink_spec spec = { .tries = 10, .run = run, .say = say, .ctx = &judge };
	auto_free char *loop = NULL, *argv = NULL, *remarks = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(shrink(reproducer, &spec, &err), 0);
	loop = describe(reproducer->loop);
	argv = json_dumps(reproducer->argv, JSON_COMPACT);
	remarks = json_dumps(reproducer->remarks, 0);
	assert_int_equal(reproducer->vms, 2);
	assert_string_equal(loop, "[qemu.snapshot-save qemu.job-dismiss]");
	assert_non_null(strstr(argv, "-name"));
	assert_non_null(strstr(argv, "-object"));
	assert_null(strstr(argv, "-sandbox"));
	assert_null(strstr(argv, "-trace"));
	assert_non_null(strstr(remarks, "The whole script: 10 of 10 tries."));
	assert_non_null(strstr(remarks, "Left out: 4 of 8 machines; then 10 of 10 tries."));
	assert_non_null(strstr(remarks, "What is left: 10 of 10 tries."));
	assert_non_null(strstr(judge.said, "without 1 of 2 machines: 0 of 10 tries, needed"));
	reproducer_free(reproducer);
}

static void one_that_fails_seldom_stays_whole(void **state)
{
	struct reproducer *reproducer = make_reproducer();
	struct judge judge = { .seldom = 8 };
	struct shrink_spec spec = { .tries = 10, .run = run, .say = say, .ctx = &judge };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(shrink(reproducer, &spec, &err), 0);
	assert_int_equal(judge.runs, 1);
	assert_int_equal(reproducer->vms, 8);
	assert_non_null(strstr(judge.said, "too seldom"));
	reproducer_free(reproducer);

	/* An error of the host ends it wherever it comes. */
	for (int at = 1; at < 8; at++) {
		reproducer = make_reproducer();
		judge = (struct judge){ .error = at };
		assert_int_equal(shrink(reproducer, &spec, &err), -EIO);
		reproducer_free(reproducer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_replies_and_events_does_not_matter),
		cmocka_unit_test(pauses_are_kept_within_bounds),
		cmocka_unit_test(loops_are_kept_once),
		cmocka_unit_test(the_first_loop_is_completed),
		cmocka_unit_test(a_migration_has_both_sides),
		cmocka_unit_test(a_shutdown_comes_last),
		cmocka_unit_test(other_transcripts_are_refused),
		cmocka_unit_test(nobodys_words_are_executed),
		cmocka_unit_test(nobodys_wrapper_is_executed),
		cmocka_unit_test(numbers_of_a_death_are_checked),
		cmocka_unit_test(the_command_line_works_elsewhere),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(what_is_not_needed_is_left_out),
		cmocka_unit_test(one_that_fails_seldom_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket's table of commands, the arguments of "run", and who may connect. */
#include "tests/unit/helper.h"

#include <unistd.h>

#include "control/arguments.h"
#include "control/command.h"
#include "control/limits.h"
#include "control/listener.h"

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	if (!json)
		fail_msg("%s: %s", text, error.text);
	return json;
}

static void the_table_is_sorted_and_complete(void **state)
{
	(void)state;
	for (const struct command *command = commands; command->name; command++) {
		/* Exactly one way to execute it. */
		assert_true(!command->execute != !command->read);
		assert_non_null(command->arguments);
		assert_ptr_equal(command_find(command->name), command);
		if (command > commands)
			assert_true(strcmp(command[-1].name, command->name) < 0);
	}
	assert_null(command_find("no-such"));
	assert_null(command_find(""));
}

/* expected NULL: the arguments are fine. */
static void assert_checked(const char *command, const char *arguments, const char *expected)
{
	auto_json json_t *json = parse(arguments);
	struct err err = { 0 };
	int r = command_check(command_find(command), json, &err);

	if (expected) {
		assert_int_equal(r, -EINVAL);
		assert_string_equal(err.text, expected);
	} else if (r < 0) {
		fail_msg("%s", err.text);
	}
}

static void arguments_are_checked_against_the_table(void **state)
{
	(void)state;
	assert_checked("query-status", "{}", NULL);
	assert_checked("query-status", "[]", "query-status: \"arguments\" is not an object");
	assert_checked("query-status", "{\"x\":1}", "query-status: argument 'x' is unexpected");
	assert_checked("subscribe", "{\"enable\":false}", NULL);
	assert_checked("subscribe", "{\"enable\":0}", "enable: expected true or false");
	assert_checked("run", "{}", "run: argument 'profile' is missing");
	assert_checked("run", "{\"profile\":\"\",\"vms\":1.0}", "vms: expected a whole number");
	assert_checked("run", "{\"profile\":null}", "profile: expected a string");
	assert_checked("run", "{\"profile\":\"\",\"seed\":1}", NULL);
	assert_checked("run", "{\"profile\":\"\",\"seed\":\"1\",\"builds\":[]}", NULL);
	assert_checked("run", "{\"profile\":\"\",\"seed\":true}",
		       "seed: expected a number from 0 to 2^64-1");
	assert_checked("release", "{\"incident\":1}", NULL);
	assert_checked("release", "{\"all\":1}", "all: expected true or false");
	assert_checked("get-incident-file", "{\"incident\":1}",
		       "get-incident-file: argument 'file' is missing");
}

static void what_needs_a_daemon_is_not_read_beside_it(void **state)
{
	auto_json json_t *arguments = json_object(), *value = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(command_read("/nonexistent", "run", arguments, &value, &err), -ENOSYS);
	assert_string_equal(err.text, "run needs a qsoakd");
	assert_int_equal(command_read("/nonexistent", "query-report", arguments, &value, &err),
			 -EINVAL);
	assert_string_equal(err.text, "there are no results in /nonexistent: see --state-dir");
	assert_int_equal(command_read("/", "query-incident", arguments, &value, &err), -EINVAL);
	assert_null(value);
}

static const char profile_text[] = "name: unit\n"
				   "machine: {type: pc-q35-7.2, accel: tcg, ram: 16MiB}\n"
				   "guest: {name: pflash-hammer}\n"
				   "builds: [{name: stock, binary: /bin/qemu}]\n"
				   "fleet: {vms: 2}\n"
				   "operations: [{operation: snapshot-save},"
				   " {operation: snapshot-delete}]\n"
				   "stop: {loops: 5}\n";

/* The profile with these overrides; NULL and the error's text if it is refused. */
static struct profile * override(const char *overrides, struct err *err)
{
	auto_json json_t *arguments = parse(overrides);
	struct profile *profile = NULL;

	*err = (struct err){ 0 };
	json_object_set_new(arguments, "profile", json_string(profile_text));
	if (arguments_profile(arguments, &profile, err) < 0) {
		assert_int_equal(err->code, -EINVAL);
		assert_null(profile);
	}
	return profile;
}

/* Of each the arguments, and how the error begins. */
static void assert_refused(const char *const (*bad)[2], size_t count)
{
	struct err err;

	for (size_t i = 0; i < count; i++) {
		if (override(bad[i][0], &err))
			fail_msg("%s was taken", bad[i][0]);
		if (strncmp(err.text, bad[i][1], strlen(bad[i][1])))
			fail_msg("%s: %s", bad[i][0], err.text);
	}
}

static void overrides_replace_what_the_profile_says(void **state)
{
	struct err err;
	struct profile *profile = override("{\"vms\":256,\"loops\":1,\"duration-ns\":1000000000,"
					   "\"seed\":\"18446744073709551615\","
					   "\"on-failure\":\"hold\","
					   "\"builds\":[{\"name\":\"stock\",\"binary\":\"/x\"},"
					   "{\"name\":\"more\",\"binary\":\"/y\"}]}",
					   &err);

	(void)state;
	assert_non_null(profile);
	assert_int_equal(profile->vms, 256);
	assert_int_equal(profile->stop_loops, 1);
	assert_int_equal(profile->stop_duration_ns, 1000000000);
	assert_true(profile->has_seed);
	assert_true(profile->seed == UINT64_MAX);
	assert_int_equal(profile->on_failure, ON_FAILURE_HOLD);
	assert_int_equal(profile->build_count, 2);
	assert_string_equal(profile->builds[0].binary, "/x");
	assert_string_equal(profile->builds[1].name, "more");
	profile_free(profile);

	profile = override("{\"seed\":7}", &err);
	assert_non_null(profile);
	assert_true(profile->has_seed && profile->seed == 7);
	assert_int_equal(profile->vms, 2);
	assert_int_equal(profile->on_failure, ON_FAILURE_GO_ON);
	profile_free(profile);
}

static void overrides_have_bounds(void **state)
{
	static const char *const bad[][2] = {
		{ "{\"vms\":0}", "vms: " },
		{ "{\"vms\":257}", "vms: " },
		{ "{\"vms\":9223372036854775807}", "vms: " },
		{ "{\"loops\":-1}", "loops: " },
		{ "{\"duration-ns\":1}", "duration-ns: " },
		{ "{\"seed\":\"18446744073709551616\"}", "seed: " },
		{ "{\"seed\":\"-1\"}", "seed: " },
		{ "{\"seed\":-1}", "seed: " },
		{ "{\"seed\":\"\"}", "seed: " },
		{ "{\"builds\":[{\"name\":\"x\"}]}", "builds: " },
		{ "{\"builds\":[\"x\"]}", "builds: " },
		{ "{\"on-failure\":\"\"}", "on-failure: found nothing, expected go-on or hold" },
		{ "{\"builds\":[{\"name\":\"a b\",\"binary\":\"/x\"}]}", "" },
		{ "{\"builds\":[{\"name\":\"x\",\"binary\":\"relative\"}]}", "" },
	};

	(void)state;
	assert_refused(bad, ARRAY_SIZE(bad));
}

#define REPLAY "\"replay\":{\"slot\":255,\"vm\":3,\"first-loop\":61,\"loops\":7,\"attempts\":"
#define SEARCH "\"search\":{\"signature\":\"hang*\",\"loops\":70,\"times\":"
#define MORE                                                                                   \
	"\"builds\":[{\"name\":\"more\",\"binary\":\"/y\"},{\"name\":\"third\",\"binary\":\"/" \
	"z\"}]"

static void a_campaign_is_aimed_at_a_build_a_failure_or_a_plan(void **state)
{
	struct err err;
	struct profile *profile = override("{" MORE ",\"only\":\"third\"," REPLAY "10000}}", &err);

	(void)state;
	if (!profile)
		fail_msg("%s", err.text);
	assert_int_equal(profile->build_count, 1);
	assert_string_equal(profile->builds[0].name, "third");
	assert_true(profile->one_build);
	assert_int_equal(profile->replay.slot, 255);
	assert_int_equal(profile->replay.vm, 3);
	assert_int_equal(profile->replay.first_loop, 61);
	assert_int_equal(profile->replay.attempts, 10000);
	assert_int_equal(profile->loops_per_vm, 7);
	assert_int_equal(profile->vms, 2);
	/* What the profile wanted of loops is no longer a reason to end. */
	assert_int_equal(profile->stop_loops, 0);
	profile_free(profile);

	profile = override("{\"vms\":8," REPLAY "3}}", &err);
	assert_non_null(profile);
	assert_int_equal(profile->vms, 3);
	profile_free(profile);

	profile = override("{" SEARCH "4}}", &err);
	assert_non_null(profile);
	assert_int_equal(profile->expect_count, 1);
	assert_string_equal(profile->expect[0].signature, "hang*");
	assert_int_equal(profile->expect[0].times, 4);
	assert_true(profile->stop_expected);
	assert_int_equal(profile->stop_loops, 70);
	profile_free(profile);
}

static void an_aim_has_bounds(void **state)
{
	static const char *const bad[][2] = {
		{ "{\"only\":\"none\"}",
		  "only: found none, expected the name of one of the builds" },
		{ "{" REPLAY "0}}", "replay: attempts: expected a whole number from 1 to 10000" },
		{ "{" REPLAY "10001}}", "replay: attempts: expected" },
		{ "{" REPLAY "1,\"x\":1}}", "replay: found 6 members, expected 5" },
		{ "{\"replay\":{\"slot\":256}}",
		  "replay: slot: expected a whole number from 0 to 255" },
		{ "{\"replay\":{\"slot\":0}}", "replay: vm: missing" },
		{ "{" REPLAY "1},\"loops\":1}", "replay and loops exclude each other" },
		{ "{" REPLAY "1},\"duration-ns\":1000000000}", "replay and duration-ns exclude" },
		{ "{" REPLAY "1}," SEARCH "1}}", "search and replay exclude each other" },
		{ "{" SEARCH "0}}", "search: times: expected a whole number from 1 to 1000000" },
		{ "{\"search\":{\"loops\":1,\"times\":1}}",
		  "search: signature: expected a string" },
		{ "{\"search\":{\"signature\":\"\",\"loops\":1,\"times\":1}}",
		  "search.signature: found nothing, expected a pattern" },
	};

	(void)state;
	assert_refused(bad, ARRAY_SIZE(bad));
}

static enum listener_right admits(gid_t group, uid_t uid, gid_t gid, const gid_t *groups,
				  size_t count)
{
	const struct listener_access access = { .group = group };

	return listener_admits(&access, uid, gid, groups, count);
}

static void only_root_the_user_and_the_group_may_connect(void **state)
{
	static const gid_t groups[] = { 10, 20 };
	uid_t other = geteuid() + 1000;

	(void)state;
	assert_int_equal(admits(LISTENER_NO_GROUP, 0, 5, NULL, 0), LISTENER_ALL);
	assert_int_equal(admits(LISTENER_NO_GROUP, geteuid(), 5, NULL, 0), LISTENER_ALL);
	assert_int_equal(admits(LISTENER_NO_GROUP, other, 5, groups, 2), LISTENER_REFUSED);
	/* The id that means "no group" is nobody's way in. */
	assert_int_equal(admits(LISTENER_NO_GROUP, other, LISTENER_NO_GROUP, NULL, 0),
			 LISTENER_REFUSED);
	assert_int_equal(admits(20, other, 5, groups, 2), LISTENER_ALL);
	assert_int_equal(admits(5, other, 5, NULL, 0), LISTENER_ALL);
	assert_int_equal(admits(30, other, 5, groups, 2), LISTENER_REFUSED);
	assert_int_equal(admits(20, other, 5, groups, 1), LISTENER_REFUSED);
	/* Being in the group of root is not being root. */
	assert_int_equal(admits(20, other, 0, NULL, 0), LISTENER_REFUSED);
}

static void readers_read_and_no_more(void **state)
{
	static const gid_t groups[] = { 10, 20 };
	gid_t readers[] = { 7, 20 };
	const struct listener_access access = { .group = 10,
						.readers = readers,
						.reader_count = 2 };
	const struct listener_access all = { .group = 10, .everyone_reads = true };
	uid_t other = geteuid() + 1000;

	(void)state;
	assert_int_equal(listener_admits(&access, other, 7, NULL, 0), LISTENER_READS);
	assert_int_equal(listener_admits(&access, other, 8, NULL, 0), LISTENER_REFUSED);
	/* A reader who is also in the group may do everything. */
	assert_int_equal(listener_admits(&access, other, 7, groups, 2), LISTENER_ALL);
	assert_int_equal(listener_admits(&all, other, 8, NULL, 0), LISTENER_READS);
	assert_int_equal(listener_admits(&all, other, 10, NULL, 0), LISTENER_ALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sorted_and_complete),
		cmocka_unit_test(arguments_are_checked_against_the_table),
		cmocka_unit_test(what_needs_a_daemon_is_not_read_beside_it),
		cmocka_unit_test(overrides_replace_what_the_profile_says),
		cmocka_unit_test(overrides_have_bounds),
		cmocka_unit_test(a_campaign_is_aimed_at_a_build_a_failure_or_a_plan),
		cmocka_unit_test(an_aim_has_bounds),
		cmocka_unit_test(only_root_the_user_and_the_group_may_connect),
		cmocka_unit_test(readers_read_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

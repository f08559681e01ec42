// SPDX-License-Identifier: GPL-2.0-or-later
/* Legal and illegal orders of run states, jobs and migrations. */
#include "tests/unit/helper.h"

#include "base/log.h"
#include "watch/protocol.h"

/* Words of a story: "STOP", "j:running" (a job's status), "k:running" (another job's), "m:active" (a
 * migration's), "q:paused" (query-status). Returns what was wrong with the last, NULL: it was legal.
 * All before it must be. */
static const char *tell(struct protocol *protocol, const char *story)
{
	static char text[256];
	auto_free char *copy = mem_strdup(story);
	char *rest = copy, *word;
	const char *wrong = NULL;

	while ((word = strsep(&rest, " "))) {
		char id[] = { word[0], '\0' };
		auto_json json_t *data = json_object();
		bool legal;

		if (wrong)
			fail_msg("\"%s\": %s, before %s", story, wrong, word);
		if (strlen(word) > 2 && word[1] == ':') {
			json_object_set_new(data, "status", json_string(word + 2));
			json_object_set_new(data, "id", json_string(id));
		}
		if (!strncmp(word, "q:", 2))
			legal = protocol_status(protocol, word + 2, text, sizeof(text));
		else if (!strncmp(word, "m:", 2))
			legal = protocol_event(protocol, "MIGRATION", data, text, sizeof(text));
		else if (word[1] == ':')
			legal = protocol_event(protocol, "JOB_STATUS_CHANGE", data, text,
					       sizeof(text));
		else
			legal = protocol_event(protocol, word, data, text, sizeof(text));
		wrong = legal ? NULL : text;
	}
	return wrong;
}

static void legal(const char *story)
{
	struct protocol_words words = { 0 };
	struct protocol protocol = { .words = &words };
	const char *wrong = tell(&protocol, story);

	if (wrong)
		fail_msg("\"%s\": %s", story, wrong);
}

static void illegal(const char *story, const char *expected)
{
	struct protocol_words words = { 0 };
	struct protocol protocol = { .words = &words };
	const char *wrong = tell(&protocol, story);

	if (!wrong)
		fail_msg("\"%s\" is legal", story);
	assert_string_equal(wrong, expected);
}

static void a_guest_stops_and_resumes_by_turns(void **state)
{
	(void)state;
	legal("STOP RESUME STOP RESUME SHUTDOWN");
	legal("RESUME STOP q:paused RESUME q:running");
	legal("RESUME RESET STOP RESET RESUME");
	/* The state changes before STOP is sent. */
	legal("RESUME q:save-vm STOP q:save-vm RESUME");
	/* -no-shutdown */
	legal("RESUME SHUTDOWN STOP RESET RESUME");
	illegal("RESUME RESUME", "RESUME while the guest runs");
	illegal("STOP STOP", "STOP while the guest is stopped");
	illegal("STOP q:running", "the run state is running after STOP without RESUME");
	illegal("SHUTDOWN RESUME", "RESUME while the guest is shut down");
	illegal("SHUTDOWN SHUTDOWN", "SHUTDOWN while the guest is shut down");
}

static void a_guest_that_was_seen_to_run_must_stop_first(void **state)
{
	struct protocol_words words = { 0 };
	struct protocol protocol = { .words = &words };

	(void)state;
	protocol_set_running(&protocol);
	assert_non_null(tell(&protocol, "RESUME"));
	protocol = (struct protocol){ .words = &words };
	tell(&protocol, "STOP");
	protocol_set_running(&protocol);
	assert_null(tell(&protocol, "RESUME"));
}

static void some_run_states_are_failures(void **state)
{
	(void)state;
	legal("q:inmigrate q:running q:finish-migrate q:postmigrate q:io-error q:restore-vm");
	illegal("q:internal-error", "the run state is internal-error");
	illegal("q:guest-panicked", "the run state is guest-panicked");
	illegal("q:watchdog", "the run state is watchdog");
}

static void jobs_go_their_way(void **state)
{
	(void)state;
	/* snapshot-save of 7.2, with a pause while nodes are drained; one that fails; the same id
	 * again. */
	legal("j:created j:running j:paused j:running j:waiting j:pending j:concluded j:null");
	legal("j:created j:running j:aborting j:concluded j:null j:created");
	legal("j:created j:null j:created j:aborting");
	legal("j:running j:ready j:standby j:ready j:waiting j:aborting");
	/* Each job by itself. */
	legal("j:created k:created k:running j:running k:waiting j:aborting");
	illegal("j:created j:running j:concluded", "job status concluded after running");
	illegal("j:concluded j:pending", "job status pending after concluded");
	illegal("j:waiting j:concluded", "job status concluded after waiting");
	illegal("j:paused j:waiting", "job status waiting after paused");
	illegal("j:created j:created", "job status created after created");
	illegal("k:null j:created j:running j:null", "job status null after running");
}

static void migrations_go_their_way(void **state)
{
	(void)state;
	legal("m:setup m:active m:completed");
	legal("m:setup m:active m:device m:completed");
	legal("m:setup m:wait-unplug m:active m:pre-switchover m:device m:completed");
	legal("m:setup m:active m:postcopy-active m:postcopy-paused m:postcopy-recover-setup "
	      "m:postcopy-recover m:postcopy-active m:completed");
	/* It comes in, saves a snapshot, and goes out; one that fails, one that is cancelled. */
	legal("m:setup m:active m:completed m:setup m:completed m:setup m:active m:device "
	      "m:completed");
	legal("m:setup m:failed m:setup m:active m:cancelling m:cancelled m:setup");
	illegal("m:setup m:active m:completed m:active", "migration status active after completed");
	illegal("m:completed m:failed", "migration status failed after completed");
	illegal("m:failed m:completed", "migration status completed after failed");
	illegal("m:active m:setup", "migration status setup after active");
	illegal("m:cancelling m:completed", "migration status completed after cancelling");
	illegal("m:setup m:postcopy-active", "migration status postcopy-active after setup");
}

static unsigned lines;

static void count_line(enum log_level level, const char *text, const struct log_event *event)
{
	(void)level;
	(void)event;
	(void)text;
	lines++;
}

static void an_unknown_word_is_logged_once_and_legal(void **state)
{
	struct protocol_words words = { 0 };
	struct protocol one = { .words = &words }, other = one;

	(void)state;
	lines = 0;
	log_set_sink(count_line, LOG_LEVEL_DEBUG);
	assert_null(tell(&one, "j:created j:polishing j:pending m:active m:teleport m:setup"));
	assert_null(tell(&one, "q:dreaming SOME_EVENT"));
	assert_int_equal(lines, 3);
	assert_null(tell(&other, "j:polishing m:teleport q:dreaming"));
	assert_int_equal(lines, 3);
	/* As many as it likes to invent. */
	for (int i = 0; i < 100; i++) {
		auto_free char *word = mem_printf("m:%d", i);

		assert_null(tell(&other, word));
	}
	assert_int_equal(lines, PROTOCOL_WORDS_MAX);
	log_set_sink(NULL, LOG_LEVEL_ERROR);
}

static void more_jobs_than_there_is_room_for_are_not_followed(void **state)
{
	struct protocol_words words = { 0 };
	struct protocol protocol = { .words = &words };

	(void)state;
	for (char id = 'A'; id <= 'Z'; id++) {
		auto_free char *word = mem_printf("%c:created", id);

		assert_null(tell(&protocol, word));
	}
	assert_null(tell(&protocol, "Z:concluded"));
	/* Room comes back. */
	assert_null(tell(&protocol, "A:null Z:concluded"));
	assert_non_null(tell(&protocol, "Z:running"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_stops_and_resumes_by_turns),
		cmocka_unit_test(a_guest_that_was_seen_to_run_must_stop_first),
		cmocka_unit_test(some_run_states_are_failures),
		cmocka_unit_test(jobs_go_their_way),
		cmocka_unit_test(migrations_go_their_way),
		cmocka_unit_test(an_unknown_word_is_logged_once_and_legal),
		cmocka_unit_test(more_jobs_than_there_is_room_for_are_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

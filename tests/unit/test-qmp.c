// SPDX-License-Identifier: GPL-2.0-or-later
/* The QMP client: greeting, replies by id, events, the end of a connection, the transcript. */
#include "tests/unit/helper.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "qmp/qmp.h"
#include "qmp/stream.h"

#define GREETING                                                                           \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, " \
	"\"package\": \"Debian 1:7.2+dfsg-7\"}, \"capabilities\": [\"oob\"]}}\r\n"

/* A connection, the peer's end of it, and the story of its callbacks. */
struct link {
	struct ev_loop *loop;
	int peer;
	struct qmp *qmp;
	struct story story;
	struct err err;
	int64_t peer_unix_ns, at_ns;
	/* Called for each reply. */
	void (*on_reply)(struct link *link);
	json_t *arguments;
};

static void greeting_in(void *ctx)
{
	struct link *link = ctx;

	story_add(&link->story, "greeting ");
}

static void event_in(void *ctx, const struct qmp_event *event)
{
	struct link *link = ctx;
	auto_free char *data = json_dumps(event->data, JSON_COMPACT);

	link->peer_unix_ns = event->peer_unix_ns;
	link->at_ns = event->at_ns;
	story_add(&link->story, "%s%s ", event->name, data);
}

static void closed(void *ctx, const struct err *err)
{
	struct link *link = ctx;

	link->err = *err;
	story_add(&link->story, "closed ");
}

static const struct qmp_handler handler = {
	.greeting = greeting_in,
	.event = event_in,
	.closed = closed,
};

/* Who waits for a reply. */
struct waiter {
	struct link *link;
	const char *name;
};

static void reply_in(void *ctx, const struct qmp_reply *reply)
{
	struct waiter *waiter = ctx;
	struct link *link = waiter->link;

	link->at_ns = reply->at_ns;
	if (reply->error) {
		assert_null(reply->value);
		story_add(&link->story, "%s!%s%s ", waiter->name, reply->error,
			  reply->bad_input ? "(input)" : "");
	} else {
		auto_free char *value = json_dumps(reply->value, JSON_COMPACT | JSON_ENCODE_ANY);

		assert_false(reply->bad_input);
		story_add(&link->story, "%s=%s ", waiter->name, value);
	}
	if (link->on_reply)
		link->on_reply(link);
}

static int connect_link(void **state)
{
	struct link *link = mem_new(struct link);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	link->peer = fds[0];
	link->loop = ev_loop_new(EVFLAG_AUTO);
	link->qmp = qmp_new(link->loop, fds[1], &handler, link);
	*state = link;
	return 0;
}

static int disconnect_link(void **state)
{
	struct link *link = *state;

	qmp_free(link->qmp);
	fd_close(&link->peer);
	ev_loop_destroy(link->loop);
	free(link);
	return 0;
}

static void comes(struct link *link, const char *text)
{
	size_t size = strlen(text);

	assert_int_equal(send(link->peer, text, size, MSG_DONTWAIT | MSG_NOSIGNAL), size);
	qmp_drain(link->qmp);
}

/* The same, past the greeting, with a story that begins behind it. */
static int greet_link(void **state)
{
	struct link *link;
	int r = connect_link(state);

	if (r < 0)
		return r;
	link = *state;
	comes(link, GREETING);
	assert_string_equal(link->story.text, "greeting ");
	story_begin_anew(&link->story);
	return 0;
}

static void execute(struct waiter *waiter, const char *command)
{
	qmp_execute(waiter->link->qmp, command, NULL, false, reply_in, waiter);
}

/* What the peer has been sent since it last looked. */
static char *peer_reads(struct link *link)
{
	char *text = mem_zalloc(1 << 16);
	ssize_t n = recv(link->peer, text, (1 << 16) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void the_greeting_tells_version_and_oob(void **state)
{
	struct link *link = *state;

	assert_false(qmp_greeted(link->qmp));
	assert_false(qmp_offers_oob(link->qmp));
	assert_string_equal(qmp_version(link->qmp), "");
	comes(link, GREETING);
	assert_string_equal(link->story.text, "greeting ");
	assert_true(qmp_greeted(link->qmp));
	assert_true(qmp_offers_oob(link->qmp));
	assert_string_equal(qmp_version(link->qmp), "7.2.22");
}

static void a_peer_without_oob_is_taken_at_its_word(void **state)
{
	struct link *link = *state;

	comes(link, "{\"QMP\":{\"version\":{\"qemu\":{\"major\":10,\"minor\":0,\"micro\":3}},"
		    "\"capabilities\":[1,\"other\"]}}\n");
	assert_true(qmp_greeted(link->qmp));
	assert_false(qmp_offers_oob(link->qmp));
	assert_string_equal(qmp_version(link->qmp), "10.0.3");
}

/* Every first message here is a breach; a fresh connection for each. */
static void nothing_but_a_greeting_with_a_version_may_come_first(void **state)
{
	static const char *const firsts[] = {
		"{\"return\":{},\"id\":1}\n",
		"{\"event\":\"STOP\"}\n",
		"{}\n",
		"{\"QMP\":{}}\n",
		"{\"QMP\":5}\n",
		"{\"QMP\":{\"version\":{\"qemu\":{\"major\":7,\"minor\":2}}}}\n",
		"{\"QMP\":{\"version\":{\"qemu\":{\"major\":\"7\",\"minor\":2,\"micro\":0}}}}\n",
		"{\"QMP\":{\"version\":\"7.2.0\"}}\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
		struct link *link;

		assert_int_equal(connect_link((void **)&link), 0);
		comes(link, firsts[i]);
		comes(link, GREETING);
		if (strcmp(link->story.text, "closed ") || link->err.code != -EPROTO)
			fail_msg("%s: %s", firsts[i], link->story.text);
		assert_false(qmp_greeted(link->qmp));
		disconnect_link((void **)&link);
	}
}

static void a_command_goes_out_with_arguments_and_a_fresh_id(void **state)
{
	struct link *link = *state;
	auto_free char *text = NULL;
	auto_json json_t *first = NULL, *second = NULL, *expected = NULL;
	char *end;

	qmp_execute(link->qmp, "qom-get", json_pack("{s:s}", "path", "/a\nb"), false, NULL, NULL);
	qmp_execute(link->qmp, "query-yank", NULL, true, NULL, NULL);
	text = peer_reads(link);
	end = strchr(text, '\n');
	assert_non_null(end);
	first = json_loadb(text, (size_t)(end - text), 0, NULL);
	second = json_loads(end + 1, 0, NULL);
	assert_string_equal(strchr(end + 1, '\n'), "\n");
	expected = json_pack("{s:s, s:{s:s}, s:O}", "execute", "qom-get", "arguments", "path",
			     "/a\nb", "id", json_object_get(first, "id"));
	assert_true(json_equal(first, expected));
	json_decref(expected);
	expected = json_pack("{s:s, s:O}", "exec-oob", "query-yank", "id",
			     json_object_get(second, "id"));
	assert_true(json_equal(second, expected));
	assert_false(json_equal(json_object_get(first, "id"), json_object_get(second, "id")));
}

static void replies_find_who_asked_in_any_order(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" }, b = { link, "b" }, c = { link, "c" };
	int64_t before = clock_now_ns();

	execute(&a, "one");
	execute(&b, "two");
	execute(&c, "three");
	comes(link, "{\"return\":2,\"id\":2}\n");
	comes(link, "{\"return\":{\"x\":[]},\"id\":3}\n{\"id\":1,\"return\":{}}\n");
	assert_string_equal(link->story.text, "b=2 c={\"x\":[]} a={} ");
	assert_true(link->at_ns >= before && link->at_ns <= clock_now_ns());
}

static void an_error_is_a_reply_with_its_description(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };

	for (int i = 0; i < 3; i++)
		execute(&a, "one");
	comes(link, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no such tag\"},\"id\":1}\n");
	comes(link, "{\"error\":{\"class\":\"InvalidParameter\",\"desc\":\"bad\"},\"id\":2}\n");
	comes(link, "{\"error\":{},\"id\":3}\n");
	assert_string_equal(link->story.text, "a!no such tag a!bad(input) "
					      "a!an error without a description ");
}

static void a_reply_nobody_waits_for_is_ignored(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };

	execute(&a, "one");
	comes(link, "{\"return\":1,\"id\":99}\n{\"return\":2,\"id\":-1}\n");
	comes(link, "{\"return\":3,\"id\":1}\n{\"return\":4,\"id\":1}\n");
	assert_string_equal(link->story.text, "a=3 ");
}

static void a_command_without_a_callback_has_its_reply_dropped(void **state)
{
	struct link *link = *state;

	qmp_execute(link->qmp, "one", NULL, false, NULL, link);
	comes(link, "{\"return\":1,\"id\":1}\n");
	assert_string_equal(link->story.text, "");
}

/* Each a breach once greeted; a fresh connection for each. */
static void neither_reply_nor_event_nor_id_is_a_breach(void **state)
{
	static const struct {
		const char *message, *text;
	} breaches[] = {
		{ "{\"return\":{}}\n", "a reply without an id" },
		{ "{\"return\":{},\"id\":\"1\"}\n", "a reply without an id" },
		{ "{\"return\":{},\"id\":1.0}\n", "a reply without an id" },
		{ "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON parse error\"}}\n",
		  "JSON parse error" },
		{ "{}\n", "neither reply nor event" },
		{ "{\"id\":1}\n", "neither reply nor event" },
		{ GREETING, "neither reply nor event" },
		{ "{\"event\":5}\n", "an event without a name" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(breaches); i++) {
		struct link *link;
		struct waiter a;

		assert_int_equal(greet_link((void **)&link), 0);
		a = (struct waiter){ link, "a" };
		execute(&a, "one");
		comes(link, breaches[i].message);
		comes(link, "{\"event\":\"STOP\"}\n{\"return\":{},\"id\":1}\n");
		if (strcmp(link->story.text, "closed ") || link->err.code != -EPROTO ||
		    !strstr(link->err.text, breaches[i].text))
			fail_msg("%s: %s%s", breaches[i].message, link->story.text, link->err.text);
		disconnect_link((void **)&link);
	}
}

static void an_event_comes_with_data_and_the_peers_time(void **state)
{
	struct link *link = *state;

	comes(link, "{\"timestamp\":{\"seconds\":1700000000,\"microseconds\":999999},"
		    "\"event\":\"STOP\"}\n");
	assert_true(link->peer_unix_ns == 1700000000999999000);
	comes(link, "{\"event\":\"JOB_STATUS_CHANGE\",\"data\":{\"id\":\"j\"}}\n");
	assert_true(link->peer_unix_ns == -1);
	comes(link, "{\"event\":\"RESUME\",\"data\":7}\n");
	assert_string_equal(link->story.text, "STOP{} JOB_STATUS_CHANGE{\"id\":\"j\"} RESUME{} ");
}

static void a_time_that_cannot_be_is_no_time(void **state)
{
	static const char *const times[] = {
		"{\"seconds\":-1,\"microseconds\":-1}",
		"{\"seconds\":1,\"microseconds\":-1}",
		"{\"seconds\":1,\"microseconds\":1000000}",
		"{\"seconds\":9223372036854775807,\"microseconds\":0}",
		"{\"seconds\":1.5,\"microseconds\":0}",
		"{\"seconds\":1}",
		"null",
	};
	struct link *link = *state;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		auto_free char *text = mem_printf("{\"event\":\"E\",\"timestamp\":%s}\n", times[i]);

		link->peer_unix_ns = 0;
		comes(link, text);
		assert_true(link->peer_unix_ns == -1);
	}
	assert_int_equal(strlen(link->story.text), 4 * ARRAY_SIZE(times));
}

static void events_and_replies_keep_the_order_of_the_wire(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };

	execute(&a, "stop");
	comes(link, "{\"event\":\"STOP\"}\n{\"return\":{},\"id\":1}\n{\"event\":\"RESUME\"}\n");
	assert_string_equal(link->story.text, "STOP{} a={} RESUME{} ");
}

static void the_forgotten_hear_no_more_and_the_others_do(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" }, b = { link, "b" };

	execute(&a, "one");
	execute(&b, "two");
	execute(&a, "three");
	qmp_forget(link->qmp, &a);
	comes(link, "{\"return\":1,\"id\":1}\n{\"return\":2,\"id\":2}\n{\"return\":3,\"id\":3}\n");
	assert_string_equal(link->story.text, "b=2 ");
	/* It may ask again. */
	execute(&a, "four");
	comes(link, "{\"return\":4,\"id\":4}\n");
	assert_string_equal(link->story.text, "b=2 a=4 ");
}

static void replies_that_are_due_never_come_after_the_end(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };

	execute(&a, "one");
	comes(link, "{\"event\":\"SHUTDOWN\"}\n");
	fd_close(&link->peer);
	LOOP_UNTIL(link->loop, link->err.code);
	qmp_drain(link->qmp);
	assert_string_equal(link->story.text, "SHUTDOWN{} closed ");
	assert_true(link->err.code == -EPIPE || link->err.code == -ECONNRESET);
}

static void a_command_after_the_end_is_dropped_with_its_arguments(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };
	auto_json json_t *arguments = json_pack("{s:i}", "a", 1);

	fd_close(&link->peer);
	qmp_drain(link->qmp);
	qmp_execute(link->qmp, "one", json_incref(arguments), false, reply_in, &a);
	assert_int_equal(arguments->refcount, 1);
	assert_string_equal(link->story.text, "closed ");
}

static void ask_again(struct link *link)
{
	static struct waiter next;

	next = (struct waiter){ link, "next" };
	link->on_reply = NULL;
	execute(&next, "two");
}

static void a_reply_may_be_followed_by_a_command_from_its_callback(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };

	link->on_reply = ask_again;
	execute(&a, "one");
	comes(link, "{\"return\":1,\"id\":1}\n{\"return\":2,\"id\":2}\n");
	assert_string_equal(link->story.text, "a=1 next=2 ");
}

static void commands_without_end_and_without_reply_are_a_breach(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };
	int count = 0;

	while (!link->err.code && count < 100000) {
		execute(&a, "one");
		count++;
	}
	/* The limit is the connection's own affair; two must always fit: engine and hang watch. */
	assert_in_range(count, 3, 1000);
	comes(link, "{\"return\":1,\"id\":1}\n");
	assert_string_equal(link->story.text, "closed ");
	assert_int_equal(link->err.code, -EPROTO);
}

static void a_breach_of_the_framing_ends_the_connection(void **state)
{
	struct link *link = *state;

	comes(link, "{\"event\":\"STOP\"}\nqemu: oops\n");
	assert_string_equal(link->story.text, "STOP{} closed ");
	assert_int_equal(link->err.code, -EPROTO);
}

static void freed_with_replies_due_it_drops_them(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };

	execute(&a, "one");
	qmp_free(link->qmp);
	link->qmp = NULL;
	qmp_free(NULL);
	assert_string_equal(link->story.text, "");
}

static char *printed(const struct transcript *transcript)
{
	const size_t room = 2 * TRANSCRIPT_LINES_MAX * TRANSCRIPT_LINE_MAX;
	char *text = mem_zalloc(room);
	FILE *f = fmemopen(text, room, "w");

	transcript_print(transcript, f);
	fclose(f);
	return text;
}

static void the_transcript_has_both_directions_in_order(void **state)
{
	struct link *link = *state;
	struct waiter a = { link, "a" };
	auto_free char *text = NULL;
	const char *sent, *received;

	execute(&a, "query-status");
	comes(link, "{\"return\":{},\"id\":1}\r\n");
	text = printed(qmp_transcript(link->qmp));
	assert_int_equal(qmp_transcript(link->qmp)->total, 3);
	sent = strstr(text, " > {\"execute\":\"query-status\",\"id\":1}\n");
	received = strstr(text, " < {\"return\":{},\"id\":1}\n");
	assert_true(strstr(text, " < {\"QMP\"") < sent && sent < received);
}

static void the_transcript_prints_seconds_direction_and_text(void **state)
{
	struct transcript *transcript = mem_new(struct transcript);
	auto_free char *text = NULL, *empty = printed(transcript);

	(void)state;
	assert_string_equal(empty, "");
	transcript_add(transcript, '>', 12 * CLOCK_NS_PER_S + 34567, "{}junk", 2);
	transcript_add(transcript, '<', 13 * CLOCK_NS_PER_S, "", 0);
	text = printed(transcript);
	assert_string_equal(text, "12.000034 > {}\n13.000000 < \n");
	transcript_finish(transcript);
	free(transcript);
}

static void the_transcript_keeps_the_last_lines_and_cuts_long_ones(void **state)
{
	struct transcript *transcript = mem_new(struct transcript);
	auto_free char *longest = helper_fill('x', TRANSCRIPT_LINE_MAX + 1), *text = NULL;
	const char *line;
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < TRANSCRIPT_LINES_MAX + 2; i++) {
		auto_free char *number = mem_printf("line %d", i);

		transcript_add(transcript, '<', i, number, strlen(number));
	}
	transcript_add(transcript, '<', 0, longest, TRANSCRIPT_LINE_MAX + 1);
	transcript_add(transcript, '<', 0, longest, TRANSCRIPT_LINE_MAX);
	text = printed(transcript);
	/* 516 came: a note, then line 4 to line 513 and the long ones. */
	assert_memory_equal(text, "# 4 earlier lines are not kept\n0.000000 < line 4\n", 49);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, TRANSCRIPT_LINES_MAX + 1);
	line = strstr(text, "line 513\n");
	assert_non_null(line);
	longest[TRANSCRIPT_LINE_MAX] = '\0';
	line = strstr(line, longest);
	assert_non_null(line);
	assert_int_equal(line[TRANSCRIPT_LINE_MAX], '\n');
	assert_string_equal(strstr(line, "\n") + sizeof("\n0.000000 < ") - 1 + TRANSCRIPT_LINE_MAX,
			    "\n");
	transcript_finish(transcript);
	free(transcript);
}

#define RAW(name) cmocka_unit_test_setup_teardown(name, connect_link, disconnect_link)
#define TEST(name) cmocka_unit_test_setup_teardown(name, greet_link, disconnect_link)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RAW(the_greeting_tells_version_and_oob),
		RAW(a_peer_without_oob_is_taken_at_its_word),
		cmocka_unit_test(nothing_but_a_greeting_with_a_version_may_come_first),
		TEST(a_command_goes_out_with_arguments_and_a_fresh_id),
		TEST(replies_find_who_asked_in_any_order),
		TEST(an_error_is_a_reply_with_its_description),
		TEST(a_reply_nobody_waits_for_is_ignored),
		TEST(a_command_without_a_callback_has_its_reply_dropped),
		cmocka_unit_test(neither_reply_nor_event_nor_id_is_a_breach),
		TEST(an_event_comes_with_data_and_the_peers_time),
		TEST(a_time_that_cannot_be_is_no_time),
		TEST(events_and_replies_keep_the_order_of_the_wire),
		TEST(the_forgotten_hear_no_more_and_the_others_do),
		TEST(replies_that_are_due_never_come_after_the_end),
		TEST(a_command_after_the_end_is_dropped_with_its_arguments),
		TEST(a_reply_may_be_followed_by_a_command_from_its_callback),
		TEST(commands_without_end_and_without_reply_are_a_breach),
		TEST(a_breach_of_the_framing_ends_the_connection),
		TEST(freed_with_replies_due_it_drops_them),
		TEST(the_transcript_has_both_directions_in_order),
		cmocka_unit_test(the_transcript_prints_seconds_direction_and_text),
		cmocka_unit_test(the_transcript_keeps_the_last_lines_and_cuts_long_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* QMP's framing: what comes in which pieces, every breach, both limits, and the end of a peer. */
#include "tests/unit/helper.h"

#include <sys/socket.h>

#include "qmp/stream.h"

/* A stream, its peer's end of the socket, and the story of what the handler was told. */
struct line {
	struct ev_loop *loop;
	int peer, ours;
	struct qmp_stream *stream;
	struct story story; /* "<line>" a message, "closed" at the end */
	size_t messages, last_size;
	int closed;
	struct err err;
	/* Called for each message. */
	void (*on_message)(struct line *line);
};

static void message_in(void *ctx, json_t *message, const char *text, size_t size)
{
	struct line *line = ctx;

	assert_true(json_is_object(message));
	line->messages++;
	line->last_size = size;
	if (size < 100 && line->messages < 100)
		story_add(&line->story, "<%.*s>", (int)size, text);
	if (line->on_message)
		line->on_message(line);
}

static void closed(void *ctx, const struct err *err)
{
	struct line *line = ctx;

	line->closed++;
	line->err = *err;
	story_add(&line->story, "closed");
}

static bool is_late(void *ctx)
{
	(void)ctx;
	return true;
}

static const struct qmp_stream_handler handler = { .message = message_in, .closed = closed };

static int connect_line(void **state)
{
	struct line *line = mem_new(struct line);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	line->peer = fds[0];
	line->ours = fds[1];
	line->loop = ev_loop_new(EVFLAG_AUTO);
	line->stream = qmp_stream_new(line->loop, line->ours, &handler, line);
	*state = line;
	return 0;
}

static int disconnect_line(void **state)
{
	struct line *line = *state;

	qmp_stream_free(line->stream);
	fd_close(&line->peer);
	ev_loop_destroy(line->loop);
	free(line);
	return 0;
}

/* The peer writes; the socket must have room for it. */
static void peer_writes(struct line *line, const char *text, size_t size)
{
	assert_int_equal(send(line->peer, text, size, MSG_DONTWAIT | MSG_NOSIGNAL), size);
}

/* The peer writes and the stream reads at once. */
static void comes(struct line *line, const char *text)
{
	peer_writes(line, text, strlen(text));
	qmp_stream_drain(line->stream);
}

static void a_message_comes_by_the_loop_with_its_line(void **state)
{
	struct line *line = *state;

	peer_writes(line, "{\"a\": 1}\n", 9);
	LOOP_UNTIL(line->loop, line->messages);
	assert_string_equal(line->story.text, "<{\"a\": 1}>");
}

static void two_messages_in_one_packet_come_in_order(void **state)
{
	struct line *line = *state;

	comes(line, "{\"a\":1}\n{\"b\":2}\n");
	assert_string_equal(line->story.text, "<{\"a\":1}><{\"b\":2}>");
}

static void a_message_in_many_packets_comes_once_and_whole(void **state)
{
	static const char text[] = "{\"event\":\"STOP\"}\n{\"b\":2}\n";
	struct line *line = *state;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		peer_writes(line, &text[i], 1);
		qmp_stream_drain(line->stream);
		assert_int_equal(line->messages, i < 16 ? 0 : i < sizeof(text) - 2 ? 1 : 2);
	}
	assert_string_equal(line->story.text, "<{\"event\":\"STOP\"}><{\"b\":2}>");
}

static void a_packet_may_end_one_message_and_begin_the_next(void **state)
{
	struct line *line = *state;

	comes(line, "{\"a\"");
	comes(line, ":1}\n{\"b\":");
	comes(line, "2}\n{");
	comes(line, "}\n");
	assert_string_equal(line->story.text, "<{\"a\":1}><{\"b\":2}><{}>");
}

static void carriage_returns_and_blank_lines_are_no_matter(void **state)
{
	struct line *line = *state;

	comes(line, "{\"a\":1}\r\n\r\n\n  \n{\"b\":2} \r\n");
	assert_string_equal(line->story.text, "<{\"a\":1}><{\"b\":2}>");
}

static void a_breach_closes_once_and_nothing_is_read_after_it(void **state)
{
	struct line *line = *state;

	comes(line, "{\"a\":1}\nhello\n{\"b\":2}\nagain\n");
	assert_string_equal(line->story.text, "<{\"a\":1}>closed");
	assert_int_equal(line->err.code, -EPROTO);
	assert_non_null(strstr(line->err.text, "\"hello\""));

	/* The peer's end is closed, and our side stays quiet whatever is asked of it. */
	assert_int_equal(send(line->peer, "{}\n", 3, MSG_NOSIGNAL), -1);
	qmp_stream_drain(line->stream);
	qmp_stream_send(line->stream, "{}\n", 3);
	assert_string_equal(line->story.text, "<{\"a\":1}>closed");
}

/* Each of these lines is a breach; a fresh stream for each. */
static void whatever_is_not_one_object_is_a_breach(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} breaches[] = {
#define LINE(text) { text "\n", sizeof(text) }
		LINE("[]"),
		LINE("[{\"a\":1}]"),
		LINE("1"),
		LINE("\"QMP\""),
		LINE("null"),
		LINE("{"),
		LINE("{\"a\":}"),
		LINE("{\"a\":1,}"),
		LINE("{\"a\":1} {\"b\":2}"),
		LINE("{\"a\":1}x"),
		LINE("{'a':1}"),
		LINE("{\"a\":1,\"a\":2}"),
		LINE("{\"a\":{\"b\":1,\"b\":1}}"),
		LINE("{\"a\":\"\0\"}"),
		LINE("{\"a\":\"\\u0000\"}"),
		LINE("{\"a\":\"\xff\"}"),
		LINE("\0"),
#undef LINE
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(breaches); i++) {
		struct line *line;

		assert_int_equal(connect_line((void **)&line), 0);
		peer_writes(line, breaches[i].text, breaches[i].size);
		qmp_stream_drain(line->stream);
		if (strcmp(line->story.text, "closed") || line->err.code != -EPROTO)
			fail_msg("%s: %s, %d", breaches[i].text, line->story.text, line->err.code);
		assert_non_null(strstr(line->err.text, "expected a JSON object"));
		assert_null(strchr(line->err.text, '\n'));
		disconnect_line((void **)&line);
	}
}

static void nesting_without_end_is_a_breach(void **state)
{
	struct line *line = *state;
	auto_free char *deep = helper_fill('[', 100000);

	comes(line, "{\"a\":");
	comes(line, deep);
	comes(line, "\n");
	assert_string_equal(line->story.text, "closed");
	assert_int_equal(line->err.code, -EPROTO);
}

static void a_breach_quotes_only_the_beginning_of_a_long_line(void **state)
{
	struct line *line = *state;
	auto_free char *junk = helper_fill('x', 61);

	comes(line, junk);
	comes(line, "\n");
	assert_int_equal(line->err.code, -EPROTO);
	assert_null(strstr(line->err.text, junk));
	assert_non_null(strstr(line->err.text, junk + 1));
}

static void the_end_of_the_peer_closes_after_its_last_words(void **state)
{
	struct line *line = *state;

	peer_writes(line, "{\"event\":\"SHUTDOWN\"}\n", 21);
	fd_close(&line->peer);
	LOOP_UNTIL(line->loop, line->closed);
	assert_string_equal(line->story.text, "<{\"event\":\"SHUTDOWN\"}>closed");
	assert_int_equal(line->err.code, -EPIPE);
	assert_string_equal(line->err.text, "the peer closed the connection");
	qmp_stream_drain(line->stream);
	assert_int_equal(line->closed, 1);
}

static void an_end_within_a_line_is_told(void **state)
{
	struct line *line = *state;

	peer_writes(line, "{\"a\":1}\n{\"ev", 12);
	fd_close(&line->peer);
	qmp_stream_drain(line->stream);
	assert_string_equal(line->story.text, "<{\"a\":1}>closed");
	assert_int_equal(line->err.code, -EPIPE);
	assert_string_equal(line->err.text, "the peer closed the connection within a line");
}

static void a_peer_that_dies_with_our_words_unread_is_still_heard(void **state)
{
	struct line *line = *state;

	qmp_stream_send(line->stream, "{\"execute\":\"quit\"}\n", 19);
	peer_writes(line, "{\"a\":1}\n", 8);
	fd_close(&line->peer);
	qmp_stream_send(line->stream, "{}\n", 3);
	qmp_stream_drain(line->stream);
	assert_string_equal(line->story.text, "<{\"a\":1}>closed");
	assert_true(line->err.code == -EPIPE || line->err.code == -ECONNRESET);
}

/* Feeds `size` bytes of one line, reading in between; stops when the stream closes. */
static void peer_writes_much(struct line *line, size_t size)
{
	auto_free char *chunk = helper_fill('x', 4096);

	while (size && !line->closed) {
		size_t part = size < 4096 ? size : 4096;

		peer_writes(line, chunk, part);
		qmp_stream_drain(line->stream);
		size -= part;
	}
}

static void a_line_of_the_longest_length_is_a_message(void **state)
{
	struct line *line = *state;

	comes(line, "{\"a\":\"");
	peer_writes_much(line, QMP_LINE_MAX - 8);
	comes(line, "\"}");
	assert_string_equal(line->story.text, "");
	comes(line, "\n{\"b\":2}\n");
	assert_int_equal(line->messages, 2);
	assert_string_equal(line->story.text, "<{\"b\":2}>");
}

static void a_longer_line_is_given_up_before_its_end_comes(void **state)
{
	struct line *line = *state;

	comes(line, "{\"a\":1}\n{\"a\":\"");
	peer_writes_much(line, QMP_LINE_MAX - 6);
	assert_int_equal(line->closed, 0);
	comes(line, "x");
	assert_string_equal(line->story.text, "<{\"a\":1}>closed");
	assert_int_equal(line->err.code, -EMSGSIZE);
	assert_non_null(strstr(line->err.text, "16777216"));
}

static void count_pending(struct ev_loop *loop)
{
	*(unsigned *)ev_userdata(loop) += ev_pending_count(loop);
	ev_invoke_pending(loop);
}

static void what_the_socket_does_not_take_is_sent_later_in_order(void **state)
{
	struct line *line = *state;
	const size_t count = 100000;
	char text[32], expected[32], got[65536];
	size_t sent = 0, total = 0, next = 0, used = 0;
	unsigned woken = 0;

	for (size_t i = 0; i < count; i++) {
		size_t size = (size_t)sprintf(text, "{\"n\":%zu}\n", i);

		qmp_stream_send(line->stream, text, size);
		sent += size;
	}
	assert_int_equal(line->closed, 0);
	while (total < sent) {
		ssize_t n = recv(line->peer, got, sizeof(got), MSG_DONTWAIT);

		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			ev_run(line->loop, EVRUN_ONCE);
			continue;
		}
		total += (size_t)n;
		for (ssize_t i = 0; i < n; i++) {
			text[used++] = got[i];
			if (got[i] != '\n')
				continue;
			text[used] = '\0';
			sprintf(expected, "{\"n\":%zu}\n", next++);
			assert_string_equal(text, expected);
			used = 0;
		}
	}
	assert_int_equal(next, count);
	/* Nothing is left to send, and a socket with room no longer wakes the loop. */
	ev_run(line->loop, EVRUN_NOWAIT);
	ev_set_userdata(line->loop, &woken);
	ev_set_invoke_pending_cb(line->loop, count_pending);
	ev_run(line->loop, EVRUN_NOWAIT);
	assert_int_equal(woken, 0);
	assert_int_equal(recv(line->peer, got, sizeof(got), MSG_DONTWAIT), -1);
}

static void a_peer_that_does_not_read_is_given_up(void **state)
{
	struct line *line = *state;
	const size_t size = 65536;
	auto_free char *text = helper_fill('x', size);
	size_t total = 0;
	int room = 0;
	socklen_t room_size = sizeof(room);

	getsockopt(line->ours, SOL_SOCKET, SO_SNDBUF, &room, &room_size);
	text[size - 1] = '\n';
	while (!line->closed && total < 4 * (size_t)QMP_UNSENT_MAX) {
		qmp_stream_send(line->stream, text, size);
		total += size;
	}
	assert_string_equal(line->story.text, "closed");
	assert_int_equal(line->err.code, -EMSGSIZE);
	assert_non_null(strstr(line->err.text, "does not read"));
	/* The last line was the first too much, beside what the socket itself had taken. */
	assert_true(total > QMP_UNSENT_MAX);
	assert_true(total <= (size_t)QMP_UNSENT_MAX + (size_t)room + 2 * size);
	qmp_stream_send(line->stream, text, size);
	assert_int_equal(line->closed, 1);
}

static void answer_too_much(struct line *line)
{
	auto_free char *text = helper_fill('x', 1 << 20);

	for (int i = 0; i < 20; i++)
		qmp_stream_send(line->stream, text, 1 << 20);
}

static void a_stream_closed_while_it_hands_over_hands_over_no_more(void **state)
{
	struct line *line = *state;

	line->on_message = answer_too_much;
	comes(line, "{\"a\":1}\n{\"b\":2}\n");
	assert_string_equal(line->story.text, "<{\"a\":1}>closed");
	assert_int_equal(line->err.code, -EMSGSIZE);
}

/* Whenever a message was read there is another. */
static void write_another(struct line *line)
{
	if (line->messages < 100000)
		peer_writes(line, "{}\n", 3);
}

static void a_peer_that_never_stops_does_not_starve_the_others(void **state)
{
	struct line *line = *state;
	struct deadline other;
	bool turn = false;

	line->on_message = write_another;
	peer_writes(line, "{}\n", 3);
	deadline_init(&other, helper_late, &turn);
	deadline_start(line->loop, &other, 0);
	LOOP_UNTIL(line->loop, turn);
	assert_in_range(line->messages, 0, 1000);
	/* And it goes on being heard. */
	LOOP_UNTIL(line->loop, line->messages >= 2000);
}

static void a_stream_may_be_freed_with_input_and_output_waiting(void **state)
{
	struct line *line = *state;
	auto_free char *text = helper_fill('x', 1 << 20);

	qmp_stream_send(line->stream, text, 1 << 20);
	comes(line, "{\"a\":");
	qmp_stream_free(line->stream);
	line->stream = NULL;
	assert_int_equal(line->closed, 0);
	/* It owned the socket. */
	assert_int_equal(send(line->peer, "{}\n", 3, MSG_NOSIGNAL), -1);
	qmp_stream_free(NULL);
}

static void bad_line(void *ctx, const struct err *err)
{
	struct line *line = ctx;

	line->err = *err;
	story_add(&line->story, "bad ");
}

static const struct qmp_stream_handler serving = {
	.message = message_in,
	.bad_line = bad_line,
	.closed = closed,
};

#define SERVED_MAX 100000

/* The stream of the side that serves, in place of the other. */
static void serve(struct line *line)
{
	int fds[2];

	qmp_stream_free(line->stream);
	fd_close(&line->peer);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	line->peer = fds[0];
	line->ours = fds[1];
	line->stream = qmp_stream_new(line->loop, line->ours, &serving, line);
	qmp_stream_serve(line->stream, SERVED_MAX, SERVED_MAX);
}

static void served_objects_need_no_line_end(void **state)
{
	struct line *line = *state;

	serve(line);
	comes(line, "{\"a\":1}{\"b\":[{}]}");
	assert_string_equal(line->story.text, "<{\"a\":1}><{\"b\":[{}]}>");
	comes(line, "{\"c\":\"}{\\\"]\\\\\"");
	assert_int_equal(line->messages, 2);
	comes(line, "\n}\r\n\n");
	assert_int_equal(line->messages, 3);
	comes(line, "{\"d\":2}\n");
	assert_int_equal(line->messages, 4);
	assert_null(strstr(line->story.text, "bad"));
}

static void a_bad_line_costs_a_server_no_more_than_itself(void **state)
{
	static const char *const lines[] = {
		"hello\n",	     "}\n",	"{\"a\":\"\n", "{]",	   "[1]",
		"{\"a\":1,\"a\":2}", "\"x\\\n", "{\"a\" 1}",   "\\\"{]\n", "1\n",
	};
	struct line *line = *state;

	serve(line);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		story_begin_anew(&line->story);
		comes(line, lines[i]);
		assert_string_equal(line->story.text, "bad ");
		assert_int_equal(line->err.code, -EPROTO);
		comes(line, "{}");
		assert_string_equal(line->story.text, "bad <{}>");
	}
}

static void a_server_closes_at_its_own_limit(void **state)
{
	struct line *line = *state;
	auto_free char *text = helper_fill('[', SERVED_MAX + 1);

	serve(line);
	comes(line, text);
	assert_string_equal(line->story.text, "bad closed");
	assert_int_equal(line->err.code, -EMSGSIZE);
	assert_int_equal(line->messages, 0);
}

/* Each turn takes one of the messages that came together; what comes meanwhile comes behind them. */
static void a_server_that_is_late_takes_one_message_a_turn(void **state)
{
	static const struct qmp_stream_handler late = { .message = message_in,
							.closed = closed,
							.late = is_late };
	struct line *line = *state;
	int fds[2], turns = 0;

	qmp_stream_free(line->stream);
	fd_close(&line->peer);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	line->peer = fds[0];
	line->stream = qmp_stream_new(line->loop, fds[1], &late, line);
	qmp_stream_serve(line->stream, SERVED_MAX, SERVED_MAX);
	peer_writes(line, "{\"a\":1}{\"b\":1}{\"c\":1}{\"d", 24);
	for (; line->messages < 3; turns++) {
		size_t before = line->messages;

		ev_run(line->loop, EVRUN_ONCE);
		assert_true(line->messages <= before + 1);
		if (line->messages == 1 && before == 0)
			peer_writes(line, "\":1}", 4);
	}
	assert_true(turns >= 3);
	while (line->messages < 4)
		ev_run(line->loop, EVRUN_ONCE);
	assert_string_equal(line->story.text, "<{\"a\":1}><{\"b\":1}><{\"c\":1}><{\"d\":1}>");
	fd_close(&line->peer);
	while (!line->closed)
		ev_run(line->loop, EVRUN_ONCE);
	assert_int_equal(line->err.code, -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, connect_line, disconnect_line)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_comes_by_the_loop_with_its_line),
		TEST(two_messages_in_one_packet_come_in_order),
		TEST(a_message_in_many_packets_comes_once_and_whole),
		TEST(a_packet_may_end_one_message_and_begin_the_next),
		TEST(carriage_returns_and_blank_lines_are_no_matter),
		TEST(a_breach_closes_once_and_nothing_is_read_after_it),
		cmocka_unit_test(whatever_is_not_one_object_is_a_breach),
		TEST(nesting_without_end_is_a_breach),
		TEST(a_breach_quotes_only_the_beginning_of_a_long_line),
		TEST(the_end_of_the_peer_closes_after_its_last_words),
		TEST(an_end_within_a_line_is_told),
		TEST(a_peer_that_dies_with_our_words_unread_is_still_heard),
		TEST(a_line_of_the_longest_length_is_a_message),
		TEST(a_longer_line_is_given_up_before_its_end_comes),
		TEST(what_the_socket_does_not_take_is_sent_later_in_order),
		TEST(a_peer_that_does_not_read_is_given_up),
		TEST(a_stream_closed_while_it_hands_over_hands_over_no_more),
		TEST(a_peer_that_never_stops_does_not_starve_the_others),
		TEST(a_stream_may_be_freed_with_input_and_output_waiting),
		TEST(served_objects_need_no_line_end),
		TEST(a_bad_line_costs_a_server_no_more_than_itself),
		TEST(a_server_closes_at_its_own_limit),
		TEST(a_server_that_is_late_takes_one_message_a_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

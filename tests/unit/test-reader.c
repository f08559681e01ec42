// SPDX-License-Identifier: GPL-2.0-or-later
/* The thread that reads: answers in order, and what is cancelled. */
#include "tests/unit/helper.h"

#include <unistd.h>

#include "control/reader.h"

/* Of the thread, which the tests have waited for when they look. */
static unsigned executed;

/* Tells that it has begun, and goes on when it may. */
static int began[2], may_go[2];

static int slow(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	char byte;

	(void)state;
	(void)arguments;
	(void)err;
	if (write(began[1], "", 1) != 1 || read(may_go[0], &byte, 1) != 1)
		abort();
	*ret_value = json_pack("[s]", "slow");
	return 0;
}

static int quick(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	(void)state;
	(void)err;
	executed++;
	*ret_value = json_incref(json_object_get(arguments, "say"));
	return 0;
}

static const struct command slow_command = { "slow", NULL, .read = slow };
static const struct command quick_command = { "quick", NULL, .read = quick };

static void answered(void *ctx, char *text, const struct err *err)
{
	(void)err;
	story_add(ctx, "%s ", text);
	free(text);
}

static struct reader_job *ask(struct reader *reader, const char *say, struct story *story)
{
	auto_json json_t *arguments = json_pack("{s:[s]}", "say", say);

	return reader_submit(reader, &quick_command, arguments, answered, story);
}

/* The one at work does not come to its end before may_go. */
static struct reader_job *occupy(struct reader *reader, struct story *story)
{
	struct reader_job *job;
	char byte;

	executed = 0;
	if (pipe(began) < 0 || pipe(may_go) < 0)
		fail();
	job = reader_submit(reader, &slow_command, NULL, answered, story);
	assert_int_equal(read(began[0], &byte, 1), 1);
	return job;
}

static void let_go(void)
{
	assert_int_equal(write(may_go[1], "", 1), 1);
}

static void release(struct ev_loop *loop, struct reader *reader)
{
	reader_free(reader);
	ev_loop_destroy(loop);
	for (int i = 0; i < 2; i++) {
		close(began[i]);
		close(may_go[i]);
	}
}

static void what_waits_and_is_cancelled_is_not_executed(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct reader *reader = reader_new(loop, "/nonexistent");
	struct story story = { 0 };
	struct reader_job *first, *middle, *last;

	(void)state;
	occupy(reader, &story);
	first = ask(reader, "first", &story);
	ask(reader, "one", &story);
	middle = ask(reader, "middle", &story);
	ask(reader, "two", &story);
	last = ask(reader, "last", &story);
	reader_cancel(first);
	reader_cancel(last);
	reader_cancel(middle);
	ask(reader, "three", &story);
	let_go();
	LOOP_UNTIL(loop, strstr(story.text, "three"));
	assert_string_equal(story.text, "[\"slow\"] [\"one\"] [\"two\"] [\"three\"] ");
	assert_int_equal(executed, 3);
	release(loop, reader);
}

static void what_is_at_work_and_is_cancelled_has_no_answer(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct reader *reader = reader_new(loop, "/nonexistent");
	struct story story = { 0 };

	(void)state;
	reader_cancel(occupy(reader, &story));
	reader_cancel(ask(reader, "only", &story));
	ask(reader, "one", &story);
	let_go();
	LOOP_UNTIL(loop, *story.text);
	assert_string_equal(story.text, "[\"one\"] ");
	release(loop, reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_and_is_cancelled_is_not_executed),
		cmocka_unit_test(what_is_at_work_and_is_cancelled_has_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

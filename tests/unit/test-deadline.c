// SPDX-License-Identifier: GPL-2.0-or-later
/* Deadlines: once, not early, and never before what can already be read. */
#include "tests/unit/helper.h"

#include <fcntl.h>

#include "base/clock.h"

struct desk {
	struct ev_loop *loop;
	struct story story;
	struct deadline deadline;
	ev_io reader;
	int ends[2];
	int64_t fired_ns;
	bool reader_stops;
	int again; /* how often the deadline starts itself anew */
};

static void late(void *ctx)
{
	struct desk *desk = ctx;

	desk->fired_ns = clock_now_ns();
	story_add(&desk->story, "late ");
	if (desk->again-- > 0)
		deadline_start(desk->loop, &desk->deadline, 0);
}

static void readable(struct ev_loop *loop, ev_io *watch, int revents)
{
	struct desk *desk = watch->data;
	char byte;

	(void)loop;
	(void)revents;
	assert_int_equal(read(desk->ends[0], &byte, 1), 1);
	story_add(&desk->story, "read ");
	if (desk->reader_stops)
		deadline_stop(desk->loop, &desk->deadline);
}

static int open_desk(void **state)
{
	struct desk *desk = mem_new(struct desk);

	*state = desk;
	if (pipe2(desk->ends, O_CLOEXEC) < 0)
		return -1;
	desk->loop = ev_loop_new(EVFLAG_AUTO);
	deadline_init(&desk->deadline, late, desk);
	ev_io_init(&desk->reader, readable, desk->ends[0], EV_READ);
	desk->reader.data = desk;
	ev_io_start(desk->loop, &desk->reader);
	return 0;
}

static int close_desk(void **state)
{
	struct desk *desk = *state;

	deadline_stop(desk->loop, &desk->deadline);
	ev_io_stop(desk->loop, &desk->reader);
	ev_loop_destroy(desk->loop);
	close(desk->ends[0]);
	close(desk->ends[1]);
	free(desk);
	return 0;
}

static void it_comes_once(void **state)
{
	struct desk *desk = *state;

	ev_io_stop(desk->loop, &desk->reader);
	deadline_start(desk->loop, &desk->deadline, 1);
	/* Returns when nothing is left to wait for. */
	ev_run(desk->loop, 0);
	assert_string_equal(desk->story.text, "late ");
}

static void what_is_readable_is_read_before_it_is_called_late(void **state)
{
	struct desk *desk = *state;

	deadline_start(desk->loop, &desk->deadline, 0);
	assert_int_equal(write(desk->ends[1], "x", 1), 1);
	ev_run(desk->loop, EVRUN_ONCE);
	assert_string_equal(desk->story.text, "read late ");
}

static void a_reply_that_is_read_may_still_stop_it(void **state)
{
	struct desk *desk = *state;

	/* Both are due in one turn. */
	desk->reader_stops = true;
	deadline_start(desk->loop, &desk->deadline, 0);
	assert_int_equal(write(desk->ends[1], "x", 1), 1);
	ev_run(desk->loop, EVRUN_ONCE);
	ev_run(desk->loop, EVRUN_NOWAIT);
	assert_string_equal(desk->story.text, "read ");
}

static void zero_means_the_next_turn_and_not_now(void **state)
{
	struct desk *desk = *state;

	deadline_start(desk->loop, &desk->deadline, 0);
	assert_string_equal(desk->story.text, "");
	ev_run(desk->loop, EVRUN_ONCE);
	assert_string_equal(desk->story.text, "late ");
}

static void it_may_start_itself_anew_without_holding_the_loop(void **state)
{
	struct desk *desk = *state;

	desk->again = 1000000;
	deadline_start(desk->loop, &desk->deadline, 0);
	ev_run(desk->loop, EVRUN_ONCE);
	assert_int_equal(write(desk->ends[1], "x", 1), 1);
	LOOP_UNTIL(desk->loop, strstr(desk->story.text, "read"));
	desk->again = 0;
	LOOP_UNTIL(desk->loop, desk->again < 0);
}

static void it_counts_from_now_not_from_the_start_of_the_turn(void **state)
{
	struct desk *desk = *state;
	const int64_t after_ns = 20 * CLOCK_NS_PER_MS;
	int64_t began_ns = clock_now_ns();

	/* A turn in which much time has passed. */
	ev_now_update(desk->loop);
	while (clock_now_ns() < began_ns + 2 * after_ns)
		;
	began_ns = clock_now_ns();
	deadline_start(desk->loop, &desk->deadline, after_ns);
	LOOP_UNTIL(desk->loop, desk->fired_ns);
	/* A millisecond for libev's clock, which is a double. */
	assert_true(desk->fired_ns - began_ns >= after_ns - CLOCK_NS_PER_MS);
}

static void started_again_only_the_last_start_counts(void **state)
{
	struct desk *desk = *state;

	deadline_start(desk->loop, &desk->deadline, HELPER_LIMIT_NS);
	deadline_start(desk->loop, &desk->deadline, 1);
	LOOP_UNTIL(desk->loop, desk->fired_ns);
	deadline_start(desk->loop, &desk->deadline, 0);
	deadline_start(desk->loop, &desk->deadline, HELPER_LIMIT_NS);
	ev_run(desk->loop, EVRUN_NOWAIT);
	assert_string_equal(desk->story.text, "late ");
}

static void stopped_it_does_not_come_and_may_be_stopped_twice(void **state)
{
	struct desk *desk = *state;

	deadline_stop(desk->loop, &desk->deadline);
	deadline_start(desk->loop, &desk->deadline, 0);
	deadline_stop(desk->loop, &desk->deadline);
	deadline_stop(desk->loop, &desk->deadline);
	ev_io_stop(desk->loop, &desk->reader);
	ev_run(desk->loop, 0);
	assert_string_equal(desk->story.text, "");
}

static void on_a_grid_all_come_at_its_multiples_and_none_twice(void **state)
{
	const int64_t period_ns = 800;

	(void)state;
	assert_int_equal(clock_to_grid(8000, period_ns), 800);
	assert_int_equal(clock_to_grid(8001, period_ns), 799);
	assert_int_equal(clock_to_grid(8700, period_ns), 100);
	/* It came a little early. */
	assert_int_equal(clock_to_grid(8701, period_ns), 99 + 800);
	assert_int_equal(clock_to_grid(8799, period_ns), 1 + 800);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_comes_once),
		TEST(what_is_readable_is_read_before_it_is_called_late),
		TEST(a_reply_that_is_read_may_still_stop_it),
		TEST(zero_means_the_next_turn_and_not_now),
		TEST(it_may_start_itself_anew_without_holding_the_loop),
		TEST(it_counts_from_now_not_from_the_start_of_the_turn),
		TEST(started_again_only_the_last_start_counts),
		TEST(on_a_grid_all_come_at_its_multiples_and_none_twice),
		TEST(stopped_it_does_not_come_and_may_be_stopped_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

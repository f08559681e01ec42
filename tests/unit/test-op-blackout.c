// SPDX-License-Identifier: GPL-2.0-or-later
/* Blackout: which standstill counts, where it begins and ends, and how sure that is. */
#include "tests/unit/helper.h"

#include <sys/mman.h>

#include "base/clock.h"
#include "op/blackout.h"

/* One line of a story: a sample of both sides, or (ticks of -1) that STOP or RESET was read. */
struct line {
	int64_t at;
	int64_t src, dst;
};

#define STOPPED           \
	{                 \
		0, -1, -1 \
	}
#define NEVER (-1)

/* Plays the lines; the blackout must be over with the last one, no sooner, and be as long as said. */
static void play(enum blackout_kind kind, const struct line *lines, size_t count, int64_t length,
		 int64_t gap)
{
	struct blackout_join join = { .kind = kind };

	for (size_t i = 0; i < count; i++) {
		if (join.over)
			fail_msg("over before line %zu", i);
		if (lines[i].src < 0)
			blackout_join_stopped(&join);
		else
			blackout_join_sample(&join, lines[i].at, (uint64_t)lines[i].src,
					     (uint64_t)lines[i].dst);
	}
	assert_int_equal(join.over, length != NEVER);
	if (length == NEVER)
		return;
	assert_true(join.length_ns == length);
	assert_true(join.gap_ns == gap);
}

#define PLAY(kind, length, gap, ...)                                 \
	do {                                                         \
		static const struct line lines_[] = { __VA_ARGS__ }; \
		play(kind, lines_, ARRAY_SIZE(lines_), length, gap); \
	} while (0)

static void a_stop_lasts_from_the_last_tick_to_the_next(void **state)
{
	(void)state;
	PLAY(BLACKOUT_STOP, 30, 10, { 0, 1, 0 }, { 10, 5, 0 }, { 20, 7, 0 }, { 22, 7, 0 }, STOPPED,
	     { 30, 7, 0 }, { 40, 7, 0 }, { 50, 8, 0 });
}

static void what_moved_until_stop_was_read_moved_before(void **state)
{
	(void)state;
	/* The last ticks are seen by the sample taken at STOP alone. */
	PLAY(BLACKOUT_STOP, 18, 10, { 0, 1, 0 }, { 10, 5, 0 }, { 12, 7, 0 }, STOPPED, { 20, 7, 0 },
	     { 30, 8, 0 });
}

static void a_standstill_before_the_stop_is_not_meant(void **state)
{
	(void)state;
	PLAY(BLACKOUT_STOP, 15, 5, { 0, 1, 0 }, { 10, 1, 0 }, { 20, 1, 0 }, { 30, 2, 0 },
	     { 35, 3, 0 }, STOPPED, { 45, 3, 0 }, { 50, 9, 0 });
}

static void a_stop_without_its_event_is_never_over(void **state)
{
	(void)state;
	PLAY(BLACKOUT_STOP, NEVER, 0, { 0, 1, 0 }, { 10, 1, 0 }, { 20, 2, 0 });
	PLAY(BLACKOUT_LOAD, NEVER, 0, { 0, 1, 0 }, { 10, 1, 0 }, { 20, 2, 0 }, { 30, 3, 0 });
}

static void a_guest_that_stands_on_has_no_end(void **state)
{
	(void)state;
	PLAY(BLACKOUT_STOP, NEVER, 0, { 0, 1, 0 }, { 10, 2, 0 }, STOPPED, { 20, 2, 0 },
	     { 90, 2, 0 });
}

static void in_a_load_the_first_change_is_the_restored_one(void **state)
{
	(void)state;
	/* Back, as it is with an old snapshot, and forth, as with another guest's. */
	PLAY(BLACKOUT_LOAD, 40, 10, { 0, 90, 0 }, { 10, 95, 0 }, STOPPED, { 20, 95, 0 },
	     { 30, 40, 0 }, { 40, 40, 0 }, { 50, 41, 0 });
	PLAY(BLACKOUT_LOAD, 40, 10, { 0, 90, 0 }, { 10, 95, 0 }, STOPPED, { 20, 95, 0 },
	     { 30, 400, 0 }, { 40, 400, 0 }, { 50, 401, 0 });
}

static void a_reset_ends_with_the_first_tick_of_the_new_boot(void **state)
{
	(void)state;
	PLAY(BLACKOUT_RESET, 40, 10, { 0, 90, 0 }, { 10, 95, 0 }, { 12, 95, 0 }, STOPPED,
	     { 20, 95, 0 }, { 30, 0, 0 }, { 40, 0, 0 }, { 50, 1, 0 });
	/* The page was not seen empty. */
	PLAY(BLACKOUT_RESET, 20, 20, { 0, 90, 0 }, { 10, 95, 0 }, STOPPED, { 30, 3, 0 });
	/* It was, before RESET was read. */
	PLAY(BLACKOUT_RESET, 20, 10, { 0, 90, 0 }, { 10, 95, 0 }, { 20, 0, 0 }, STOPPED,
	     { 30, 3, 0 });
}

static void a_reset_that_resets_nothing_is_never_over(void **state)
{
	(void)state;
	PLAY(BLACKOUT_RESET, NEVER, 0, { 0, 90, 0 }, { 10, 95, 0 }, STOPPED, { 20, 95, 0 },
	     { 30, 96, 0 }, { 40, 97, 0 });
	/* Ticks that went back without the event are no reset either. */
	PLAY(BLACKOUT_RESET, NEVER, 0, { 0, 90, 0 }, { 10, 5, 0 }, { 20, 6, 0 });
}

static void a_destination_that_fills_is_no_guest_that_runs(void **state)
{
	(void)state;
	/* Its page changes while the source runs, and once more when the last of it comes. */
	PLAY(BLACKOUT_MOVE, 30, 10, { 0, 50, 0 }, { 10, 55, 0 }, { 20, 60, 52 }, { 30, 65, 58 },
	     { 40, 65, 58 }, { 50, 65, 65 }, { 60, 65, 66 });
}

static void the_gap_is_the_larger_one_at_either_end(void **state)
{
	(void)state;
	/* Gaps: 100 before it all, 7 with the last tick in it, 12 within, 3 at the end. */
	PLAY(BLACKOUT_MOVE, 25, 7, { 0, 1, 0 }, { 100, 50, 0 }, { 107, 55, 0 }, { 117, 55, 55 },
	     { 129, 55, 55 }, { 132, 55, 57 });
	/* The gap in which the last tick was done is as unsure as any. */
	PLAY(BLACKOUT_MOVE, 13, 40, { 0, 1, 0 }, { 10, 5, 0 }, { 50, 55, 0 }, { 60, 55, 55 },
	     { 63, 55, 56 });
}

static void a_switch_within_one_gap_has_no_length_but_the_gap(void **state)
{
	(void)state;
	PLAY(BLACKOUT_MOVE, 0, 10, { 0, 1, 0 }, { 10, 5, 0 }, { 20, 6, 9 });
}

/* Plays samples of one side; the longest time that it was seen to stand must be as said. */
static void watch(int64_t longest, const struct line *lines, size_t count)
{
	struct blackout blackout = { .join.kind = BLACKOUT_WATCH };
	int64_t found = -1;

	assert_false(blackout_longest(&blackout, &found));
	for (size_t i = 0; i < count; i++)
		blackout_join_sample(&blackout.join, lines[i].at, (uint64_t)lines[i].src, 0);
	assert_false(blackout.join.over);
	assert_true(blackout_longest(&blackout, &found));
	assert_true(found == longest);
}

#define WATCH(longest, ...)                                          \
	do {                                                         \
		static const struct line lines_[] = { __VA_ARGS__ }; \
		watch(longest, lines_, ARRAY_SIZE(lines_));          \
	} while (0)

static void of_a_guest_that_nobody_stops_the_longest_standstill_counts(void **state)
{
	(void)state;
	WATCH(0, { 0, 1, 0 }, { 10, 2, 0 }, { 20, 3, 0 });
	WATCH(20, { 0, 1, 0 }, { 10, 1, 0 }, { 20, 2, 0 }, { 30, 2, 0 }, { 40, 2, 0 }, { 50, 3, 0 },
	      { 60, 3, 0 });
	/* It still stands at the end. */
	WATCH(30, { 0, 1, 0 }, { 10, 2, 0 }, { 40, 2, 0 });
	/* Nobody looked for long, but it had moved. */
	WATCH(0, { 0, 1, 0 }, { 500, 2, 0 });
}

/* It stood until 95 of the 100 in which it was not looked at; what cannot be is not believed. */
static void what_qemu_says_of_its_resume_makes_the_last_gap_smaller(void **state)
{
	static const struct {
		int64_t stood, gap;
	} cases[] = { { 95, 6 }, { 100, 5 }, { -1, 91 }, { 5, 91 }, { 102, 91 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct blackout_join join = { .kind = BLACKOUT_STOP };

		blackout_join_sample(&join, 0, 1, 0);
		blackout_join_sample(&join, 5, 2, 0);
		/* Not before it stands. */
		blackout_join_stood(&join, 6, 6);
		blackout_join_sample(&join, 10, 2, 0);
		blackout_join_stopped(&join);
		blackout_join_stood(&join, cases[i].stood, 101);
		blackout_join_sample(&join, 101, 3, 0);
		assert_true(join.over);
		assert_int_equal(join.length_ns, 96);
		assert_int_equal(join.gap_ns, cases[i].gap);
	}
}

/* The sampler, on RAM that a guest of ours changes. */

#define RAM_SIZE (16ll << 20)

struct world {
	struct ev_loop *loop;
	struct ram *src, *dst;
	struct telemetry *src_page, *dst_page;
	struct blackout blackout;
	unsigned over;
};

static struct telemetry *map_page(const struct ram *ram)
{
	return mmap(NULL, TELEMETRY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ram_fd(ram),
		    TELEMETRY_GPA);
}

static int begin(void **state)
{
	struct world *world = mem_new(struct world);
	struct err err = { 0 };

	*state = world;
	world->loop = ev_loop_new(EVFLAG_AUTO);
	if (ram_new(RAM_SIZE, &world->src, &err) < 0 || ram_new(RAM_SIZE, &world->dst, &err) < 0)
		return -1;
	world->src_page = map_page(world->src);
	world->dst_page = map_page(world->dst);
	return world->src_page == MAP_FAILED || world->dst_page == MAP_FAILED ? -1 : 0;
}

static int end(void **state)
{
	struct world *world = *state;

	blackout_disarm(&world->blackout);
	munmap(world->src_page, TELEMETRY_SIZE);
	munmap(world->dst_page, TELEMETRY_SIZE);
	ram_free(world->src);
	ram_free(world->dst);
	ev_loop_destroy(world->loop);
	free(world);
	return 0;
}

static void set_ticks(struct telemetry *page, uint64_t ticks)
{
	page->version = TELEMETRY_VERSION;
	page->vcpus = 1;
	page->vcpu[0].tick = ticks;
	page->magic = TELEMETRY_MAGIC;
}

static void over(void *ctx)
{
	struct world *world = ctx;

	world->over++;
}

static void arm(struct world *world, enum blackout_kind kind)
{
	blackout_arm(&world->blackout, world->loop, kind, world->src, world->dst, over, world);
}

static void the_sampler_tells_once_and_then_rests(void **state)
{
	struct world *world = *state;
	int64_t length = -1, gap = -1;

	set_ticks(world->src_page, 7);
	arm(world, BLACKOUT_MOVE);
	assert_false(blackout_settled(&world->blackout));
	assert_false(blackout_result(&world->blackout, &length, &gap));
	set_ticks(world->dst_page, 8);
	LOOP_UNTIL(world->loop, world->over);
	assert_true(blackout_settled(&world->blackout));
	assert_true(blackout_result(&world->blackout, &length, &gap));
	assert_true(length > 0 && gap > 0);
	/* Nothing is left on the loop: it returns at once. */
	ev_run(world->loop, 0);
	assert_int_equal(world->over, 1);
}

static void a_stop_is_waited_for_only_once_it_has_come(void **state)
{
	struct world *world = *state;

	set_ticks(world->src_page, 7);
	arm(world, BLACKOUT_STOP);
	assert_true(blackout_settled(&world->blackout));
	blackout_stopped(&world->blackout);
	assert_false(blackout_settled(&world->blackout));
	set_ticks(world->src_page, 8);
	LOOP_UNTIL(world->loop, world->over);
	assert_true(blackout_settled(&world->blackout));
}

static void the_last_ticks_before_a_stop_are_not_the_next_after_it(void **state)
{
	struct world *world = *state;
	struct deadline pause;
	bool passed = false;

	set_ticks(world->src_page, 7);
	arm(world, BLACKOUT_STOP);
	set_ticks(world->src_page, 9);
	blackout_stopped(&world->blackout);
	/* However many samples fit in there, none of them sees the guest go on. */
	deadline_init(&pause, helper_late, &passed);
	deadline_start(world->loop, &pause, 5 * BLACKOUT_SAMPLE_NS);
	LOOP_UNTIL(world->loop, passed);
	assert_int_equal(world->over, 0);
	assert_false(blackout_settled(&world->blackout));
}

static void from_stop_to_resume_it_hardly_looks(void **state)
{
	struct world *world = *state;
	int64_t length, gap, before;

	set_ticks(world->src_page, 7);
	arm(world, BLACKOUT_STOP);
	blackout_stopped(&world->blackout);
	/* One more look, then it waits for long. */
	ev_run(world->loop, EVRUN_ONCE);
	assert_int_equal(world->over, 0);
	assert_true(ev_timer_remaining(world->loop, &world->blackout.timer) >
		    2. * BLACKOUT_SAMPLE_NS / CLOCK_NS_PER_S);
	before = clock_now_ns();
	set_ticks(world->src_page, 8);
	blackout_resumed(&world->blackout, before);
	assert_int_equal(world->over, 1);
	assert_true(blackout_result(&world->blackout, &length, &gap));
	assert_true(length > 0 && gap > 0);
}

static void without_telemetry_there_is_nothing_to_wait_for(void **state)
{
	struct world *world = *state;
	int64_t length, gap;

	arm(world, BLACKOUT_MOVE);
	assert_true(blackout_settled(&world->blackout));
	blackout_stopped(&world->blackout);
	assert_false(blackout_result(&world->blackout, &length, &gap));
	ev_run(world->loop, 0);
	assert_int_equal(world->over, 0);
}

static void disarmed_it_samples_no_more(void **state)
{
	struct world *world = *state;

	blackout_disarm(&world->blackout);
	set_ticks(world->src_page, 7);
	arm(world, BLACKOUT_MOVE);
	blackout_disarm(&world->blackout);
	set_ticks(world->dst_page, 8);
	ev_run(world->loop, 0);
	assert_int_equal(world->over, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stop_lasts_from_the_last_tick_to_the_next),
		cmocka_unit_test(what_moved_until_stop_was_read_moved_before),
		cmocka_unit_test(a_standstill_before_the_stop_is_not_meant),
		cmocka_unit_test(a_stop_without_its_event_is_never_over),
		cmocka_unit_test(a_guest_that_stands_on_has_no_end),
		cmocka_unit_test(in_a_load_the_first_change_is_the_restored_one),
		cmocka_unit_test(a_reset_ends_with_the_first_tick_of_the_new_boot),
		cmocka_unit_test(a_reset_that_resets_nothing_is_never_over),
		cmocka_unit_test(a_destination_that_fills_is_no_guest_that_runs),
		cmocka_unit_test(the_gap_is_the_larger_one_at_either_end),
		cmocka_unit_test(of_a_guest_that_nobody_stops_the_longest_standstill_counts),
		cmocka_unit_test(what_qemu_says_of_its_resume_makes_the_last_gap_smaller),
		cmocka_unit_test(a_switch_within_one_gap_has_no_length_but_the_gap),
		TEST(the_sampler_tells_once_and_then_rests),
		TEST(a_stop_is_waited_for_only_once_it_has_come),
		TEST(the_last_ticks_before_a_stop_are_not_the_next_after_it),
		TEST(from_stop_to_resume_it_hardly_looks),
		TEST(without_telemetry_there_is_nothing_to_wait_for),
		TEST(disarmed_it_samples_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

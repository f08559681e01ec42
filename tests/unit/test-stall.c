// SPDX-License-Identifier: GPL-2.0-or-later
/* What has to last before it is a hang, and what makes the wait begin anew. */
#include "tests/unit/helper.h"

#include "watch/stall.h"

#define MS CLOCK_NS_PER_MS
#define LIMIT_NS (10 * CLOCK_NS_PER_S)
#define STEP_NS (500 * MS)

/* Looks at one QEMU, half a second apart, until there is a verdict or the time is over. */
struct watched {
	struct stall stall;
	struct stall_look look; /* what the next look will find */
	enum failure_place place;
};

static void setup(struct watched *watched)
{
	*watched = (struct watched){
		.look = {
			.at_ns = 1000 * CLOCK_NS_PER_S,
			.in_band_asked = true,
			.out_of_band_asked = true,
			.status_running = true,
			.telemetry = true,
			.ticks = 1,
			.state = 'S',
		},
	};
}

/* Returns after how long there was a verdict; -1: never. guest: how many ticks between two looks. */
static int64_t watch(struct watched *watched, int64_t for_ns, unsigned guest)
{
	int64_t began_ns = watched->look.at_ns;

	while (watched->look.at_ns - began_ns < for_ns) {
		watched->look.at_ns += STEP_NS;
		watched->look.ticks += guest;
		/* Each second look finds a new answer. */
		if (!watched->look.in_band_sent_ns && watched->look.at_ns % (2 * STEP_NS))
			watched->look.in_band_answered_ns = watched->look.at_ns - MS;
		watched->place = stall_look(&watched->stall, &watched->look, LIMIT_NS);
		if (watched->place != PLACE_NONE)
			return watched->look.at_ns - began_ns;
	}
	return -1;
}

#define NEVER (-1)
#define LONG_NS (100 * CLOCK_NS_PER_S)

/* A verdict of that place, not before the limit and at most four looks after it. */
static void hangs(struct watched *watched, unsigned guest, enum failure_place place)
{
	int64_t after_ns = watch(watched, LONG_NS, guest);

	if (watched->place != place)
		fail_msg("%s, not %s", failure_place_name(watched->place),
			 failure_place_name(place));
	assert_in_range(after_ns, LIMIT_NS, LIMIT_NS + 4 * STEP_NS);
}

static void be_silent_in_band(struct watched *watched)
{
	watched->look.in_band_sent_ns = watched->look.at_ns;
}

static void a_healthy_vm_is_no_hang(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	assert_int_equal(watch(&watched, LONG_NS, 500), NEVER);
}

static void a_process_is_stopped_after_three_looks(void **state)
{
	struct watched watched;

	(void)state;
	for (const char *c = "Tt"; *c; c++) {
		setup(&watched);
		watch(&watched, LIMIT_NS, 1);
		watched.look.state = *c;
		assert_int_equal(watch(&watched, LONG_NS, 1), 3 * STEP_NS);
		assert_int_equal(watched.place, PLACE_PROCESS);
	}
	/* Two looks, then it runs, then two looks. */
	setup(&watched);
	for (int i = 0; i < 10; i++) {
		watched.look.state = 'T';
		assert_int_equal(watch(&watched, 2 * STEP_NS, 1), NEVER);
		watched.look.state = 'R';
		assert_int_equal(watch(&watched, STEP_NS, 1), NEVER);
	}
}

static void silence_is_not_judged_while_the_process_seems_to_be_stopped(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	watch(&watched, STEP_NS, 1);
	be_silent_in_band(&watched);
	watched.look.out_of_band_sent_ns = watched.look.at_ns;
	assert_int_equal(watch(&watched, LIMIT_NS - STEP_NS, 0), NEVER);
	watched.look.state = 'T';
	assert_int_equal(watch(&watched, LONG_NS, 0), 3 * STEP_NS);
	assert_int_equal(watched.place, PLACE_PROCESS);
}

static void d_state_must_last_and_use_no_cpu(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	watch(&watched, STEP_NS, 1);
	watched.look.state = 'D';
	hangs(&watched, 1, PLACE_PROCESS);
	/* Many short ones, as of a disk that is busy. */
	setup(&watched);
	watched.look.state = 'D';
	for (int i = 0; i < 100; i++) {
		watched.look.cpu_ticks++;
		assert_int_equal(watch(&watched, STEP_NS, 1), NEVER);
	}
}

static void a_guest_that_stands_while_all_is_well_is_stuck(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	hangs(&watched, 0, PLACE_VCPU);
	/* One tick in all that time is slow, not stuck. */
	setup(&watched);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(watch(&watched, LIMIT_NS - STEP_NS, 0), NEVER);
		watched.look.ticks++;
	}
	/* A load sets the ticks back. */
	setup(&watched);
	watched.look.ticks = 1000;
	assert_int_equal(watch(&watched, LIMIT_NS - STEP_NS, 0), NEVER);
	watched.look.ticks = 7;
	assert_int_equal(watch(&watched, LIMIT_NS - STEP_NS, 0), NEVER);
}

static void a_guest_may_stand_that_was_stopped_or_has_no_telemetry(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	watched.look.status_running = false;
	assert_int_equal(watch(&watched, LONG_NS, 0), NEVER);
	/* And the moment after it was started it has not stood for long. */
	watched.look.status_running = true;
	assert_int_equal(watch(&watched, LIMIT_NS - STEP_NS, 0), NEVER);
	setup(&watched);
	watched.look.telemetry = false;
	assert_int_equal(watch(&watched, LONG_NS, 0), NEVER);
}

/* The last answer said that the guest runs; whether it should do so now, nobody knows. */
static void an_answer_says_nothing_of_the_time_after_it(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	watch(&watched, LIMIT_NS, 1);
	for (int i = 0; i < 100; i++) {
		watched.look.at_ns += STEP_NS;
		assert_int_equal(stall_look(&watched.stall, &watched.look, LIMIT_NS), PLACE_NONE);
	}
	watched.look.in_band_answered_ns = watched.look.at_ns;
	assert_int_equal(stall_look(&watched.stall, &watched.look, LIMIT_NS), PLACE_VCPU);
}

static void a_silent_main_loop_is_a_hang_but_in_a_busy_step(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	be_silent_in_band(&watched);
	hangs(&watched, 1, PLACE_MAIN_LOOP);

	setup(&watched);
	be_silent_in_band(&watched);
	watched.look.busy = true;
	assert_int_equal(watch(&watched, LONG_NS, 0), NEVER);
	/* The step has ended, and the answer is still on its way. */
	watched.look.busy = false;
	assert_int_equal(watch(&watched, LIMIT_NS - STEP_NS, 0), NEVER);
	watched.look.in_band_sent_ns = 0;
	assert_int_equal(watch(&watched, LIMIT_NS, 1), NEVER);
}

static void silence_on_both_channels_is_a_hang_of_the_monitor(void **state)
{
	struct watched watched;

	(void)state;
	for (int busy = 0; busy < 2; busy++) {
		setup(&watched);
		be_silent_in_band(&watched);
		watched.look.out_of_band_sent_ns = watched.look.at_ns;
		watched.look.busy = busy;
		hangs(&watched, 1, PLACE_MONITOR);
	}
}

static void without_out_of_band_a_futex_tells_the_main_loop_from_the_monitor(void **state)
{
	struct watched watched;

	(void)state;
	for (int futex = 0; futex < 2; futex++) {
		setup(&watched);
		be_silent_in_band(&watched);
		watched.look.out_of_band_asked = false;
		watched.look.in_futex = futex;
		hangs(&watched, 0, futex ? PLACE_MAIN_LOOP : PLACE_MONITOR);
	}
}

static void without_heartbeats_only_the_process_is_judged(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	watched.look.in_band_asked = watched.look.out_of_band_asked = false;
	watched.look.status_running = false;
	assert_int_equal(watch(&watched, LONG_NS, 0), NEVER);
	watched.look.state = 'T';
	watch(&watched, LONG_NS, 0);
	assert_int_equal(watched.place, PLACE_PROCESS);
}

static void a_look_that_comes_late_begins_anew(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	be_silent_in_band(&watched);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(watch(&watched, LIMIT_NS - STEP_NS, 0), NEVER);
		watched.look.at_ns += STALL_GAP_NS;
	}
	hangs(&watched, 0, PLACE_MAIN_LOOP);
	/* Three looks at a stopped process do not count if we were stopped in between. */
	setup(&watched);
	watched.look.state = 'T';
	for (int i = 0; i < 10; i++) {
		assert_int_equal(watch(&watched, 2 * STEP_NS, 1), NEVER);
		watched.look.at_ns += STALL_GAP_NS;
	}
}

static void a_main_thread_that_waits_for_a_cpu_is_starved_not_stuck(void **state)
{
	struct watched watched;

	(void)state;
	setup(&watched);
	be_silent_in_band(&watched);
	for (int i = 0; i < 200; i++) {
		watched.look.run_delay_ns += STEP_NS * 6 / 10;
		assert_int_equal(watch(&watched, STEP_NS, 0), NEVER);
	}
	hangs(&watched, 0, PLACE_MAIN_LOOP);
	setup(&watched);
	be_silent_in_band(&watched);
	for (int i = 0; i < 200 && watched.place == PLACE_NONE; i++) {
		watched.look.run_delay_ns += STEP_NS * 4 / 10;
		watch(&watched, STEP_NS, 0);
	}
	assert_int_equal(watched.place, PLACE_MAIN_LOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_vm_is_no_hang),
		cmocka_unit_test(a_process_is_stopped_after_three_looks),
		cmocka_unit_test(silence_is_not_judged_while_the_process_seems_to_be_stopped),
		cmocka_unit_test(d_state_must_last_and_use_no_cpu),
		cmocka_unit_test(a_guest_that_stands_while_all_is_well_is_stuck),
		cmocka_unit_test(a_guest_may_stand_that_was_stopped_or_has_no_telemetry),
		cmocka_unit_test(an_answer_says_nothing_of_the_time_after_it),
		cmocka_unit_test(a_silent_main_loop_is_a_hang_but_in_a_busy_step),
		cmocka_unit_test(silence_on_both_channels_is_a_hang_of_the_monitor),
		cmocka_unit_test(without_out_of_band_a_futex_tells_the_main_loop_from_the_monitor),
		cmocka_unit_test(without_heartbeats_only_the_process_is_judged),
		cmocka_unit_test(a_look_that_comes_late_begins_anew),
		cmocka_unit_test(a_main_thread_that_waits_for_a_cpu_is_starved_not_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

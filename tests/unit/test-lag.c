// SPDX-License-Identifier: GPL-2.0-or-later
/* The lag gauge: a turn that takes long is seen, and what the loop waits for is none. */
#include "tests/unit/helper.h"

#include <poll.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/lag.h"

#define LONG_MS 80

struct desk {
	struct ev_loop *loop;
	struct lag *lag;
	struct deadline deadline;
	int64_t took_ns, seen_ns;
};

static void take_long(void *ctx)
{
	struct desk *desk = ctx;
	int64_t began = clock_now_ns();

	poll(NULL, 0, LONG_MS);
	desk->seen_ns = lag_turn_ns(desk->lag);
	desk->took_ns = clock_now_ns() - began;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void desk_make(void (*fn)(void *ctx), struct desk *desk)
{
	*desk = (struct desk){ .loop = ev_loop_new(EVFLAG_AUTO) };
	desk->lag = lag_new(desk->loop);
	deadline_init(&desk->deadline, fn, desk);
}

static void desk_clear(struct desk *desk)
{
	lag_free(desk->lag);
	ev_loop_destroy(desk->loop);
}

static void a_long_turn_is_seen(void **state)
{
	struct desk desk;

	(void)state;
	desk_make(take_long, &desk);
	assert_int_equal(lag_longest_ns(desk.lag), 0);
	deadline_start(desk.loop, &desk.deadline, 0);
	ev_run(desk.loop, 0);
	/* It ends where the loop would wait. */
	ev_run(desk.loop, EVRUN_NOWAIT);
	assert_true(desk.seen_ns >= LONG_MS * CLOCK_NS_PER_MS);
	assert_true(lag_longest_ns(desk.lag) >= desk.took_ns);
	desk_clear(&desk);
}

static void waiting_is_no_turn(void **state)
{
	struct desk desk;
	int64_t began = clock_now_ns(), waited_ns;

	(void)state;
	desk_make(nothing, &desk);
	deadline_start(desk.loop, &desk.deadline, 4 * LONG_MS * CLOCK_NS_PER_MS);
	ev_run(desk.loop, 0);
	waited_ns = clock_now_ns() - began;
	ev_run(desk.loop, EVRUN_NOWAIT);
	assert_true(waited_ns >= 4 * LONG_MS * CLOCK_NS_PER_MS);
	assert_true(lag_longest_ns(desk.lag) < waited_ns);
	desk_clear(&desk);
}

/* Else a loop that has nothing to do would never end. */
static void it_does_not_keep_the_loop(void **state)
{
	struct desk desk;

	(void)state;
	desk_make(nothing, &desk);
	ev_run(desk.loop, 0);
	desk_clear(&desk);
	lag_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_turn_is_seen),
		cmocka_unit_test(waiting_is_no_turn),
		cmocka_unit_test(it_does_not_keep_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The active time of a campaign: pauses do not count, and leave their records. */
#include "campaign/activity.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#include "tests/unit/helper.h"

struct world {
	struct ev_loop *loop;
	struct records *records;
	struct activity activity;
	char *story;
	int passed;
};

static bool hear(void *ctx, const struct record *record, const struct record_durable *durable)
{
	struct world *w = ctx;

	(void)durable;
	if (record->type == RECORD_GAP)
		mem_append(&w->story, "", "gap: %s\n", record->gap.reason);
	else if (record->type == RECORD_GAP_END)
		mem_append(&w->story, "", "end\n");
	return false;
}

static void passed(void *ctx)
{
	struct world *w = ctx;

	w->passed++;
}

static void begin(struct world *w, int64_t limit_ns, int64_t before_ns)
{
	w->loop = ev_loop_new(0);
	w->records = records_new(1);
	records_subscribe(w->records, hear, w);
	activity_begin(&w->activity, w->loop, w->records, 1, limit_ns, before_ns, passed, w);
}

static void finish(struct world *w)
{
	activity_finish(&w->activity);
	records_free(w->records);
	ev_loop_destroy(w->loop);
	free(w->story);
}

static void a_pause_stops_the_time_and_the_deadline(void **state)
{
	struct world w = { 0 };
	int64_t elapsed;

	(void)state;
	begin(&w, CLOCK_NS_PER_MS, 0);
	assert_true(activity_pause(&w.activity, "no room"));
	elapsed = activity_elapsed_ns(&w.activity);
	/* The first reason stays. */
	assert_false(activity_pause(&w.activity, "no memory"));
	/* Nothing keeps the loop: the deadline does not run. */
	ev_run(w.loop, 0);
	assert_int_equal(w.passed, 0);
	assert_true(activity_elapsed_ns(&w.activity) == elapsed);
	assert_true(activity_pause(&w.activity, NULL));
	assert_false(activity_pause(&w.activity, NULL));
	ev_run(w.loop, 0);
	assert_int_equal(w.passed, 1);
	assert_true(activity_elapsed_ns(&w.activity) > elapsed);
	activity_end(&w.activity, NULL);
	assert_string_equal(w.story, "gap: no room\nend\n");
	finish(&w);
}

static void a_standstill_does_not_count(void **state)
{
	struct world w = { 0 };
	int64_t now;

	(void)state;
	begin(&w, 3600 * CLOCK_NS_PER_S, 5 * CLOCK_NS_PER_S);
	/* It would have begun before the campaign did: the start took long. */
	activity_stood_still(&w.activity, 3600 * CLOCK_NS_PER_S, 0);
	assert_null(w.story);
	/* As if it had been active for an hour, less what is lost of that. */
	w.activity.since_ns -= 3600 * CLOCK_NS_PER_S;
	activity_stood_still(&w.activity, 3000 * CLOCK_NS_PER_S, 0);
	now = activity_elapsed_ns(&w.activity);
	assert_true(now >= 605 * CLOCK_NS_PER_S && now < 665 * CLOCK_NS_PER_S);
	/* A suspend takes nothing of the clock. */
	activity_stood_still(&w.activity, 0, 7200 * CLOCK_NS_PER_S);
	assert_true(activity_elapsed_ns(&w.activity) >= now);
	assert_string_equal(w.story,
			    "gap: " ACTIVITY_STOOD_STILL "\ngap: " ACTIVITY_STOOD_STILL "\n");
	/* In a gap there is none. */
	activity_pause(&w.activity, "no room");
	now = activity_elapsed_ns(&w.activity);
	activity_stood_still(&w.activity, 1, 1);
	assert_true(activity_elapsed_ns(&w.activity) == now);
	activity_end(&w.activity, NULL);
	activity_stood_still(&w.activity, 1, 1);
	assert_string_equal(w.story, "gap: " ACTIVITY_STOOD_STILL "\ngap: " ACTIVITY_STOOD_STILL
				     "\ngap: no room\nend\n");
	finish(&w);
}

static void what_went_before_counts(void **state)
{
	struct world w = { 0 };

	(void)state;
	begin(&w, 3600 * CLOCK_NS_PER_S, 3601 * CLOCK_NS_PER_S);
	assert_true(activity_elapsed_ns(&w.activity) >= 3601 * CLOCK_NS_PER_S);
	ev_run(w.loop, 0);
	assert_int_equal(w.passed, 1);
	assert_null(w.story);
	finish(&w);
}

static void one_that_begins_paused_has_its_gap_at_once(void **state)
{
	struct world w = { 0 };

	(void)state;
	activity_pause(&w.activity, "by a user");
	begin(&w, 0, 5);
	assert_true(activity_elapsed_ns(&w.activity) == 5);
	activity_end(&w.activity, NULL);
	assert_string_equal(w.story, "gap: by a user\nend\n");
	finish(&w);
}

static void a_suspended_one_leaves_its_gap_open(void **state)
{
	struct world w = { 0 };

	(void)state;
	begin(&w, 0, 0);
	activity_end(&w.activity, "qsoakd was stopped");
	activity_end(&w.activity, NULL);
	assert_string_equal(w.story, "gap: qsoakd was stopped\n");
	finish(&w);

	/* The gap that is open stays the only one. */
	w = (struct world){ 0 };
	begin(&w, 0, 0);
	activity_pause(&w.activity, "by a user");
	activity_end(&w.activity, "qsoakd was stopped");
	assert_string_equal(w.story, "gap: by a user\n");
	finish(&w);
}

static void one_that_never_began_is_fine(void **state)
{
	struct activity activity = { 0 };

	(void)state;
	activity_end(&activity, NULL);
	assert_true(activity_elapsed_ns(&activity) == 0);
	activity_pause(&activity, "no room");
	activity_finish(&activity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pause_stops_the_time_and_the_deadline),
		cmocka_unit_test(a_standstill_does_not_count),
		cmocka_unit_test(what_went_before_counts),
		cmocka_unit_test(one_that_begins_paused_has_its_gap_at_once),
		cmocka_unit_test(a_suspended_one_leaves_its_gap_open),
		cmocka_unit_test(one_that_never_began_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The record bus: who is told in which order, who promises durability, and the ids. */
#include "tests/unit/helper.h"

#include "base/record.h"

static struct story story;
static struct record_durable kept; /* by the one who promised */

/* What a subscriber is called, and whether it promises to call durable. */
struct listener {
	const char *name;
	bool promises;
};

static bool told(void *ctx, const struct record *record, const struct record_durable *durable)
{
	const struct listener *listener = ctx;

	assert_int_equal(record->type, RECORD_LOOP_END);
	story_add(&story, "%s%lld%s ", listener->name, (long long)record->loop_end.loop,
		  durable ? "?" : "");
	if (durable && listener->promises)
		kept = *durable;
	return listener->promises;
}

static void durable_called(void *ctx)
{
	story_add(&story, "durable%d ", *(int *)ctx);
}

static struct listener ears[] = { { "a", false }, { "b", true }, { "c", true } };

static struct records *bus_of(size_t first, size_t count)
{
	struct records *records = records_new(1);

	story_begin_anew(&story);
	kept = (struct record_durable){ 0 };
	for (size_t i = first; i < first + count; i++)
		records_subscribe(records, told, &ears[i]);
	return records;
}

static void emit(struct records *records, int loop)
{
	records_emit(records, &(struct record){ RECORD_LOOP_END, .loop_end.loop = loop });
}

static void emit_durable(struct records *records, int loop)
{
	static int seven = 7;

	records_emit_durable(records, &(struct record){ RECORD_LOOP_END, .loop_end.loop = loop },
			     (struct record_durable){ durable_called, &seven });
}

static void all_subscribers_are_told_in_their_order(void **state)
{
	struct records *records = bus_of(0, 3);

	(void)state;
	emit(records, 1);
	emit(records, 2);
	/* Nobody is asked for durability. */
	assert_string_equal(story.text, "a1 b1 c1 a2 b2 c2 ");
	assert_null(kept.fn);
	records_free(records);
}

static void the_first_who_promises_is_the_last_who_is_asked(void **state)
{
	struct records *records = bus_of(0, 3);

	(void)state;
	emit_durable(records, 1);
	assert_string_equal(story.text, "a1? b1? c1 ");
	/* It keeps a copy and calls it when it is so far. */
	kept.fn(kept.ctx);
	assert_string_equal(story.text, "a1? b1? c1 durable7 ");
	records_free(records);
}

static void when_nobody_promises_durable_is_called_at_once(void **state)
{
	struct records *records = bus_of(0, 1), *empty;

	(void)state;
	emit_durable(records, 1);
	assert_string_equal(story.text, "a1? durable7 ");
	records_free(records);

	empty = bus_of(0, 0);
	emit_durable(empty, 1);
	assert_string_equal(story.text, "durable7 ");
	emit(empty, 2);
	records_free(empty);
}

static void one_subscriber_may_subscribe_many_times(void **state)
{
	struct records *records = bus_of(0, 0);

	(void)state;
	for (int i = 0; i < 100; i++)
		records_subscribe(records, told, &ears[0]);
	emit(records, 1);
	assert_int_equal(story.used, 300);
	records_free(records);
}

static void ids_ascend_from_the_first(void **state)
{
	struct records *records = records_new(5), *large = records_new(INT64_MAX - 1);

	(void)state;
	for (int64_t id = 5; id < 100; id++)
		assert_true(records_new_id(records) == id);
	assert_true(records_new_id(large) == INT64_MAX - 1);
	records_free(records);
	records_free(large);
	records_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_subscribers_are_told_in_their_order),
		cmocka_unit_test(the_first_who_promises_is_the_last_who_is_asked),
		cmocka_unit_test(when_nobody_promises_durable_is_called_at_once),
		cmocka_unit_test(one_subscriber_may_subscribe_many_times),
		cmocka_unit_test(ids_ascend_from_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue of boots: never more than the limit, nobody is passed over, and who leaves is forgotten. */
#include "tests/unit/helper.h"

#include "campaign/boots.h"

enum { TURNS = 6 };

static struct story story;
static struct boots_turn turns[TURNS];

static void granted(void *ctx)
{
	story_add(&story, "%d ", (int)((struct boots_turn *)ctx - turns));
}

static struct boots *boots_of(unsigned limit)
{
	story_begin_anew(&story);
	for (int i = 0; i < TURNS; i++)
		turns[i] = (struct boots_turn){ .granted = granted, .ctx = &turns[i] };
	return boots_new(limit);
}

static void who_waits_goes_in_the_order_of_coming(void **state)
{
	struct boots *boots = boots_of(2);

	(void)state;
	for (int i = 0; i < TURNS; i++)
		assert_int_equal(boots_ask(boots, &turns[i]), i < 2);
	boots_leave(boots, &turns[1]);
	boots_leave(boots, &turns[0]);
	/* Who comes again goes to the end. */
	assert_false(boots_ask(boots, &turns[0]));
	boots_leave(boots, &turns[2]);
	boots_leave(boots, &turns[3]);
	boots_leave(boots, &turns[4]);
	assert_string_equal(story.text, "2 3 4 5 0 ");
	assert_true(boots_ask(boots, &turns[0]));
	boots_leave(boots, &turns[0]);
	boots_leave(boots, &turns[5]);
	assert_true(boots_ask(boots, &turns[3]));
	boots_leave(boots, &turns[3]);
	boots_free(boots);
	boots_free(NULL);
}

static void asking_again_changes_nothing(void **state)
{
	struct boots *boots = boots_of(1);

	(void)state;
	assert_true(boots_ask(boots, &turns[0]));
	assert_true(boots_ask(boots, &turns[0]));
	assert_false(boots_ask(boots, &turns[1]));
	assert_false(boots_ask(boots, &turns[1]));
	assert_false(boots_ask(boots, &turns[2]));
	boots_leave(boots, &turns[0]);
	boots_leave(boots, &turns[0]);
	assert_string_equal(story.text, "1 ");
	boots_leave(boots, &turns[1]);
	assert_string_equal(story.text, "1 2 ");
	boots_leave(boots, &turns[2]);
	boots_free(boots);
}

static void who_gives_up_waiting_is_left_out(void **state)
{
	struct boots *boots = boots_of(1);

	(void)state;
	for (int i = 0; i < 5; i++)
		boots_ask(boots, &turns[i]);
	boots_leave(boots, &turns[2]);
	boots_leave(boots, &turns[4]); /* the last one */
	assert_string_equal(story.text, "");
	assert_false(boots_ask(boots, &turns[5]));
	boots_leave(boots, &turns[1]); /* the first one */
	boots_leave(boots, &turns[0]);
	boots_leave(boots, &turns[3]);
	assert_string_equal(story.text, "3 5 ");
	boots_leave(boots, &turns[5]);
	boots_free(boots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_goes_in_the_order_of_coming),
		cmocka_unit_test(asking_again_changes_nothing),
		cmocka_unit_test(who_gives_up_waiting_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* When the disk or the memory is short, and when no longer. */
#include "control/shortage.h"

#include <stdlib.h>

#include "base/mem.h"

#include "tests/unit/helper.h"

#define MIB (1ll << 20)

static void a_limit_that_was_set(void **state)
{
	const struct shortage_limit limit = { 100 * MIB, 300 * MIB };

	(void)state;
	assert_false(shortage_is(&limit, MIB, 100 * MIB, 1000 * MIB, false));
	assert_true(shortage_is(&limit, MIB, 100 * MIB - 1, 1000 * MIB, false));
	/* What has begun goes on until there is clearly more. */
	assert_true(shortage_is(&limit, MIB, 300 * MIB - 1, 1000 * MIB, true));
	assert_false(shortage_is(&limit, MIB, 300 * MIB, 1000 * MIB, true));
}

static void the_default_is_a_part_of_what_is_small(void **state)
{
	const struct shortage_limit none = { 0 };

	(void)state;
	assert_true(shortage_is(&none, 256 * MIB, 256 * MIB - 1, 100000 * MIB, false));
	assert_false(shortage_is(&none, 256 * MIB, 256 * MIB, 100000 * MIB, false));
	assert_true(shortage_is(&none, 256 * MIB, 512 * MIB - 1, 100000 * MIB, true));
	assert_false(shortage_is(&none, 256 * MIB, 5 * MIB, 100 * MIB, false));
	assert_true(shortage_is(&none, 256 * MIB, 5 * MIB - 1, 100 * MIB, false));
	assert_true(shortage_is(&none, 256 * MIB, 10 * MIB - 1, 100 * MIB, true));
}

static void told(void *ctx, enum pause_cause cause, const char *why)
{
	char **story = ctx;

	mem_append(story, " ", "%s%s", why ? "" : "no ", pause_cause_name(cause));
}

static void this_host_is_looked_at(void **state)
{
	auto_free char *story = NULL;
	struct shortage_spec spec = {
		.folder = "/",
		.disk = { INT64_MAX, INT64_MAX },
		.memory = { 1, 2 },
		.pause = told,
		.ctx = &story,
	};
	struct ev_loop *loop = ev_loop_new(0);
	struct shortage *shortage = shortage_new(loop, &spec);

	(void)state;
	assert_string_equal(story, "disk");
	shortage_free(shortage);
	spec.disk = (struct shortage_limit){ 1, 2 };
	spec.memory = (struct shortage_limit){ INT64_MAX, INT64_MAX };
	shortage = shortage_new(loop, &spec);
	assert_string_equal(story, "disk memory");
	shortage_free(shortage);
	ev_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_that_was_set),
		cmocka_unit_test(the_default_is_a_part_of_what_is_small),
		cmocka_unit_test(this_host_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

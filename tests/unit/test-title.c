// SPDX-License-Identifier: GPL-2.0-or-later
/* Titles by frames: equal failures meet, different ones do not. */
#include "tests/unit/helper.h"

#include <signal.h>

#include "triage/signature.h"
#include "triage/title.h"

#define LIBC "{\"function\": \"raise\", \"module\": \"/lib/libc.so.6\"}"

static void assert_title(const struct failure *failure, const char *json, const char *expected)
{
	auto_json json_t *stacks = json_loads(json, 0, NULL);
	auto_free char *title = NULL;

	assert_non_null(stacks);
	title = title_of_stacks(failure, stacks);
	if (expected)
		assert_string_equal(title, expected);
	else
		assert_null(title);
}

static void test_deaths(void **state)
{
	const struct failure crash = { .class = FAILURE_CRASH, .exit = { .signal = SIGSEGV } };
	const struct failure assertion = { .class = FAILURE_ASSERTION,
					   .exit = { .signal = SIGABRT } };

	(void)state;
	/* The first thread is the one that died; what has no name says nothing; a clone is its function. */
	assert_title(&crash,
		     "{\"threads\": [{\"frames\": [" LIBC ", {\"function\": null}, "
		     "{\"function\": \"i\", \"inlined\": true}, "
		     "{\"function\": \"a.part.0\"}, {\"function\": \"b\"}]},"
		     "{\"role\": \"main\", \"frames\": [{\"function\": \"main\"}]}]}",
		     "crash by SIGSEGV in a < b");
	assert_title(&assertion,
		     "{\"threads\": [{\"frames\": [" LIBC
		     ", {\"function\": \"g_assertion_message\"},"
		     "{\"function\": \"a\"}, {\"function\": \"b\"}, {\"function\": \"c\"},"
		     "{\"function\": \"d\"}, {\"function\": \"e\"}]}]}",
		     "assertion by SIGABRT in a < b < c < d");
}

static void test_hangs(void **state)
{
	const struct failure hang = { .class = FAILURE_HANG, .place = PLACE_MAIN_LOOP };

	(void)state;
	assert_title(
		&hang,
		"{\"threads\": [{\"role\": \"vCPU 0\", \"frames\": [{\"function\": \"x\"}]},"
		"{\"role\": \"migration\", \"frames\": [{\"function\": \"qemu_sem_wait\"},"
		"{\"function\": \"multifd_send_sync_main\"}]},"
		"{\"role\": \"main\", \"frames\": [{\"function\": \"qemu_mutex_lock_impl\"},"
		"{\"function\": \"main_loop_wait\"}]}]}",
		"hang of main-loop: main in main_loop_wait, migration in multifd_send_sync_main");
	assert_title(&hang,
		     "{\"threads\": [{\"role\": \"main\", \"frames\": [{\"function\": \"f\"}]}]}",
		     "hang of main-loop: main in f");
	/* A role without a function is left out. */
	assert_title(&hang,
		     "{\"threads\": [{\"role\": \"main\", \"frames\": []},"
		     "{\"role\": \"migration\", \"frames\": [{\"function\": \"g\"}]}]}",
		     "hang of main-loop: migration in g");
	assert_title(&hang,
		     "{\"threads\": [{\"role\": \"main\", \"frames\": [{\"function\": \"f\"}]},"
		     "{\"role\": \"migration\", \"frames\": [{\"function\": null}]}]}",
		     "hang of main-loop: main in f");
}

static void test_none(void **state)
{
	const struct failure hang = { .class = FAILURE_HANG, .place = PLACE_VCPU };
	const struct failure leak = { .class = FAILURE_LEAK };

	(void)state;
	assert_null(title_of_stacks(&hang, NULL));
	assert_title(&hang, "{}", NULL);
	assert_title(&hang, "{\"threads\": {}}", NULL);
	assert_title(&hang, "{\"threads\": [1, {\"role\": \"main\", \"frames\": [2, {}]}]}", NULL);
	assert_title(&leak, "{\"threads\": [{\"frames\": [{\"function\": \"f\"}]}]}", NULL);
}

static void test_it_is_short_and_printable(void **state)
{
	const struct failure crash = { .class = FAILURE_CRASH, .exit = { .signal = SIGSEGV } };
	auto_free char *name = helper_fill('x', 1000);
	auto_json json_t *stacks =
		json_pack("{s:[{s:[{s:s}]}]}", "threads", "frames", "function", name);
	auto_free char *title = title_of_stacks(&crash, stacks);

	(void)state;
	assert_int_equal(strlen(title), SIGNATURE_MAX - 1);
	assert_title(&crash,
		     "{\"threads\": [{\"frames\": [{\"function\": \"a\\u001bb\\u00e9\"}]}]}",
		     "crash by SIGSEGV in a b  ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deaths),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_it_is_short_and_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

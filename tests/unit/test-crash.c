// SPDX-License-Identifier: GPL-2.0-or-later
/* What ended a QEMU: assertions in all their texts, signals, statuses, and junk for last words. */
#include "tests/unit/helper.h"

#include <signal.h>

#include "watch/crash.h"

#define BDRV_POLL_CO                                                           \
	"qemu-system-x86_64: ./block/block-gen.h:44: bdrv_poll_co: Assertion " \
	"`qemu_get_current_aio_context() == qemu_get_aio_context()' failed."

static const struct child_exit aborted = { .status = -1, .signal = SIGABRT };
static const struct child_exit crashed = { .status = -1, .signal = SIGSEGV, .core_dumped = true };

static void finds(const char *output, const char *function, const char *condition)
{
	struct crash_assertion found;

	if (!crash_find_assertion(output, &found))
		fail_msg("no assertion in: %s", output);
	/* Both point into the output. */
	assert_in_range(found.function, output, output + strlen(output));
	assert_in_range(found.condition, output, output + strlen(output));
	if (found.function_size != strlen(function) ||
	    memcmp(found.function, function, found.function_size))
		fail_msg("function %.*s, not %s", (int)found.function_size, found.function,
			 function);
	if (found.condition_size != strlen(condition) ||
	    memcmp(found.condition, condition, found.condition_size))
		fail_msg("condition %.*s, not %s", (int)found.condition_size, found.condition,
			 condition);
}

static void is_classified(const struct child_exit *how, const char *output,
			  enum failure_class class, const char *detail)
{
	char text[ERR_TEXT_MAX];

	assert_int_equal(crash_classify(how, output, text, sizeof(text)), class);
	assert_string_equal(text, detail);
}

static void an_assertion_of_glibc_names_function_and_condition(void **state)
{
	(void)state;
	finds(BDRV_POLL_CO "\n", "bdrv_poll_co",
	      "qemu_get_current_aio_context() == qemu_get_aio_context()");
	finds(BDRV_POLL_CO, "bdrv_poll_co",
	      "qemu_get_current_aio_context() == qemu_get_aio_context()");
	finds("qemu-system-x86_64: ../../block/io.c:1989: bdrv_co_write_req_prepare: Assertion "
	      "`!(bs->open_flags & BDRV_O_INACTIVE)' failed.\n",
	      "bdrv_co_write_req_prepare", "!(bs->open_flags & BDRV_O_INACTIVE)");
	finds("/opt/a b/qemu: ../hw/a.c:1: f: Assertion `s[0] == ':' || !strcmp(a, \"b\")' "
	      "failed.\n",
	      "f", "s[0] == ':' || !strcmp(a, \"b\")");
}

static void an_assertion_of_glib_names_function_and_condition(void **state)
{
	(void)state;
	finds("**\nERROR:../util/async.c:712:aio_context_set_thread: assertion failed: "
	      "(ctx != NULL)\n",
	      "aio_context_set_thread", "(ctx != NULL)");
	finds("**\nERROR:../block/qcow2.c:5:f: assertion failed: (a->b == c)\n"
	      "Bail out! ERROR:../block/qcow2.c:5:f: assertion failed: (a->b == c)\n",
	      "f", "(a->b == c)");
	/* g_assert_cmpint() also prints the values, which vary. */
	finds("ERROR:../a.c:5:f: assertion failed (a == b): (1 == 2)\n", "f", "(a == b)");
	/* g_assert_not_reached() */
	finds("ERROR:../tcg/tcg.c:1711:tcg_out_op: code should not be reached\n", "tcg_out_op",
	      "code should not be reached");
}

/* As of code in C++, whose functions are named with their arguments. */
static void a_function_may_be_named_with_its_arguments(void **state)
{
	(void)state;
	finds("qemu: ../disas/libvixl.cc:44: void vixl::Decoder::Visit(const Instruction*, int): "
	      "Assertion `instr != 0' failed.\n",
	      "void vixl::Decoder::Visit(const Instruction*, int)", "instr != 0");
}

static void the_last_assertion_counts(void **state)
{
	(void)state;
	finds("q: a.c:1: f: Assertion `one' failed.\nnoise\nq: b.c:2: g: Assertion `two' failed.\n"
	      "Aborted\n",
	      "g", "two");
	finds("q: a.c:1: f: Assertion `one' failed.\nERROR:b.c:2:g: assertion failed: (two)\n", "g",
	      "(two)");
}

static void a_function_of_any_length_is_found(void **state)
{
	auto_free char *name = helper_fill('f', 5000), *output = NULL;
	char detail[64];

	(void)state;
	output = mem_printf("q: a.c:1: %s: Assertion `x' failed.\n", name);
	finds(output, name, "x");
	/* It fills the detail and no more. */
	memset(detail, '#', sizeof(detail));
	assert_int_equal(crash_classify(&aborted, output, detail, sizeof(detail) - 1),
			 FAILURE_ASSERTION);
	assert_int_equal(strlen(detail), sizeof(detail) - 2);
	assert_int_equal(detail[sizeof(detail) - 1], '#');
}

static void what_only_looks_like_an_assertion_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"Assertion `x' failed.",
		"q: a.c:1: f: Assertion `x\n' failed.\n",
		"q: a.c:1: f: Assertion `x",
		"q: a.c:1: f: Assertion `",
		"ERROR: no such disk",
		"f: assertion failed: (x)",
		"q: f: assertion failed: (x) ERROR:",
	};
	struct crash_assertion found = { .function = "untouched" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (crash_find_assertion(texts[i], &found))
			fail_msg("%s", texts[i]);
		assert_string_equal(found.function, "untouched");
	}
}

static void an_abort_with_an_assertion_is_an_assertion(void **state)
{
	(void)state;
	is_classified(&aborted, "qemu: warning\n" BDRV_POLL_CO "\nmore words\n", FAILURE_ASSERTION,
		      "assertion in bdrv_poll_co: "
		      "qemu_get_current_aio_context() == qemu_get_aio_context()");
	is_classified(&aborted, "**\nERROR:../a.c:12:f: assertion failed: (x > 0)\n",
		      FAILURE_ASSERTION, "assertion in f: (x > 0)");
}

static void an_abort_without_an_assertion_is_a_crash(void **state)
{
	(void)state;
	is_classified(&aborted, "malloc(): corrupted top size\n", FAILURE_CRASH,
		      "ended by SIGABRT: malloc(): corrupted top size");
}

static void any_other_signal_is_a_crash_with_the_last_words_if_any(void **state)
{
	static const struct child_exit realtime = { .status = -1, .signal = 40 };

	(void)state;
	is_classified(&crashed, "", FAILURE_CRASH, "ended by SIGSEGV");
	is_classified(&crashed, "\n\n", FAILURE_CRASH, "ended by SIGSEGV");
	is_classified(&crashed, "first\nlast words\n\n", FAILURE_CRASH,
		      "ended by SIGSEGV: last words");
	is_classified(&realtime, "", FAILURE_CRASH, "ended by SIG?");
}

static void an_assertion_that_did_not_end_it_is_not_the_failure(void **state)
{
	static const struct child_exit left = { .status = 134 };

	(void)state;
	is_classified(&left, "q: a.c:1: f: Assertion `x' failed.\n", FAILURE_EXIT,
		      "exited with status 134: q: a.c:1: f: Assertion `x' failed.");
	is_classified(&crashed, "q: a.c:1: f: Assertion `x' failed.\n", FAILURE_CRASH,
		      "ended by SIGSEGV: q: a.c:1: f: Assertion `x' failed.");
}

static void leaving_by_itself_is_an_exit_with_its_status(void **state)
{
	static const struct child_exit zero = { 0 }, one = { .status = 1 };

	(void)state;
	is_classified(&zero, "", FAILURE_EXIT, "exited with status 0");
	is_classified(&one, "qemu: -drive if=pflash: Could not open 'x'\n", FAILURE_EXIT,
		      "exited with status 1: qemu: -drive if=pflash: Could not open 'x'");
}

static void of_an_end_that_nobody_tells_of_the_words_decide(void **state)
{
	const struct child_exit untold = { .status = -1 };

	(void)state;
	is_classified(&untold, "q: a.c:1: f: Assertion `x' failed.\n", FAILURE_ASSERTION,
		      "assertion in f: x");
	is_classified(&untold, "qemu: -drive: Could not open 'x'\n", FAILURE_EXIT,
		      "ended, libvirt does not tell how: qemu: -drive: Could not open 'x'");
	is_classified(&untold, "", FAILURE_CRASH, "ended, libvirt does not tell how");
}

static void junk_before_the_assertion_does_not_hide_it(void **state)
{
	char output[1024], detail[ERR_TEXT_MAX];
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 512; i++)
		output[used++] = (char)(i % 255 + 1);
	strcpy(output + used, "\n" BDRV_POLL_CO "\n\xff\xfe\n");
	assert_int_equal(crash_classify(&aborted, output, detail, sizeof(detail)),
			 FAILURE_ASSERTION);
	assert_non_null(strstr(detail, "bdrv_poll_co: qemu_get"));
}

static void the_detail_is_one_line_that_fits(void **state)
{
	auto_free char *words = helper_fill('w', 100000);
	char detail[ERR_TEXT_MAX + 1];

	(void)state;
	for (size_t size = 1; size < sizeof(detail); size++) {
		detail[size] = '#';
		crash_classify(&crashed, words, detail, size);
		assert_true(strlen(detail) < size);
		assert_null(strchr(detail, '\n'));
		assert_int_equal(detail[size], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_assertion_of_glibc_names_function_and_condition),
		cmocka_unit_test(an_assertion_of_glib_names_function_and_condition),
		cmocka_unit_test(a_function_may_be_named_with_its_arguments),
		cmocka_unit_test(the_last_assertion_counts),
		cmocka_unit_test(a_function_of_any_length_is_found),
		cmocka_unit_test(what_only_looks_like_an_assertion_is_none),
		cmocka_unit_test(an_abort_with_an_assertion_is_an_assertion),
		cmocka_unit_test(an_abort_without_an_assertion_is_a_crash),
		cmocka_unit_test(any_other_signal_is_a_crash_with_the_last_words_if_any),
		cmocka_unit_test(an_assertion_that_did_not_end_it_is_not_the_failure),
		cmocka_unit_test(leaving_by_itself_is_an_exit_with_its_status),
		cmocka_unit_test(of_an_end_that_nobody_tells_of_the_words_decide),
		cmocka_unit_test(junk_before_the_assertion_does_not_hide_it),
		cmocka_unit_test(the_detail_is_one_line_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

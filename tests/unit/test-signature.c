// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures: equal failures meet, different ones do not, and the text is plain and bounded. */
#include "tests/unit/helper.h"

#include <ctype.h>
#include <signal.h>

#include "triage/signature.h"

static const struct failure *failure_of(enum failure_class class, const char *detail)
{
	static struct failure failure;

	failure = (struct failure){
		.class = class,
		.kind = OP_SNAPSHOT_LOAD,
		.step = "load",
		.place = class == FAILURE_HANG ? PLACE_MAIN_LOOP : PLACE_NONE,
		.exit.signal = class == FAILURE_CRASH ? SIGSEGV : 0,
	};
	snprintf(failure.detail, sizeof(failure.detail), "%s", detail);
	return &failure;
}

/* The signature; valid until the second next call. */
static const char *signature(const struct failure *failure)
{
	static char texts[2][SIGNATURE_MAX];
	static int which;

	which = !which;
	signature_make(failure, texts[which], SIGNATURE_MAX);
	return texts[which];
}

static void meet(enum failure_class class, const char *one, const char *other)
{
	const char *first = signature(failure_of(class, one));
	const char *second = signature(failure_of(class, other));

	assert_string_equal(first, second);
}

static void differ(enum failure_class class, const char *one, const char *other)
{
	const char *first = signature(failure_of(class, one));
	const char *second = signature(failure_of(class, other));

	assert_string_not_equal(first, second);
}

static void each_class_has_its_title(void **state)
{
	struct failure failure;

	(void)state;
	assert_string_equal(signature(failure_of(FAILURE_ASSERTION, "assertion in f: n == 16")),
			    "assertion in f: n == 16");
	assert_string_equal(signature(failure_of(FAILURE_CRASH, "ended by SIGSEGV: some words")),
			    "crash by SIGSEGV in snapshot-load");
	assert_string_equal(signature(failure_of(FAILURE_SANITIZER, "ASan: index 5 in f")),
			    "ASan: index N in f");
	assert_string_equal(signature(failure_of(FAILURE_LEAK, "descriptors: 66 more")),
			    "leak of descriptors");
	assert_string_equal(signature(failure_of(FAILURE_HANG, "no end of step load")),
			    "hang of main-loop in snapshot-load/load");
	assert_string_equal(signature(failure_of(FAILURE_EXIT, "exited with status 1: oops")),
			    "exit with status 0 in snapshot-load: oops");
	assert_string_equal(signature(failure_of(FAILURE_ERROR, "no such tag")),
			    "error in snapshot-load/load: no such tag");
	assert_string_equal(signature(failure_of(FAILURE_PROTOCOL, "x")),
			    "protocol in snapshot-load: x");
	assert_string_equal(signature(failure_of(FAILURE_HOST, "x")),
			    "host in snapshot-load/load: x");

	/* Before its first step. */
	failure = *failure_of(FAILURE_HOST, "no memory");
	failure.kind = OP_BOOT;
	failure.step = NULL;
	assert_string_equal(signature(&failure), "host in boot/begin: no memory");
}

static void a_corruption_is_named_by_what_moved_the_memory_or_by_its_operation(void **state)
{
	struct failure failure = *failure_of(FAILURE_CORRUPTION, "offset 0x12");

	(void)state;
	failure.place = PLACE_FLASH;
	failure.after = "migrate";
	assert_string_equal(signature(&failure), "corruption of flash after migrate");
	failure.after = NULL;
	failure.place = PLACE_IMAGE;
	assert_string_equal(signature(&failure), "corruption of image in snapshot-load/load");
}

static void numbers_do_not_keep_equal_failures_apart(void **state)
{
	(void)state;
	meet(FAILURE_ERROR, "no end after 1200 ms", "no end after 7 ms");
	meet(FAILURE_ERROR, "line 10:20, -5 of 1.5", "line 9:3, -77 of 22.75");
	meet(FAILURE_ERROR, "job qsoak-12 failed", "job qsoak-345 failed");
	meet(FAILURE_ERROR, "12", "0");
}

static void addresses_do_not_keep_equal_failures_apart(void **state)
{
	(void)state;
	meet(FAILURE_ERROR, "free(): 0x7f3a00ff", "free(): 0x55d1e2");
	meet(FAILURE_ERROR, "at 0XABCDEF, then", "at 0x1, then");
	meet(FAILURE_ERROR, "at 0x7ffe", "at 42");
}

static void paths_do_not_keep_equal_failures_apart(void **state)
{
	(void)state;
	meet(FAILURE_ERROR, "Could not open '/srv/a/work/vm-1/flash.qcow2': No such file",
	     "Could not open '/tmp/b/flash.qcow2': No such file");
	meet(FAILURE_ERROR, "/usr/bin/qemu-img exited", "/opt/q/qemu-img exited");
	meet(FAILURE_ERROR, "in ../../qemu-7.2/block/io.c:12", "in ../block/io.c:3456");
	meet(FAILURE_ERROR, "(/a/b/c)", "(/c)");
	assert_string_equal(signature(failure_of(FAILURE_ERROR, "open \"/a/b c\" /d/e/ f")),
			    "error in snapshot-load/load: open \"b c\"  f");
}

/* A build in the tree names its files relative to where it was built. */
static void relative_paths_do_not_keep_equal_failures_apart(void **state)
{
	(void)state;
	meet(FAILURE_ERROR, "in block/io.c:12", "in /root/qemu/block/io.c:12");
	meet(FAILURE_ERROR, "open 'vm-a/flash.qcow2'", "open 'vm-b/flash.qcow2'");
}

static void the_last_words_of_a_crash_and_the_numbers_of_a_hang_do_not_matter(void **state)
{
	(void)state;
	meet(FAILURE_CRASH, "ended by SIGSEGV: one", "ended by SIGSEGV: other");
	meet(FAILURE_HANG, "no end of step load after 5 ms", "no end of step load; stands");
}

static void different_failures_stay_apart(void **state)
{
	static const enum failure_class by_words[] = { FAILURE_ASSERTION, FAILURE_PROTOCOL,
						       FAILURE_ERROR, FAILURE_HOST };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(by_words); i++)
		differ(by_words[i], "no such tag", "no such device");
	differ(FAILURE_EXIT, "exited with status 1: no such tag",
	       "exited with status 1: no such device");
	/* The condition is code, so its numbers count; so do those within a name. */
	differ(FAILURE_ASSERTION, "assertion in f: n == 16", "assertion in f: n == 17");
	differ(FAILURE_ASSERTION, "assertion in f: x", "assertion in g: x");
	differ(FAILURE_ERROR, "pflash0 is read-only", "pflash1 is read-only");
	differ(FAILURE_ERROR, "open '/a/flash.qcow2'", "open '/a/ram.qcow2'");
}

static void class_kind_step_place_and_signal_keep_failures_apart(void **state)
{
	struct failure base = *failure_of(FAILURE_HANG, "x"), other = base;

	(void)state;
	other.place = PLACE_JOB;
	assert_string_not_equal(signature(&base), signature(&other));
	other = base;
	other.kind = OP_MIGRATE;
	assert_string_not_equal(signature(&base), signature(&other));
	other = base;
	other.step = "dismiss";
	assert_string_not_equal(signature(&base), signature(&other));

	base = other = *failure_of(FAILURE_CRASH, "x");
	other.exit.signal = SIGBUS;
	assert_string_not_equal(signature(&base), signature(&other));
	other = base;
	other.class = FAILURE_EXIT;
	assert_string_not_equal(signature(&base), signature(&other));

	base = other = *failure_of(FAILURE_EXIT, "exited with status 1: x");
	other.exit.status = 127;
	assert_string_not_equal(signature(&base), signature(&other));
}

static void whatever_the_words_the_text_is_printable_ascii(void **state)
{
	struct failure failure = *failure_of(FAILURE_ERROR, "");

	(void)state;
	for (int class = 0; class < FAILURE_CLASS_COUNT; class ++) {
		const char *text;

		failure.class = (enum failure_class) class;
		failure.place = PLACE_JOB;
		for (int i = 0; i < 255; i++)
			failure.detail[i] = (char)(i + 1);
		failure.detail[255] = '\0';
		text = signature(&failure);
		assert_true(*text);
		for (const char *c = text; *c; c++)
			assert_true(isascii(*c) && isprint((unsigned char)*c));
	}
}

static void the_longest_words_fit_every_size(void **state)
{
	static const char *const pieces[] = { "x", "0x1 ", "/a/b ", "1 ", "\xc3\xa4", "a/" };
	char text[SIGNATURE_MAX + 1];

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
		struct failure failure = *failure_of(FAILURE_ERROR, "");

		while (strlen(failure.detail) + strlen(pieces[p]) < sizeof(failure.detail))
			strcat(failure.detail, pieces[p]);
		for (int class = 0; class < FAILURE_CLASS_COUNT; class ++) {
			failure.class = (enum failure_class) class;
			failure.place = PLACE_JOB;
			for (size_t size = 1; size <= SIGNATURE_MAX; size++) {
				text[size] = '#';
				signature_make(&failure, text, size);
				assert_true(strlen(text) < size);
				assert_int_equal(text[size], '#');
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_class_has_its_title),
		cmocka_unit_test(a_corruption_is_named_by_what_moved_the_memory_or_by_its_operation),
		cmocka_unit_test(numbers_do_not_keep_equal_failures_apart),
		cmocka_unit_test(addresses_do_not_keep_equal_failures_apart),
		cmocka_unit_test(paths_do_not_keep_equal_failures_apart),
		cmocka_unit_test(relative_paths_do_not_keep_equal_failures_apart),
		cmocka_unit_test(the_last_words_of_a_crash_and_the_numbers_of_a_hang_do_not_matter),
		cmocka_unit_test(different_failures_stay_apart),
		cmocka_unit_test(class_kind_step_place_and_signal_keep_failures_apart),
		cmocka_unit_test(whatever_the_words_the_text_is_printable_ascii),
		cmocka_unit_test(the_longest_words_fit_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

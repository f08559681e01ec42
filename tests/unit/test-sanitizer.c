// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports of sanitizers, as gcc 12 and clang 14 print them. */
#include "tests/unit/helper.h"

#include <signal.h>

#include "watch/crash.h"
#include "watch/sanitizer.h"

static void reads(const char *output, const char *expected)
{
	char detail[512] = "untouched";

	if (!sanitizer_find(output, detail, sizeof(detail)))
		fail_msg("no report in: %s", output);
	assert_string_equal(detail, expected);
}

static void asan_is_named_after_the_first_frame_of_qemus_own(void **state)
{
	(void)state;
	reads("qemu: a warning\n"
	      "=================================================================\n"
	      "==123==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010 at pc "
	      "0x55d0 bp 0x7ffe sp 0x7ffd\n"
	      "READ of size 8 at 0x602000000010 thread T0\n"
	      "    #0 0x7f01 in __interceptor_memcpy ../../../../src/libsanitizer/asan/x.cpp:827\n"
	      "    #1 0x7f02 in g_free (/lib/x86_64-linux-gnu/libglib-2.0.so.0+0x5b4e8)\n"
	      "    #2 0x55d1 in bdrv_drained_end ../block/io.c:398\n"
	      "    #3 0x55d2 in main ../softmmu/main.c:48\n"
	      "SUMMARY: AddressSanitizer: heap-use-after-free ../block/io.c:398 in "
	      "bdrv_drained_end\n",
	      "AddressSanitizer: heap-use-after-free in bdrv_drained_end");
	/* Without debug information there is a module instead of a line. */
	reads("==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0 (pc 0x5 bp 0x6 T0)\n"
	      "    #0 0x7f5 in memmove (/lib/x86_64-linux-gnu/libc.so.6+0x1)\n"
	      "    #1 0x5 in do_it (/opt/qemu-system-x86_64+0x5) (BuildId: 00ff)\n",
	      "AddressSanitizer: SEGV in do_it");
	/* Its own frame is only in the stack of who freed it. */
	reads("==1==ERROR: AddressSanitizer: attempting double-free on 0x602 in thread T0:\n"
	      "    #0 0x7f5 in __interceptor_free ../src/libsanitizer/asan/a.cpp:1\n"
	      "    #1 0x7f6 in start_thread ./nptl/pthread_create.c:442\n"
	      "freed by thread T1 here:\n"
	      "    #0 0x7f5 in __interceptor_free ../src/libsanitizer/asan/a.cpp:1\n"
	      "    #1 0x55 in job_unref ../job.c:3\n",
	      "AddressSanitizer: attempting double-free in job_unref");
	reads("==1==ERROR: LeakSanitizer: detected memory leaks\n\n"
	      "Direct leak of 24 byte(s) in 1 object(s) allocated from:\n"
	      "    #0 0x7f in __interceptor_calloc ../src/libsanitizer/asan/a.cpp:77\n"
	      "    #1 0x7f in g_malloc0 (/lib/libglib-2.0.so.0+0x5)\n"
	      "    #2 0x55 in qdict_new ../qobject/qdict.c:31\n",
	      "LeakSanitizer: detected memory leaks in qdict_new");
}

static void tsan_and_msan_have_frames_of_their_own_kind(void **state)
{
	(void)state;
	reads("==================\n"
	      "WARNING: ThreadSanitizer: data race (pid=77)\n"
	      "  Write of size 4 at 0x7b04 by thread T2 (mutexes: write M0):\n"
	      "    #0 memset <null> (libtsan.so.2+0x3ee9c)\n"
	      "    #1 qemu_event_set ../util/qemu-thread-posix.c:400 (qemu-system-x86_64+0x7)\n",
	      "ThreadSanitizer: data race in qemu_event_set");
	reads("==9==WARNING: MemorySanitizer: use-of-uninitialized-value\n"
	      "    #0 0x55 in ram_save_setup ../migration/ram.c:9:5\n",
	      "MemorySanitizer: use-of-uninitialized-value in ram_save_setup");
}

static void ubsan_names_the_function_or_else_the_file(void **state)
{
	(void)state;
	reads("../block/io.c:123:45: runtime error: signed integer overflow: 1 + 2147483647 cannot "
	      "be represented in type 'int'\n",
	      "UndefinedBehaviorSanitizer: signed integer overflow in io.c");
	reads("../a/b.c:1:2: runtime error: load of value 190, which is not a valid value for type "
	      "'bool'\n"
	      "    #0 0x55 in multifd_send ../migration/multifd.c:12\n",
	      "UndefinedBehaviorSanitizer: load of value 190 in multifd_send");
	/* The stack of the next report is not its own. */
	reads("x.c:1:2: runtime error: member access within null pointer of type 'struct Job'\n"
	      "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0\n"
	      "    #0 0x5 in other ../other.c:1\n",
	      "UndefinedBehaviorSanitizer: member access within null pointer of type 'struct Job' "
	      "in x.c");
}

static void the_first_report_counts(void **state)
{
	(void)state;
	reads("==1==ERROR: AddressSanitizer: stack-overflow on address 0x1\n    #0 0x5 in f a.c:1\n"
	      "SUMMARY: AddressSanitizer\n"
	      "==1==ERROR: LeakSanitizer: detected memory leaks\n    #0 0x5 in g a.c:1\n",
	      "AddressSanitizer: stack-overflow in f");
}

static void a_report_may_break_off_anywhere(void **state)
{
	static const char report[] =
		"==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602\n"
		"    #0 0x7f01 in void ns::f(int, char *) ../a.cc:1\n"
		"x.c:1:2: runtime error: shift exponent 32 is too large\n";

	(void)state;
	for (size_t size = 0; size < sizeof(report); size++) {
		auto_free char *cut = mem_strndup(report, size);
		char detail[64];

		memset(detail, '#', sizeof(detail));
		/* It fits any size, and reads nothing behind the end. */
		sanitizer_find(cut, detail, 20);
		assert_int_equal(detail[20], '#');
	}
	reads(report, "AddressSanitizer: heap-buffer-overflow in void");
}

static void other_output_is_no_report(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"qemu: -object: runtime error",
		"AddressSanitizer: heap-use-after-free",
		"    #0 0x5 in f a.c:1\n",
		"ERROR: AddressSanitizer",
	};
	char detail[64] = "untouched";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (sanitizer_find(texts[i], detail, sizeof(detail)))
			fail_msg("%s", texts[i]);
	assert_string_equal(detail, "untouched");
}

/* Whatever ended it: the status is the sanitizer's own affair. */
static void a_death_with_a_report_is_of_class_sanitizer(void **state)
{
	static const struct child_exit ends[] = { { .status = 1 },
						  { .status = 66 },
						  { .status = -1, .signal = SIGABRT } };
	char detail[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		assert_int_equal(crash_classify(&ends[i],
						"==1==ERROR: AddressSanitizer: SEGV on unknown\n"
						"    #0 0x5 in f ../a.c:1\n",
						detail, sizeof(detail)),
				 FAILURE_SANITIZER);
		assert_string_equal(detail, "AddressSanitizer: SEGV in f");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asan_is_named_after_the_first_frame_of_qemus_own),
		cmocka_unit_test(tsan_and_msan_have_frames_of_their_own_kind),
		cmocka_unit_test(ubsan_names_the_function_or_else_the_file),
		cmocka_unit_test(the_first_report_counts),
		cmocka_unit_test(a_report_may_break_off_anywhere),
		cmocka_unit_test(other_output_is_no_report),
		cmocka_unit_test(a_death_with_a_report_is_of_class_sanitizer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

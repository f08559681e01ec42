// SPDX-License-Identifier: GPL-2.0-or-later
/* The last looks at a QEMU, as a table. */
#include "tests/unit/helper.h"

#include "watch/history.h"

static char *print(const struct history *history)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	history_print(history, out);
	fclose(out);
	return text;
}

static void test_what_a_look_saw(void **state)
{
	static struct history history;
	const struct stall_look well = { .at_ns = 12500 * CLOCK_NS_PER_MS,
					 .telemetry = true,
					 .ticks = 7,
					 .state = 'S',
					 .state_assumed = true };
	const struct stall_look silent = { .at_ns = 13001 * CLOCK_NS_PER_MS,
					   .in_band_sent_ns = 12000 * CLOCK_NS_PER_MS,
					   .out_of_band_sent_ns = 13000 * CLOCK_NS_PER_MS,
					   .state = 'D' };
	auto_free char *text = NULL;

	(void)state;
	history_add(&history, &well, "save");
	history_add(&history, &silent, NULL);
	text = print(&history);
	assert_string_equal(text, "     monotonic     in-band out-of-band  guest-ticks s step\n"
				  "        12.500           -           -            7 - save\n"
				  "        13.001        1001           1            - D -\n");
}

static void test_only_the_last_ones_are_kept(void **state)
{
	static struct history history;
	auto_free char *text = NULL, *first = NULL, *last = NULL;
	size_t lines = 0;

	(void)state;
	for (size_t i = 0; i < HISTORY_LOOKS + 3; i++)
		history_add(
			&history,
			&(struct stall_look){ .at_ns = (int64_t)i * CLOCK_NS_PER_S, .state = 'S' },
			NULL);
	text = print(&history);
	for (char *c = text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 1 + HISTORY_LOOKS);
	first = mem_printf("step\n%10d.000 ", 3);
	last = mem_printf("\n%10d.000 ", HISTORY_LOOKS + 2);
	assert_non_null(strstr(text, first));
	assert_non_null(strstr(text, last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_look_saw),
		cmocka_unit_test(test_only_the_last_ones_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

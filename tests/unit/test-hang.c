// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a VM hangs: the whole table of signals, and the part that the step plays. */
#include "tests/unit/helper.h"

#include "watch/hang.h"

/* The table, one row for each combination; '?' in a column: whatever stands there. */
static const struct {
	char out_of_band; /* 'n'ot offered, 'a'nswers, 's'ilent */
	char in_band;	  /* likewise */
	char guest;	  /* 'u'nknown, 'm'oves, 's'tands */
	char running;	  /* 'y' or 'n' */
	char halted;
	char futex;
	enum failure_place place; /* PLACE_NONE: by the step */
	char within;		  /* whether it is one before the limit: 'y', 'n', or 'b'usy: not in
				     a step that keeps the main loop busy */
} table[] = {
	/* A process that does not run can do nothing else, whatever it still seemed to answer. */
	{ '?', '?', '?', '?', 'y', '?', PLACE_PROCESS, 'y' },
	/* It answers all: then the guest, then the step. */
	{ '?', 'a', 's', 'y', 'n', '?', PLACE_VCPU, 'y' },
	{ '?', 'a', 's', 'n', 'n', '?', PLACE_NONE, 'n' },
	{ '?', 'a', 'm', '?', 'n', '?', PLACE_NONE, 'n' },
	{ '?', 'a', 'u', '?', 'n', '?', PLACE_NONE, 'n' },
	/* The monitor's thread is alive, the main loop is not. */
	{ 'a', 's', '?', '?', 'n', '?', PLACE_MAIN_LOOP, 'b' },
	/* Both are silent. */
	{ 's', 's', 'm', '?', 'n', '?', PLACE_MONITOR, 'y' },
	{ 's', 's', 's', '?', 'n', '?', PLACE_MONITOR, 'y' },
	{ 's', 's', 'u', '?', 'n', '?', PLACE_MONITOR, 'y' },
	/* No out-of-band to tell the two apart, but a guest that stands and a lock that is awaited. */
	{ 'n', 's', 's', '?', 'n', 'y', PLACE_MAIN_LOOP, 'b' },
	{ 'n', 's', 'u', '?', 'n', 'y', PLACE_MAIN_LOOP, 'b' },
	{ 'n', 's', 'm', '?', 'n', '?', PLACE_MONITOR, 'b' },
	{ 'n', 's', 's', '?', 'n', 'n', PLACE_MONITOR, 'b' },
	{ 'n', 's', 'u', '?', 'n', 'n', PLACE_MONITOR, 'b' },
	/* It never said hello. */
	{ '?', 'n', '?', '?', 'n', '?', PLACE_MONITOR, 'n' },
};

static const char answers[] = {
	[HANG_NOT_OFFERED] = 'n',
	[HANG_ANSWERS] = 'a',
	[HANG_SILENT] = 's',
};
static const char guests[] = {
	[HANG_GUEST_UNKNOWN] = 'u',
	[HANG_GUEST_MOVES] = 'm',
	[HANG_GUEST_STANDS] = 's',
};

static bool fits(char row, char is)
{
	return row == '?' || row == is;
}

static char letter(bool is)
{
	return is ? 'y' : 'n';
}

static size_t row_of(const struct hang_signals *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (fits(table[i].out_of_band, answers[s->out_of_band]) &&
		    fits(table[i].in_band, answers[s->in_band]) &&
		    fits(table[i].guest, guests[s->guest]) &&
		    fits(table[i].running, letter(s->status_running)) &&
		    fits(table[i].halted, letter(s->halted)) &&
		    fits(table[i].futex, letter(s->main_in_futex)))
			return i;
	fail_msg("the table has a hole");
	return 0;
}

static const enum failure_place by_step[] = {
	[OP_PLACE_MONITOR] = PLACE_MONITOR,
	[OP_PLACE_JOB] = PLACE_JOB,
	[OP_PLACE_MIGRATION] = PLACE_MIGRATION,
	[OP_PLACE_SHUTDOWN] = PLACE_SHUTDOWN,
};

static void check(const struct hang_signals *signals, enum op_place step)
{
	size_t row = row_of(signals);
	enum failure_place is = hang_place(signals, step), wanted = table[row].place;
	char within = table[row].within;

	if (wanted == PLACE_NONE)
		wanted = by_step[step];
	if (is != wanted)
		fail_msg("oob %c, in-band %c, guest %c, running %d, halted %d, futex %d, step %d: "
			 "%s, not %s",
			 answers[signals->out_of_band], answers[signals->in_band],
			 guests[signals->guest], signals->status_running, signals->halted,
			 signals->main_in_futex, step, failure_place_name(is),
			 failure_place_name(wanted));
	assert_int_equal(hang_place_within(signals, false), within == 'n' ? PLACE_NONE : wanted);
	assert_int_equal(hang_place_within(signals, true), within == 'y' ? wanted : PLACE_NONE);
}

static void every_combination_of_signals_has_its_place(void **state)
{
	struct hang_signals s = { 0 };

	(void)state;
	for (int n = 0; n < 27 * 8 * 4; n++) {
		s.out_of_band = (enum hang_answer)(n % 3);
		s.in_band = (enum hang_answer)(n / 3 % 3);
		s.guest = (enum hang_guest)(n / 9 % 3);
		s.status_running = n / 27 & 1;
		s.halted = n / 54 & 1;
		s.main_in_futex = n / 108 & 1;
		check(&s, (enum op_place)(n / 216));
	}
}

static void when_all_answer_and_the_guest_moves_the_step_is_the_place(void **state)
{
	const struct hang_signals healthy = {
		.out_of_band = HANG_ANSWERS,
		.in_band = HANG_ANSWERS,
		.guest = HANG_GUEST_MOVES,
		.status_running = true,
	};

	(void)state;
	assert_int_equal(hang_place(&healthy, OP_PLACE_MONITOR), PLACE_MONITOR);
	assert_int_equal(hang_place(&healthy, OP_PLACE_JOB), PLACE_JOB);
	assert_int_equal(hang_place(&healthy, OP_PLACE_MIGRATION), PLACE_MIGRATION);
	assert_int_equal(hang_place(&healthy, OP_PLACE_SHUTDOWN), PLACE_SHUTDOWN);
}

static void a_guest_that_stands_because_it_was_stopped_is_no_vcpu_hang(void **state)
{
	struct hang_signals stopped = {
		.out_of_band = HANG_ANSWERS,
		.in_band = HANG_ANSWERS,
		.guest = HANG_GUEST_STANDS,
	};

	(void)state;
	assert_int_equal(hang_place(&stopped, OP_PLACE_JOB), PLACE_JOB);
	stopped.status_running = true;
	assert_int_equal(hang_place(&stopped, OP_PLACE_JOB), PLACE_VCPU);
}

static void every_class_and_place_has_the_name_that_people_read(void **state)
{
	static const char *const classes[] = { "assertion", "crash",	  "sanitizer", "exit",
					       "hang",	    "corruption", "protocol",  "error",
					       "leak",	    "host" };
	static const char *const places[] = { NULL,	   "process", "monitor",   "main-loop",
					      "vcpu",	   "job",     "migration", "shutdown",
					      "libvirt",   "ram",     "flash",	   "image",
					      "generation" };

	(void)state;
	assert_int_equal(ARRAY_SIZE(classes), FAILURE_CLASS_COUNT);
	assert_int_equal(ARRAY_SIZE(places), FAILURE_PLACE_COUNT);
	for (int i = 0; i < FAILURE_CLASS_COUNT; i++)
		assert_string_equal(failure_class_name((enum failure_class)i), classes[i]);
	assert_null(failure_place_name(PLACE_NONE));
	for (int i = 1; i < FAILURE_PLACE_COUNT; i++)
		assert_string_equal(failure_place_name((enum failure_place)i), places[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_of_signals_has_its_place),
		cmocka_unit_test(when_all_answer_and_the_guest_moves_the_step_is_the_place),
		cmocka_unit_test(a_guest_that_stands_because_it_was_stopped_is_no_vcpu_hang),
		cmocka_unit_test(every_class_and_place_has_the_name_that_people_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

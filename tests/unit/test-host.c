// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's own faults: counters of the kernel over a span of time, and full disks. */
#include "tests/unit/helper.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "watch/host.h"

#define S CLOCK_NS_PER_S

static void the_kernels_texts_are_read(void **state)
{
	struct host_sample sample = { 0 };

	(void)state;
	host_parse_stat("cpu  10 20 30 40 50 60 70 80 5 6\ncpu0 1 1 1 1 1 1 1 1 0 0\n", &sample);
	assert_int_equal(sample.total, 360);
	assert_int_equal(sample.stolen, 80);
	host_parse_vmstat("nr_free_pages 1\noom_kill 3\noom_killer 9\n", &sample);
	assert_int_equal(sample.oom_kills, 3);
	/* What is not there says nothing. */
	sample = (struct host_sample){ 0 };
	host_parse_stat("", &sample);
	host_parse_stat("cpu  1 2 3\n", &sample);
	host_parse_vmstat("nr_free_pages 1\n", &sample);
	assert_int_equal(sample.total, 0);
	assert_int_equal(sample.oom_kills, 0);
}

/* One sample a second: second n has used n * 100 ticks, and from second 10 to 20 half was stolen. */
static struct host_sample at(int second)
{
	struct host_sample sample = { .at_ns = second * S, .total = (uint64_t)second * 100 };
	int stolen = second < 10 ? 0 : second > 20 ? 10 : second - 10;

	sample.stolen = (uint64_t)stolen * 50;
	sample.oom_kills = second >= 15;
	return sample;
}

static void a_span_sees_what_happened_in_it(void **state)
{
	struct host_history *history = mem_new(struct host_history);
	struct host_sample now;

	(void)state;
	for (int second = 0; second < 30; second++) {
		struct host_sample sample = at(second);

		host_remember(history, &sample);
	}
	now = at(9);
	assert_int_equal(host_stolen(history, 0, &now), 0);
	now = at(20);
	assert_int_equal(host_stolen(history, 10 * S, &now), 50);
	assert_int_equal(host_stolen(history, 0, &now), 25);
	assert_int_equal(host_oom_kills(history, 14 * S, &now), 1);
	assert_int_equal(host_oom_kills(history, 15 * S, &now), 0);
	/* Between two samples the earlier one counts. */
	assert_int_equal(host_oom_kills(history, 15 * S - 1, &now), 1);
	now = at(30);
	assert_int_equal(host_stolen(history, 20 * S, &now), 0);
	free(history);
}

static void what_is_too_far_back_begins_with_the_oldest_sample(void **state)
{
	struct host_history *history = mem_new(struct host_history);
	struct host_sample now = { .at_ns = 1, .total = 100, .stolen = 100, .oom_kills = 1 };

	(void)state;
	/* Nothing is known. */
	assert_int_equal(host_stolen(history, 0, &now), 0);
	assert_int_equal(host_oom_kills(history, 0, &now), 0);
	for (int second = 0; second <= 100 + HOST_SAMPLES; second++) {
		struct host_sample sample = at(second);

		host_remember(history, &sample);
	}
	now = at(100 + HOST_SAMPLES);
	now.stolen += 10 * HOST_SAMPLES;
	/* The oldest sample is of second 101: what was stolen before is forgotten. */
	assert_int_equal(host_stolen(history, 0, &now), 10);
	assert_int_equal(host_oom_kills(history, 0, &now), 0);
	free(history);
}

static void words_of_a_full_disk_are_known(void **state)
{
	(void)state;
	assert_true(host_words_of_full_disk("the job failed: No space left on device"));
	assert_true(host_words_of_full_disk("write: Disk quota exceeded"));
	assert_false(host_words_of_full_disk("No such file or directory"));
	assert_false(host_words_of_full_disk(""));
}

/* In a mount namespace of its own. Exit status: 0 not full, 1 full, 77 not permitted. */
static int ask_small_disk(const char *folder, const char *size)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int flags = CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0);

		if (unshare(flags) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("none", folder, "tmpfs", 0, size) < 0)
			_exit(77);
		_exit(host_disk_full(folder));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_disk_without_room_is_full(void **state)
{
	char *scratch = helper_scratch();
	int small = ask_small_disk(scratch, "size=64k"), large = ask_small_disk(scratch, "size=8m");

	(void)state;
	helper_scratch_finish(scratch);
	assert_false(host_disk_full("/proc")); /* counts no blocks at all */
	assert_false(host_disk_full("/nowhere"));
	if (small == 77)
		skip();
	assert_int_equal(small, 1);
	assert_int_equal(large, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_texts_are_read),
		cmocka_unit_test(a_span_sees_what_happened_in_it),
		cmocka_unit_test(what_is_too_far_back_begins_with_the_oldest_sample),
		cmocka_unit_test(words_of_a_full_disk_are_known),
		cmocka_unit_test(a_disk_without_room_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in the results store after records, and when those who emitted them hear of it. */
#include "tests/unit/store-fixture.h"

#include <math.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static atomic_int wal_syncs;

static void count_sync(int fd)
{
	char link[32], target[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target));
	if (n > 4 && !memcmp(target + n - 4, "-wal", 4))
		wal_syncs++;
}

int fsync(int fd)
{
	count_sync(fd);
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	count_sync(fd);
	return (int)syscall(SYS_fdatasync, fd);
}

static void emit_ends(struct fixture *fx)
{
	static const struct record_step steps[] = { { "save", 300 }, { "dismiss", -1 } };
	static const struct record_measure measures[] = { { "downtime_ms", 1.5 }, { "none", NAN } };
	struct record end = operation_end(11, "ok");
	struct record fail = failure(13, 5000);

	end.operation_end.dst_run_id = 4;
	end.operation_end.stall_ns = 40;
	end.operation_end.steps = steps;
	end.operation_end.step_count = 2;
	end.operation_end.measures = measures;
	end.operation_end.measure_count = 2;
	emit(fx, end);
	end = operation_end(12, "failed");
	end.operation_end.src_run_id = 4;
	emit(fx, end);
	emit(fx, loop_end(0));
	emit(fx, loop_end(1));
	emit(fx, loop_end(1));
	fail.failure.operation_id = 12;
	fail.failure.dst_run_id = 4;
	fail.failure.place = "main-loop";
	fail.failure.kind = "migrate";
	fail.failure.step = "setup";
	fail.failure.expected = true;
	emit(fx, fail);
	emit(fx, failure(14, 4500));
	emit(fx,
	     (struct record){ .type = RECORD_RUN_END,
			      .run_end = { .id = RUN, .ended_unix_ns = 6000, .expected = true } });
	emit(fx, (struct record){ .type = RECORD_RUN_END,
				  .run_end = { .id = 4,
					       .ended_unix_ns = 6001,
					       .exit_status = -1,
					       .signal = 11 } });
	emit(fx, (struct record){ .type = RECORD_CAMPAIGN_END,
				  .campaign_end = { .id = CAMPAIGN,
						    .ended_unix_ns = 7000,
						    .end = "complete",
						    .exit_code = 1 } });
}

static void test_round_trip(void **state)
{
	struct fixture *fx = *state;
	struct record boot;

	open_store(fx);
	assert_int_equal(fx->first_id, 1);
	emit_begin(fx);
	emit(fx, run_begin(4));
	emit(fx, operation_begin(11, 0));
	boot = operation_begin(12, -1);
	boot.operation_begin.src_run_id = 0;
	emit(fx, boot);
	emit_ends(fx);
	close_store_well(fx);

	assert_rows(fx, "SELECT id, name, kernel, cpu, cpus FROM host",
		    "1|box|Linux 6.1|some cpu|8\n");
	assert_rows(fx,
		    "SELECT id, host_id, name, profile_text, seed, accel, accel_reason, machine, "
		    "ram_bytes, vms, "
		    "began_unix_ns, ended_unix_ns, end, exit_code FROM campaign",
		    "1|1|quick|name: quick\n|18446744073709551615|tcg|no luck|pc-q35-7.2|1048576|4|"
		    "1000|7000|complete|1\n");
	assert_rows(fx, "SELECT * FROM build", "2|1|stock|/usr/bin/qemu|QEMU 7.2|-|abcd|1|ours\n");
	assert_rows(fx, "SELECT * FROM run",
		    "3|1|2|1|0|77|[\"qemu\"]|2000|6000|exit|0|-|1|-|0\n"
		    "4|1|2|1|0|77|[\"qemu\"]|2000|6001|signal|-|11|0|-|0\n");
	assert_rows(fx, "SELECT * FROM operation",
		    "11|1|3|4|1|0|0|snapshot-save|ok|3000|500|40\n"
		    "12|1|4|-|1|0|-|snapshot-save|failed|3000|500|-\n");
	assert_rows(fx, "SELECT * FROM step", "11|0|save|300\n11|1|dismiss|-\n");
	assert_rows(fx, "SELECT * FROM measure", "11|downtime_ms|1.5\n");
	assert_rows(fx, "SELECT * FROM vm", "1|1|0|2\n");
	assert_rows(fx, "SELECT * FROM signature", "1|crash|crash: SIGSEGV|4500|5000\n");
	assert_rows(fx, "SELECT * FROM incident", "1|1|incidents/1\n");
	assert_rows(fx, "SELECT * FROM failure",
		    "13|1|12|3|4|1|1|1|0|2|5000|main-loop|migrate|setup|killed|1|-\n"
		    "14|1|-|3|-|1|1|1|0|2|4500|-|-|-|killed|0|-\n");
	assert_rows(fx,
		    "SELECT count(*) FROM (SELECT uuid FROM host UNION SELECT uuid FROM campaign) "
		    "WHERE uuid LIKE '________-____-7___-____-____________' "
		    "AND substr(uuid, 20, 1) IN ('8', '9', 'a', 'b')",
		    "2\n");
}

static void emit_titles(struct fixture *fx, int64_t id, int64_t at, const char *signature,
			const char *alternative)
{
	struct record record = failure(id, at);

	record.failure.signature = signature;
	record.failure.alternative = alternative;
	emit(fx, record);
}

/* Each once, whichever failures have it; a failure has its own. */
static void test_alternative_titles(void **state)
{
	struct fixture *fx = *state;

	open_store(fx);
	emit_begin(fx);
	emit_titles(fx, 11, 20, "a", "in frame");
	emit_titles(fx, 12, 10, "a", "in other");
	emit_titles(fx, 13, 30, "a", NULL);
	emit_titles(fx, 14, 40, "b", "in frame");
	close_store_well(fx);
	assert_rows(fx, "SELECT title FROM alternative ORDER BY id", "in frame\nin other\n");
	assert_rows(fx,
		    "SELECT f.id, a.title FROM failure AS f "
		    "LEFT JOIN alternative AS a ON a.id = f.alternative_id ORDER BY f.id",
		    "11|in frame\n12|in other\n13|-\n14|in frame\n");
}

static void test_reopen(void **state)
{
	struct fixture *fx = *state;
	struct stat st;

	umask(022);
	open_store(fx);
	assert_int_equal(stat(fx->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	emit_begin(fx);
	emit(fx, operation_begin(41, 0));
	emit(fx, failure(17, 4500));
	close_store_well(fx);

	open_store(fx);
	assert_int_equal(fx->first_id, 42);
	close_store_well(fx);
	/* The operation began at 3000; the failure was the last sign of life. */
	assert_rows(fx, "SELECT outcome, duration_ns FROM operation", "interrupted|-\n");
	assert_rows(fx, "SELECT end, ended_unix_ns, expected FROM run", "interrupted|-|-\n");
	assert_rows(fx, "SELECT end, ended_unix_ns, exit_code FROM campaign",
		    "interrupted|4500|-\n");
}

/* An end that was told is not changed by a later start. */
static void test_reopen_keeps_ends(void **state)
{
	struct fixture *fx = *state;

	open_store(fx);
	emit_begin(fx);
	emit(fx, run_begin(4));
	emit(fx, operation_begin(11, 0));
	emit(fx, operation_begin(12, 0));
	emit_ends(fx);
	close_store_well(fx);
	open_store(fx);
	close_store_well(fx);
	assert_rows(fx, "SELECT group_concat(outcome) FROM operation", "ok,failed\n");
	assert_rows(fx, "SELECT group_concat(end) FROM run", "exit,signal\n");
	assert_rows(fx, "SELECT end, ended_unix_ns FROM campaign", "complete|7000\n");
}

static void test_callbacks_in_order_on_the_loop(void **state)
{
	struct fixture *fx = *state;
	struct letter a = { fx, 'a' }, b = { fx, 'b' }, c = { fx, 'c' };

	open_store(fx);
	emit_begin(fx);
	emit_durable(fx, failure(11, 1), &a);
	emit_durable(fx, failure(12, 2), &b);
	emit(fx, loop_end(0));
	emit_durable(fx, failure(13, 3), &c);
	assert_string_equal(fx->log, ""); /* not from within emit */
	assert_true(run_until(fx, logged_three));
	assert_string_equal(fx->log, "abc");
	/* All that was emitted before is there, too. */
	assert_rows(fx, "SELECT count(*) FROM failure", "3\n");
	assert_rows(fx, "SELECT loops FROM vm", "1\n");
	ev_run(fx->loop, EVRUN_NOWAIT);
	close_store_well(fx);
	assert_string_equal(fx->log, "abc");
}

static bool loop_is_visible(struct fixture *fx)
{
	sqlite3 *db = open_outside(fx);
	auto_free char *text = select_text(db, "SELECT loops FROM vm");

	sqlite3_close(db);
	return !strcmp(text, "1\n");
}

static void on_poll(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
}

static void wait_for_loop(struct fixture *fx)
{
	ev_timer poll;

	ev_timer_init(&poll, on_poll, 0.005, 0.005);
	ev_timer_start(fx->loop, &poll);
	assert_true(run_until(fx, loop_is_visible));
	ev_timer_stop(fx->loop, &poll);
}

/* Rows that nobody waits for do not wait for one that somebody does. */
static void test_batch_ends_by_itself(void **state)
{
	struct fixture *fx = *state;

	open_store(fx);
	emit(fx, campaign_begin());
	emit(fx, loop_end(0));
	wait_for_loop(fx);
	close_store_well(fx);
}

static bool logged_two(struct fixture *fx)
{
	return strlen(fx->log) >= 2;
}

static void test_durable_is_synced(void **state)
{
	struct fixture *fx = *state;
	struct letter a = { fx, 'a' };
	int before;

	open_store(fx);
	emit_begin(fx);
	before = wal_syncs;
	emit_durable(fx, failure(11, 1), &a);
	assert_true(run_until(fx, logged_any));
	assert_true(wal_syncs > before);
	/* Timings leave the disk alone. */
	before = wal_syncs;
	emit(fx, loop_end(0));
	wait_for_loop(fx);
	assert_int_equal(wal_syncs, before);
	emit_durable(fx, failure(12, 1), &a);
	assert_true(run_until(fx, logged_two));
	assert_true(wal_syncs > before);
	close_store_well(fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_round_trip),
		STORE_TEST(test_alternative_titles),
		STORE_TEST(test_reopen),
		STORE_TEST(test_reopen_keeps_ends),
		STORE_TEST(test_callbacks_in_order_on_the_loop),
		STORE_TEST(test_batch_ends_by_itself),
		STORE_TEST(test_durable_is_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

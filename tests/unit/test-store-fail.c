// SPDX-License-Identifier: GPL-2.0-or-later
/* Failures of the results store: bad records, a full disk, a writer that cannot write. */
#include "tests/unit/store-fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void test_bad_record_costs_no_other(void **state)
{
	struct fixture *fx = *state;
	struct letter a = { fx, 'a' }, b = { fx, 'b' };
	struct record lost = operation_begin(11, 0);
	struct err err = { 0 };

	open_store(fx);
	emit_begin(fx);
	lost.operation_begin.campaign_id = 999;
	emit(fx, lost);
	emit_durable(fx, failure(12, 1), &a);
	assert_true(run_until(fx, logged_any));
	/* From now on nothing is stored, and nobody waits. */
	emit_durable(fx, failure(13, 1), &b);
	assert_true(run_until(fx, logged_three));
	assert_string_equal(fx->log, "Fab");
	assert_int_equal(fx->failure.code, -EIO);
	assert_non_null(strstr(fx->failure.text, fx->path));
	assert_non_null(strstr(fx->failure.text, "begin of an operation: FOREIGN KEY"));
	assert_int_equal(close_store(fx, &err), -EIO);
	assert_string_equal(err.text, fx->failure.text);
	assert_rows(fx, "SELECT id FROM failure", "12\n");
}

static void test_end_without_begin(void **state)
{
	struct fixture *fx = *state;
	struct err err = { 0 };

	open_store(fx);
	emit(fx, operation_end(11, "ok"));
	assert_int_equal(close_store(fx, &err), -ENOENT);
	assert_non_null(strstr(err.text, "end of an operation"));
}

/* Fills a disk that has room for 64 KiB per file; tells the last id that was durable. */
static void child_of_full_disk(struct fixture *fx, int fd)
{
	auto_free char *filler = mem_zalloc(8193);
	const struct rlimit limit = { 64 << 10, RLIM_INFINITY };
	struct letter a = { fx, 'a' };
	struct err err = { 0 };
	int64_t id = 100;

	memset(filler, 'x', 8192);
	signal(SIGXFSZ, SIG_IGN);
	if (try_open(fx, &err) < 0)
		_exit(10);
	emit(fx, campaign_begin());
	setrlimit(RLIMIT_FSIZE, &limit);
	for (;; id++) {
		auto_free char *name = mem_printf("%lld", (long long)id);
		struct record record = build(id, name);

		record.build.version = filler;
		fx->log[0] = 0;
		if (id == 200)
			_exit(11);
		emit_durable(fx, record, &a);
		if (!run_until(fx, logged_any))
			_exit(12);
		if (fx->log[0] == 'F')
			break;
		if (write(fd, &id, sizeof(id)) < 0)
			_exit(13);
	}
	emit_durable(fx, build(201, "late"), &a);
	if (!run_until(fx, logged_three) || strcmp(fx->log, "Faa"))
		_exit(14);
	if (!strstr(fx->failure.text, fx->path) || fx->failure.code >= 0)
		_exit(15);
	_exit(store_close(fx->store, &err) == fx->failure.code ? 0 : 16);
}

static void test_full_disk(void **state)
{
	struct fixture *fx = *state;
	auto_free char *expected = NULL;
	int pipes[2], status;
	int64_t id = 0;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		child_of_full_disk(fx, pipes[1]);
	close(pipes[1]);
	while (read(pipes[0], &id, sizeof(id)) > 0)
		;
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(id >= 100);

	open_store(fx);
	close_store_well(fx);
	expected = mem_printf("%lld|%lld\n", (long long)id - 99, (long long)id);
	assert_rows(fx, "SELECT count(*), max(id) FROM build", expected);
}

/* Somebody keeps the writer from writing, and the loop goes on. */
static void test_queue_limit(void **state)
{
	struct fixture *fx = *state;
	struct letter a = { fx, 'a' }, b = { fx, 'b' }, c = { fx, 'c' };
	auto_free char *expected = mem_printf("%d\n", STORE_QUEUE_MAX - 3);
	struct err err = { 0 };
	sqlite3 *db;

	open_store(fx);
	emit_begin(fx);
	emit_durable(fx, loop_end(0), &a);
	assert_true(run_until(fx, logged_any));
	db = open_outside(fx);
	run_outside(db, "BEGIN IMMEDIATE");
	for (int i = 0; i < STORE_QUEUE_MAX - 3; i++)
		emit(fx, loop_end(i));
	/* The three rows that there is still room for. */
	emit_durable(fx, failure(11, 1), &b);
	ev_run(fx->loop, EVRUN_NOWAIT);
	assert_string_equal(fx->log, "a");
	emit_durable(fx, loop_end(STORE_QUEUE_MAX), &c);
	assert_true(run_until(fx, logged_three));
	assert_string_equal(fx->log, "aFc");
	assert_int_equal(fx->failure.code, -ENOBUFS);

	/* What was queued is stored all the same. */
	run_outside(db, "ROLLBACK");
	sqlite3_close(db);
	assert_int_equal(close_store(fx, &err), -ENOBUFS);
	assert_rows(fx, "SELECT loops FROM vm", expected);
	assert_rows(fx, "SELECT id FROM failure", "11\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_bad_record_costs_no_other),
		STORE_TEST(test_end_without_begin),
		STORE_TEST(test_full_disk),
		STORE_TEST(test_queue_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

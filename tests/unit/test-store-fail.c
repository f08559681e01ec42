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
	assert_int_equal(fx->failure.code, -EBADMSG);
	assert_non_null(strstr(fx->failure.text, fx->path));
	assert_non_null(strstr(fx->failure.text, "begin of an operation: FOREIGN KEY"));
	assert_int_equal(close_store(fx, &err), -EBADMSG);
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

static bool logged_trouble(struct fixture *fx)
{
	return strchr(fx->log, 'T');
}

static bool logged_four(struct fixture *fx)
{
	return strlen(fx->log) == 4;
}

/* On a disk that has room for 64 KiB per file, until somebody makes more. */
static void child_of_full_disk(struct fixture *fx)
{
	auto_free char *filler = mem_zalloc(8193);
	struct rlimit limit;
	struct letter a = { fx, 'a' };
	struct err err = { 0 };
	int64_t id = 100;

	memset(filler, 'x', 8192);
	signal(SIGXFSZ, SIG_IGN);
	if (try_open(fx, &err) < 0)
		_exit(110);
	emit(fx, campaign_begin());
	getrlimit(RLIMIT_FSIZE, &limit);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 64 << 10, limit.rlim_max });
	for (; !logged_trouble(fx); id++) {
		auto_free char *name = mem_printf("%lld", (long long)id);
		struct record record = build(id, name);

		record.build.version = filler;
		fx->log[0] = 0;
		if (id == 200)
			_exit(111);
		emit_durable(fx, record, &a);
		if (!run_until(fx, logged_any))
			_exit(112);
	}
	/* Who waits is not told that it is stored. */
	emit_durable(fx, build(id, "late"), &a);
	ev_run(fx->loop, EVRUN_NOWAIT);
	if (strcmp(fx->log, "T") || !strstr(fx->failure.text, fx->path))
		_exit(113);
	setrlimit(RLIMIT_FSIZE, &limit);
	if (!run_until(fx, logged_four) || strcmp(fx->log, "Ttaa"))
		_exit(114);
	if (store_close(fx->store, &err) < 0)
		_exit(115);
	_exit((int)id - 100);
}

static void test_full_disk(void **state)
{
	struct fixture *fx = *state;
	auto_free char *expected = NULL;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		child_of_full_disk(fx);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 3, 99);
	expected = mem_printf("%d\n", WEXITSTATUS(status) + 1);
	assert_rows(fx, "SELECT count(*) FROM build", expected);
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

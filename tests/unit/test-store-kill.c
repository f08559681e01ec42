// SPDX-License-Identifier: GPL-2.0-or-later
/* The results store after kill -9: nothing that was durable is lost. */
#include "tests/unit/store-fixture.h"

#include <signal.h>
#include <sys/wait.h>

struct teller {
	struct fixture *fx;
	int fd;
	int64_t id;
};

/* Tells the parent that this failure is durable, and emits the next. */
static void tell(void *ctx)
{
	struct teller *teller = ctx;
	struct record next;

	if (write(teller->fd, &teller->id, sizeof(teller->id)) < 0)
		_exit(1);
	next = failure(++teller->id, 1);
	records_emit_durable(teller->fx->records, &next, (struct record_durable){ tell, teller });
}

static void child_of_kill(struct fixture *fx, int fd)
{
	struct teller teller = { fx, fd, 100 };
	struct record first = failure(100, 1);
	struct err err = { 0 };

	if (try_open(fx, &err) < 0)
		_exit(1);
	emit_begin(fx);
	emit(fx, operation_begin(11, 0));
	records_emit_durable(fx->records, &first, (struct record_durable){ tell, &teller });
	ev_ref(fx->loop); /* nothing else keeps it running */
	ev_run(fx->loop, 0);
	_exit(1);
}

static void kill_after(struct fixture *fx, int count)
{
	int pipes[2], status;
	int64_t id = 0;
	pid_t pid;
	auto_free char *expected = NULL;
	auto_free char *sql = NULL;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		alarm((unsigned)GUARD_S);
		child_of_kill(fx, pipes[1]);
	}
	close(pipes[1]);
	for (int i = 0; i < count; i++)
		assert_int_equal(read(pipes[0], &id, sizeof(id)), sizeof(id));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* What it told between our last look and its end counts, too. */
	while (read(pipes[0], &id, sizeof(id)) > 0)
		;
	close(pipes[0]);

	open_store(fx);
	close_store_well(fx);
	expected = mem_printf("%lld\n", (long long)id - 99);
	sql = mem_printf("SELECT count(*) FROM failure WHERE id <= %lld", (long long)id);
	assert_rows(fx, sql, expected);
	assert_rows(fx, "SELECT outcome FROM operation", "interrupted\n");
	assert_rows(fx, "SELECT end FROM campaign", "interrupted\n");
	assert_rows(fx, "PRAGMA integrity_check", "ok\n");
	assert_rows(fx, "PRAGMA foreign_key_check", "");
}

static void test_kill_loses_nothing_durable(void **state)
{
	struct fixture *fx = *state;
	static const int counts[] = { 1, 2, 7, 50, 200 };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		kill_after(fx, counts[i]);
		unlink(fx->path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_kill_loses_nothing_durable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

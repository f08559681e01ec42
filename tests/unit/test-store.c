// SPDX-License-Identifier: GPL-2.0-or-later
/* The results store: what is in the file after records, kills, refusals and failures. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/mem.h"
#include "store/query.h"
#include "store/store.h"

/* Nothing here takes long; this only ends a test that would never end. */
#define GUARD_S 120.

#define CAMPAIGN 1
#define BUILD 2
#define RUN 3

struct fixture {
	char directory[32];
	char *path;
	struct ev_loop *loop;
	struct store *store;
	struct records *records;
	int64_t first_id;
	char log[64]; /* a letter for each call */
	struct err failure;
	pthread_t thread;
};

/* --- syncs of the write-ahead log: SQLite's calls end here --- */

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

/* --- the store under test --- */

static void on_failure(void *ctx, const struct err *err)
{
	struct fixture *fx = ctx;

	fx->failure = *err;
	strcat(fx->log, "F");
}

/* Returns 0 or the error; children of a test must not assert. */
static int try_open(struct fixture *fx, struct err *err)
{
	int r;

	fx->loop = ev_loop_new(0);
	r = store_open(fx->loop, fx->path, &fx->store, &fx->first_id, err);
	if (r < 0) {
		ev_loop_destroy(fx->loop);
		return r;
	}
	fx->records = records_new(fx->first_id);
	store_subscribe(fx->store, fx->records);
	store_on_failure(fx->store, on_failure, fx);
	return 0;
}

static void open_store(struct fixture *fx)
{
	struct err err = { 0 };

	if (try_open(fx, &err) < 0)
		fail_msg("%s", err.text);
}

static int close_store(struct fixture *fx, struct err *err)
{
	int r = store_close(fx->store, err);

	records_free(fx->records);
	ev_loop_destroy(fx->loop);
	return r;
}

static void close_store_well(struct fixture *fx)
{
	struct err err = { 0 };

	if (close_store(fx, &err) < 0)
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	struct fixture *fx = mem_new(struct fixture);

	strcpy(fx->directory, "/tmp/test-store-XXXXXX");
	if (!mkdtemp(fx->directory))
		return -1;
	fx->path = mem_printf("%s/results.db", fx->directory);
	fx->thread = pthread_self();
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;
	DIR *dir = opendir(fx->directory);

	for (struct dirent *entry; (entry = readdir(dir));)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(fx->directory);
	free(fx->path);
	free(fx);
	return 0;
}

/* --- waiting on the loop --- */

static void on_guard(struct ev_loop *loop, ev_timer *guard, int events)
{
	(void)loop;
	(void)events;
	*(bool *)guard->data = true;
}

/* Runs the loop until done(fx) holds; false if it never does. */
static bool run_until(struct fixture *fx, bool (*done)(struct fixture *fx))
{
	bool late = false;
	ev_timer guard;

	ev_timer_init(&guard, on_guard, GUARD_S, 0);
	guard.data = &late;
	ev_timer_start(fx->loop, &guard);
	while (!done(fx) && !late)
		ev_run(fx->loop, EVRUN_ONCE);
	ev_timer_stop(fx->loop, &guard);
	return !late;
}

static bool logged_any(struct fixture *fx)
{
	return fx->log[0];
}

static bool logged_three(struct fixture *fx)
{
	return strlen(fx->log) >= 3;
}

struct letter {
	struct fixture *fx;
	char letter;
};

static void log_letter(void *ctx)
{
	struct letter *letter = ctx;
	char text[2] = { pthread_equal(pthread_self(), letter->fx->thread) ? letter->letter : '!' };

	strcat(letter->fx->log, text);
}

static struct record_durable durable(struct letter *letter)
{
	return (struct record_durable){ log_letter, letter };
}

/* --- records --- */

static struct record campaign_begin(void)
{
	return (struct record){ .type = RECORD_CAMPAIGN_BEGIN,
				.campaign_begin = { .id = CAMPAIGN,
						    .began_unix_ns = 1000,
						    .name = "quick",
						    .profile_text = "name: quick\n",
						    .seed = "18446744073709551615",
						    .accel = "tcg",
						    .machine = "pc-q35-7.2",
						    .ram_bytes = 1 << 20,
						    .vms = 4,
						    .host_name = "box",
						    .host_kernel = "Linux 6.1",
						    .host_cpu = "some cpu",
						    .host_cpus = 8 } };
}

static struct record build(int64_t id, const char *name)
{
	return (struct record){ .type = RECORD_BUILD,
				.build = { .id = id,
					   .campaign_id = CAMPAIGN,
					   .name = name,
					   .binary = "/usr/bin/qemu",
					   .version = "QEMU 7.2",
					   .sha256 = "abcd" } };
}

static struct record run_begin(int64_t id)
{
	return (struct record){ .type = RECORD_RUN_BEGIN,
				.run_begin = { .id = id,
					       .campaign_id = CAMPAIGN,
					       .build_id = BUILD,
					       .slot = 1,
					       .pid = 77,
					       .began_unix_ns = 2000,
					       .argv = "[\"qemu\"]" } };
}

static struct record operation_begin(int64_t id, int64_t loop)
{
	return (struct record){ .type = RECORD_OPERATION_BEGIN,
				.operation_begin = { .id = id,
						     .campaign_id = CAMPAIGN,
						     .src_run_id = RUN,
						     .slot = 1,
						     .loop = loop,
						     .kind = "snapshot-save",
						     .began_unix_ns = 3000 } };
}

static struct record operation_end(int64_t id, const char *outcome)
{
	return (struct record){ .type = RECORD_OPERATION_END,
				.operation_end = { .id = id,
						   .outcome = outcome,
						   .duration_ns = 500,
						   .stall_ns = -1 } };
}

static struct record loop_end(int64_t loop)
{
	return (struct record){ .type = RECORD_LOOP_END,
				.loop_end = { .campaign_id = CAMPAIGN, .slot = 1, .loop = loop } };
}

static struct record failure(int64_t id, int64_t at)
{
	return (struct record){ .type = RECORD_FAILURE,
				.failure = { .id = id,
					     .campaign_id = CAMPAIGN,
					     .src_run_id = RUN,
					     .slot = 1,
					     .loops = 2,
					     .at_unix_ns = at,
					     .class = "crash",
					     .signature = "crash: SIGSEGV",
					     .detail = "killed",
					     .incident = "incidents/1" } };
}

static void emit(struct fixture *fx, struct record record)
{
	records_emit(fx->records, &record);
}

static void emit_durable(struct fixture *fx, struct record record, struct letter *letter)
{
	records_emit_durable(fx->records, &record, durable(letter));
}

static void emit_begin(struct fixture *fx)
{
	emit(fx, campaign_begin());
	emit(fx, build(BUILD, "stock"));
	emit(fx, run_begin(RUN));
}

/* --- looking at the file from outside --- */

static sqlite3 *open_outside(struct fixture *fx)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(fx->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	return db;
}

static void run_outside(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* Rows as text: columns with "|", NULL as "-", a newline behind each row. */
static char *select_text(sqlite3 *db, const char *sql)
{
	char *text = mem_strdup("");
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		int columns = sqlite3_column_count(stmt);

		for (int i = 0; i < columns; i++) {
			auto_free char *before = text;
			const char *cell = (const char *)sqlite3_column_text(stmt, i);

			text = mem_printf("%s%s%s", before, cell ? cell : "-",
					  i + 1 < columns ? "|" : "\n");
		}
	}
	sqlite3_finalize(stmt);
	return text;
}

static void assert_rows(struct fixture *fx, const char *sql, const char *expected)
{
	sqlite3 *db = open_outside(fx);
	auto_free char *text = select_text(db, sql);

	sqlite3_close(db);
	assert_string_equal(text, expected);
}

/* --- tests: what is stored --- */

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
		    "SELECT id, host_id, name, profile_text, seed, accel, machine, ram_bytes, vms, "
		    "began_unix_ns, ended_unix_ns, end, exit_code FROM campaign",
		    "1|1|quick|name: quick\n|18446744073709551615|tcg|pc-q35-7.2|1048576|4|"
		    "1000|7000|complete|1\n");
	assert_rows(fx, "SELECT * FROM build", "2|1|stock|/usr/bin/qemu|QEMU 7.2|-|abcd\n");
	assert_rows(fx, "SELECT * FROM run",
		    "3|1|2|1|0|77|[\"qemu\"]|2000|6000|exit|0|-|1\n"
		    "4|1|2|1|0|77|[\"qemu\"]|2000|6001|signal|-|11|0\n");
	assert_rows(fx, "SELECT * FROM operation",
		    "11|1|3|4|1|0|0|snapshot-save|ok|3000|500|40\n"
		    "12|1|4|-|1|0|-|snapshot-save|failed|3000|500|-\n");
	assert_rows(fx, "SELECT * FROM step", "11|0|save|300\n11|1|dismiss|-\n");
	assert_rows(fx, "SELECT * FROM measure", "11|downtime_ms|1.5\n");
	assert_rows(fx, "SELECT * FROM vm", "1|1|0|2\n");
	assert_rows(fx, "SELECT * FROM signature", "1|crash|crash: SIGSEGV|4500|5000\n");
	assert_rows(fx, "SELECT * FROM incident", "1|1|incidents/1\n");
	assert_rows(fx, "SELECT * FROM failure",
		    "13|1|12|3|4|1|1|1|0|2|5000|main-loop|migrate|setup|killed\n"
		    "14|1|-|3|-|1|1|1|0|2|4500|-|-|-|killed\n");
	assert_rows(fx,
		    "SELECT count(*) FROM (SELECT uuid FROM host UNION SELECT uuid FROM campaign) "
		    "WHERE uuid LIKE '________-____-4___-____-____________' "
		    "AND substr(uuid, 20, 1) IN ('8', '9', 'a', 'b')",
		    "2\n");
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

/* --- tests: kill -9 --- */

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

/* --- tests: refusals --- */

static char *read_bytes(const char *path, size_t *ret_size)
{
	auto_fclose FILE *file = fopen(path, "re");
	char *bytes;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*ret_size = (size_t)ftell(file);
	rewind(file);
	bytes = mem_zalloc(*ret_size + 1);
	assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
	return bytes;
}

static int count_files(struct fixture *fx)
{
	DIR *dir = opendir(fx->directory);
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void assert_refused(struct fixture *fx, const char *why, int new_files)
{
	size_t before_size, after_size;
	auto_free char *before = read_bytes(fx->path, &before_size);
	auto_free char *after = NULL;
	int files = count_files(fx);
	struct query *query = NULL;
	struct err err = { 0 };

	assert_int_equal(query_open(fx->path, &query, &err), -EINVAL);
	assert_non_null(strstr(err.text, why));
	err = (struct err){ 0 };
	assert_int_equal(try_open(fx, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, fx->path));
	assert_non_null(strstr(err.text, why));

	after = read_bytes(fx->path, &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	assert_int_equal(count_files(fx), files + new_files);
}

static void write_file(struct fixture *fx, const char *text)
{
	auto_fclose FILE *file = fopen(fx->path, "we");

	assert_non_null(file);
	fputs(text, file);
}

/* The right application id, in what is no database. */
static void write_header(struct fixture *fx)
{
	auto_fclose FILE *file = fopen(fx->path, "we");
	char bytes[200] = "not SQLite";

	assert_non_null(file);
	memcpy(bytes + 68, "qsok", 4);
	assert_int_equal(fwrite(bytes, sizeof(bytes), 1, file), 1);
}

static void make_foreign(struct fixture *fx, const char *sql)
{
	sqlite3 *db;

	unlink(fx->path);
	write_file(fx, "");
	db = open_outside(fx);
	run_outside(db, sql);
	sqlite3_close(db);
}

static void test_refuses_what_is_no_store(void **state)
{
	static const char why[] = "not a results store";
	struct fixture *fx = *state;

	write_file(fx, "short");
	assert_refused(fx, why, 0);
	write_file(fx, "This is a letter to somebody, longer than the header of a database, which "
		       "has one hundred bytes: not less.");
	assert_refused(fx, why, 0);
	write_header(fx);
	assert_refused(fx, why, 0);
	make_foreign(fx, "CREATE TABLE t(a); PRAGMA user_version = 1");
	assert_refused(fx, why, 0);
	make_foreign(fx, "CREATE TABLE t(a); PRAGMA application_id = 99; PRAGMA journal_mode=WAL");
	assert_refused(fx, why, 0);
}

/* As a newer qsoakd would leave it when killed: only the write-ahead log knows. */
static void make_newer_and_die(struct fixture *fx)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		run_outside(open_outside(fx),
			    "PRAGMA wal_autocheckpoint=0; PRAGMA user_version=99");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_refuses_a_newer_version(void **state)
{
	static const char why[] = "version 99";
	struct fixture *fx = *state;
	auto_free char *wal = mem_printf("%s-wal", fx->path);
	auto_free char *before = NULL, *after = NULL;
	size_t before_size, after_size;
	sqlite3 *db;

	open_store(fx);
	close_store_well(fx);
	make_newer_and_die(fx);
	before = read_bytes(wal, &before_size);
	assert_true(before_size > 0);
	assert_refused(fx, why, 0);
	after = read_bytes(wal, &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	/* And once the file itself does. */
	db = open_outside(fx);
	run_outside(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	sqlite3_close(db);
	assert_int_equal(access(wal, F_OK), -1);
	assert_refused(fx, why, 0);
}

static void test_opens_an_empty_file(void **state)
{
	struct fixture *fx = *state;

	write_file(fx, "");
	open_store(fx);
	emit(fx, campaign_begin());
	close_store_well(fx);
	assert_rows(fx, "SELECT id FROM campaign", "1\n");
}

static void test_one_writer(void **state)
{
	struct fixture *fx = *state;
	struct fixture other = { .path = fx->path };
	struct err err = { 0 };

	open_store(fx);
	assert_int_equal(try_open(&other, &err), -EBUSY);
	assert_non_null(strstr(err.text, fx->path));
	close_store_well(fx);
	open_store(fx);
	close_store_well(fx);
}

static void test_paths_that_cannot_be(void **state)
{
	struct fixture *fx = *state;
	struct fixture other = { .path = mem_printf("%s/no/results.db", fx->directory) };
	struct query *query = NULL;
	struct err err = { 0 };

	assert_int_equal(try_open(&other, &err), -ENOENT);
	assert_non_null(strstr(err.text, other.path));
	err = (struct err){ 0 };
	assert_int_equal(query_open(other.path, &query, &err), -ENOENT);
	assert_null(query);
	free(other.path);
	/* What is there, but is no file. */
	other.path = fx->directory;
	err = (struct err){ 0 };
	assert_true(try_open(&other, &err) < 0);
	assert_non_null(strstr(err.text, other.path));
}

/* --- tests: failures --- */

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
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_reopen),
		TEST(test_reopen_keeps_ends),
		TEST(test_callbacks_in_order_on_the_loop),
		TEST(test_batch_ends_by_itself),
		TEST(test_durable_is_synced),
		TEST(test_kill_loses_nothing_durable),
		TEST(test_refuses_what_is_no_store),
		TEST(test_refuses_a_newer_version),
		TEST(test_opens_an_empty_file),
		TEST(test_one_writer),
		TEST(test_paths_that_cannot_be),
		TEST(test_bad_record_costs_no_other),
		TEST(test_end_without_begin),
		TEST(test_full_disk),
		TEST(test_queue_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the results store: a store in a folder of its own, records for it, and its rows. */
#ifndef QSOAK_TESTS_UNIT_STORE_FIXTURE_H
#define QSOAK_TESTS_UNIT_STORE_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

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
static inline void on_failure(void *ctx, const struct err *err)
{
	struct fixture *fx = ctx;

	fx->failure = *err;
	strcat(fx->log, "F");
}

static inline void on_trouble(void *ctx, const struct err *err)
{
	struct fixture *fx = ctx;

	if (err)
		fx->failure = *err;
	strcat(fx->log, err ? "T" : "t");
}

/* Returns 0 or the error; children of a test must not assert. */
static inline int try_open(struct fixture *fx, struct err *err)
{
	int r;

	fx->loop = ev_loop_new(0);
	r = store_open(fx->loop, fx->path, false, &fx->store, &fx->first_id, err);
	if (r < 0) {
		ev_loop_destroy(fx->loop);
		return r;
	}
	fx->records = records_new(fx->first_id);
	store_subscribe(fx->store, fx->records);
	store_on_failure(fx->store, on_failure, fx);
	store_on_trouble(fx->store, on_trouble, fx);
	return 0;
}

static inline void open_store(struct fixture *fx)
{
	struct err err = { 0 };

	if (try_open(fx, &err) < 0)
		fail_msg("%s", err.text);
}

static inline int close_store(struct fixture *fx, struct err *err)
{
	int r = store_close(fx->store, err);

	records_free(fx->records);
	ev_loop_destroy(fx->loop);
	return r;
}

static inline void close_store_well(struct fixture *fx)
{
	struct err err = { 0 };

	if (close_store(fx, &err) < 0)
		fail_msg("%s", err.text);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
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

static inline void on_guard(struct ev_loop *loop, ev_timer *guard, int events)
{
	(void)loop;
	(void)events;
	*(bool *)guard->data = true;
}

/* Runs the loop until done(fx) holds; false if it never does. */
static inline bool run_until(struct fixture *fx, bool (*done)(struct fixture *fx))
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

static inline bool logged_any(struct fixture *fx)
{
	return fx->log[0];
}

static inline bool logged_three(struct fixture *fx)
{
	return strlen(fx->log) >= 3;
}

struct letter {
	struct fixture *fx;
	char letter;
};

static inline void log_letter(void *ctx)
{
	struct letter *letter = ctx;
	char text[2] = { pthread_equal(pthread_self(), letter->fx->thread) ? letter->letter : '!' };

	strcat(letter->fx->log, text);
}

static inline struct record_durable durable(struct letter *letter)
{
	return (struct record_durable){ log_letter, letter };
}

/* --- records --- */

static inline struct record campaign_begin(void)
{
	return (struct record){ .type = RECORD_CAMPAIGN_BEGIN,
				.campaign_begin = { .id = CAMPAIGN,
						    .began_unix_ns = 1000,
						    .name = "quick",
						    .profile_text = "name: quick\n",
						    .seed = "18446744073709551615",
						    .accel = "tcg",
						    .accel_reason = "no luck",
						    .machine = "pc-q35-7.2",
						    .ram_bytes = 1 << 20,
						    .vms = 4,
						    .host_name = "box",
						    .host_kernel = "Linux 6.1",
						    .host_cpu = "some cpu",
						    .host_cpus = 8 } };
}

static inline struct record build(int64_t id, const char *name)
{
	return (struct record){ .type = RECORD_BUILD,
				.build = { .id = id,
					   .campaign_id = CAMPAIGN,
					   .name = name,
					   .binary = "/usr/bin/qemu",
					   .version = "QEMU 7.2",
					   .sha256 = "abcd",
					   .sandbox = true,
					   .origin = "ours" } };
}

static inline struct record run_begin(int64_t id)
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

static inline struct record operation_begin(int64_t id, int64_t loop)
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

static inline struct record operation_end(int64_t id, const char *outcome)
{
	return (struct record){ .type = RECORD_OPERATION_END,
				.operation_end = { .id = id,
						   .outcome = outcome,
						   .duration_ns = 500,
						   .stall_ns = -1 } };
}

static inline struct record loop_end(int64_t loop)
{
	return (struct record){ .type = RECORD_LOOP_END,
				.loop_end = { .campaign_id = CAMPAIGN, .slot = 1, .loop = loop } };
}

static inline struct record failure(int64_t id, int64_t at)
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

static inline void emit(struct fixture *fx, struct record record)
{
	records_emit(fx->records, &record);
}

static inline void emit_durable(struct fixture *fx, struct record record, struct letter *letter)
{
	records_emit_durable(fx->records, &record, durable(letter));
}

static inline void emit_begin(struct fixture *fx)
{
	emit(fx, campaign_begin());
	emit(fx, build(BUILD, "stock"));
	emit(fx, run_begin(RUN));
}

/* --- looking at the file from outside --- */

static inline sqlite3 *open_outside(struct fixture *fx)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(fx->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	return db;
}

static inline void run_outside(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* Rows as text: columns with "|", NULL as "-", a newline behind each row. */
static inline char *select_text(sqlite3 *db, const char *sql)
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

static inline void assert_rows(struct fixture *fx, const char *sql, const char *expected)
{
	sqlite3 *db = open_outside(fx);
	auto_free char *text = select_text(db, sql);

	sqlite3_close(db);
	assert_string_equal(text, expected);
}

#define STORE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif

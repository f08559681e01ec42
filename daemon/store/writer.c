// SPDX-License-Identifier: GPL-2.0-or-later
/* The writer thread, its queue, and the way back to the loop. */
#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/sql.h"
#include "store/store.h"

/* The longest time that a row without a callback waits for company. */
#define WRITER_BATCH_NS (200 * CLOCK_NS_PER_MS)

/* So many rows are a batch at once. */
#define WRITER_BATCH_ROWS (STORE_QUEUE_MAX / 4)

/* What the loop has to do: a callback, or with fn NULL: report the failure. */
struct todo {
	struct record_durable *items;
	size_t count;
	size_t room;
};

struct writer {
	struct ev_loop *loop;
	char *path; /* for error texts */
	ev_async wake_loop;
	void (*failure_fn)(void *ctx, const struct err *err); /* of the loop */
	void *failure_ctx;

	pthread_t thread;
	bool running;
	sqlite3 *db; /* with statements and synced: of the thread, while it runs */
	sqlite3_stmt *statements[ROW_STATEMENT_COUNT];
	bool synced;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct rows queue;
	int64_t queued_ns; /* when the first row was */
	size_t in_flight;  /* rows of the batch that is being written */
	bool due;	   /* a batch must not wait */
	bool asked;	   /* whether the thread is alive; it takes that back */
	int64_t batch_ns;  /* when the batch that is being written began */
	bool stop;
	struct err failure; /* the first one; its code is 0 while there is none */
	struct todo todo;
};

static void todo_add(struct todo *todo, struct record_durable item)
{
	if (todo->count == todo->room) {
		todo->room = todo->room ? 2 * todo->room : 16;
		todo->items = mem_realloc(todo->items, todo->room, sizeof(*todo->items));
	}
	todo->items[todo->count++] = item;
}

/* With the lock. */
static void fail(struct writer *writer, const struct err *err)
{
	if (writer->failure.code)
		return;
	writer->failure = *err;
	todo_add(&writer->todo, (struct record_durable){ 0 });
}

static void on_wake_loop(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct writer *writer = watcher->data;
	struct err failure;
	struct todo todo;

	(void)loop;
	(void)events;
	pthread_mutex_lock(&writer->lock);
	todo = writer->todo;
	failure = writer->failure;
	writer->todo = (struct todo){ 0 };
	pthread_mutex_unlock(&writer->lock);

	for (size_t i = 0; i < todo.count; i++) {
		if (todo.items[i].fn)
			todo.items[i].fn(todo.items[i].ctx);
		else if (writer->failure_fn)
			writer->failure_fn(writer->failure_ctx, &failure);
	}
	free(todo.items);
}

static int set_synced(struct writer *writer, bool synced, struct err *err)
{
	int r;

	if (writer->synced == synced)
		return 0;
	r = sql_exec(writer->db, synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
		     "cannot set how the store is synced", err);
	if (r == 0)
		writer->synced = synced;
	return r;
}

/* Stores all rows of the batch that can be stored; returns the first error. */
static int write_batch(struct writer *writer, const struct rows *batch, bool synced,
		       struct err *err)
{
	struct err other = { 0 };
	int r = set_synced(writer, synced, err);

	if (r < 0)
		return r;
	r = sql_exec(writer->db, "BEGIN IMMEDIATE", "cannot write to the store", err);
	if (r < 0)
		return r;
	for (const struct row *row = batch->first; row; row = row->next) {
		int one = row_write(writer->db, writer->statements[row->statement], row,
				    r < 0 ? &other : err);

		if (r == 0)
			r = one;
	}
	/* Some errors have rolled the transaction back already. */
	if (sqlite3_get_autocommit(writer->db))
		return r;
	if (sql_exec(writer->db, "COMMIT", "cannot commit to the store", r < 0 ? &other : err) == 0)
		return r;
	sqlite3_exec(writer->db, "ROLLBACK", NULL, NULL, NULL);
	return r < 0 ? r : err->code;
}

static bool has_callback(const struct rows *batch)
{
	for (const struct row *row = batch->first; row; row = row->next)
		if (row->durable.fn)
			return true;
	return false;
}

/* With the lock: returns once there is a batch to write, or nothing left to do. */
static void wait_for_batch(struct writer *writer)
{
	writer->asked = false;
	while (!writer->stop && !writer->queue.first) {
		pthread_cond_wait(&writer->wake, &writer->lock);
		writer->asked = false;
	}
	while (!writer->stop && !writer->due) {
		int64_t deadline = writer->queued_ns + WRITER_BATCH_NS;
		struct timespec ts = { deadline / CLOCK_NS_PER_S, deadline % CLOCK_NS_PER_S };

		if (pthread_cond_timedwait(&writer->wake, &writer->lock, &ts) == ETIMEDOUT)
			break;
		writer->asked = false;
	}
}

static void *writer_main(void *arg)
{
	struct writer *writer = arg;

	pthread_mutex_lock(&writer->lock);
	for (;;) {
		struct rows batch = { 0 };
		struct err err = { 0 };

		wait_for_batch(writer);
		if (!writer->queue.first)
			break;
		rows_move(&batch, &writer->queue);
		writer->in_flight = batch.count;
		writer->batch_ns = clock_now_ns();
		writer->due = false;
		pthread_mutex_unlock(&writer->lock);

		write_batch(writer, &batch, has_callback(&batch), &err);

		pthread_mutex_lock(&writer->lock);
		writer->in_flight = 0;
		if (err.code)
			fail(writer, &err);
		for (const struct row *row = batch.first; row; row = row->next)
			if (row->durable.fn)
				todo_add(&writer->todo, row->durable);
		if (writer->todo.count)
			ev_async_send(writer->loop, &writer->wake_loop);
		rows_free(&batch);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

/* With the lock. */
static void enqueue(struct writer *writer, struct rows *rows, const struct record_durable *durable)
{
	bool first = !writer->queue.first;

	if (durable)
		rows->last->durable = *durable;
	rows_move(&writer->queue, rows);
	if (first)
		writer->queued_ns = clock_now_ns();
	if (durable || writer->queue.count >= WRITER_BATCH_ROWS)
		writer->due = true;
	if (first || writer->due)
		pthread_cond_signal(&writer->wake);
}

void writer_put(struct writer *writer, struct rows *rows, const struct record_durable *durable)
{
	pthread_mutex_lock(&writer->lock);
	if (writer->queue.count + writer->in_flight + rows->count > STORE_QUEUE_MAX) {
		struct err err = { 0 };

		err_set(&err, -ENOBUFS,
			"%s: the disk is too slow: %d rows wait to be written, which is the limit",
			writer->path, STORE_QUEUE_MAX);
		fail(writer, &err);
	}
	if (writer->failure.code) {
		if (durable)
			todo_add(&writer->todo, *durable);
		if (writer->todo.count)
			ev_async_send(writer->loop, &writer->wake_loop);
	} else {
		enqueue(writer, rows, durable);
	}
	pthread_mutex_unlock(&writer->lock);
	rows_free(rows);
}

bool writer_answers(struct writer *writer)
{
	bool answers;

	pthread_mutex_lock(&writer->lock);
	answers = !writer->asked ||
		  (writer->in_flight && clock_now_ns() - writer->batch_ns < STORE_BATCH_LIMIT_NS);
	writer->asked = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	return answers;
}

void writer_on_failure(struct writer *writer, void (*fn)(void *ctx, const struct err *err),
		       void *ctx)
{
	writer->failure_fn = fn;
	writer->failure_ctx = ctx;
}

static void init_locks(struct writer *writer)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&writer->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->wake, &attr);
	pthread_condattr_destroy(&attr);
}

/* Signals are for the main thread. */
static int start_thread(struct writer *writer, struct err *err)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&writer->thread, NULL, writer_main, writer);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return err_set_errno(err, r, "cannot start the thread that writes the store");
	writer->running = true;
	return 0;
}

static int prepare(struct writer *writer, struct err *err)
{
	for (int i = 0; i < ROW_STATEMENT_COUNT; i++) {
		int r = sql_prepare(writer->db, row_sql(i)->sql, &writer->statements[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

int writer_start(struct ev_loop *loop, sqlite3 *db, struct writer **ret_writer, struct err *err)
{
	struct writer *writer = mem_new(struct writer);
	struct err ignored = { 0 };
	int r;

	writer->loop = loop;
	writer->db = db;
	writer->path = mem_strdup(sqlite3_db_filename(db, "main"));
	init_locks(writer);
	ev_async_init(&writer->wake_loop, on_wake_loop);
	writer->wake_loop.data = writer;
	ev_async_start(loop, &writer->wake_loop);
	ev_unref(loop); /* a store that waits keeps no loop running */

	/* Whatever it was set to, so that `synced` is true. */
	r = sql_exec(db, "PRAGMA synchronous=NORMAL", "cannot set how the store is synced", err);
	if (r == 0)
		r = prepare(writer, err);
	if (r == 0)
		r = start_thread(writer, err);
	if (r < 0) {
		writer_stop(writer, &ignored);
		return r;
	}
	*ret_writer = writer;
	return 0;
}

int writer_stop(struct writer *writer, struct err *err)
{
	int r;

	if (!writer)
		return 0;
	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	if (writer->running)
		pthread_join(writer->thread, NULL);
	ev_ref(writer->loop);
	ev_async_stop(writer->loop, &writer->wake_loop);
	for (int i = 0; i < ROW_STATEMENT_COUNT; i++)
		sqlite3_finalize(writer->statements[i]);
	r = writer->failure.code;
	if (r < 0)
		*err = writer->failure;
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
	free(writer->todo.items);
	free(writer->path);
	free(writer);
	return r;
}

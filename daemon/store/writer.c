// SPDX-License-Identifier: GPL-2.0-or-later
/* The writer thread, its queue, and the way back to the loop. */
#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/ballast.h"
#include "store/sql.h"
#include "store/store.h"

/* The longest time that a row without a callback waits for company. */
#define WRITER_BATCH_NS (200 * CLOCK_NS_PER_MS)

/* What could not be written is tried again after so long; the first time at once. */
#define WRITER_RETRY_NS CLOCK_NS_PER_S

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
	char *path, *ballast;
	ev_async wake_loop;
	void (*failure_fn)(void *ctx, const struct err *err); /* of the loop */
	void *failure_ctx;
	void (*trouble_fn)(void *ctx, const struct err *err); /* of the loop, as what it was told */
	void *trouble_ctx;

	pthread_t thread;
	bool running;
	sqlite3 *db; /* with statements and synced: of the thread, while it runs */
	sqlite3_stmt *statements[ROW_STATEMENT_COUNT];
	bool synced;
	bool dropped;	  /* the ballast was */
	bool gives_up;	  /* what cannot be written now is lost */
	unsigned retries; /* in a row */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct rows queue;
	int64_t queued_ns; /* when the first row was */
	size_t in_flight;  /* rows of the batch that is being written */
	bool due;	   /* a batch must not wait */
	bool asked;	   /* whether the thread is alive; it takes that back */
	int64_t batch_ns;  /* when the batch that is being written began */
	bool stop;
	struct err trouble; /* why rows wait to be tried again; its code is 0 while none do */
	struct err failure; /* the first one; its code is 0 while there is none */
	bool told_trouble;  /* the loop was */
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
	struct err failure, trouble;
	struct todo todo;
	bool tell;

	(void)loop;
	(void)events;
	pthread_mutex_lock(&writer->lock);
	todo = writer->todo;
	failure = writer->failure;
	trouble = writer->trouble;
	tell = writer->told_trouble != (trouble.code != 0);
	writer->told_trouble = trouble.code;
	writer->todo = (struct todo){ 0 };
	pthread_mutex_unlock(&writer->lock);

	if (tell && writer->trouble_fn)
		writer->trouble_fn(writer->trouble_ctx, trouble.code ? &trouble : NULL);
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

static bool has_callback(const struct rows *batch)
{
	for (const struct row *row = batch->first; row; row = row->next)
		if (row->durable.fn)
			return true;
	return false;
}

/* Within a transaction. Goes on after a row that is wrong; ret_bad is the first such error. */
static int write_rows(struct writer *writer, const struct rows *batch, struct err *ret_bad,
		      struct err *err)
{
	for (const struct row *row = batch->first; row; row = row->next) {
		struct err one = { 0 };
		int r = row_write(writer->db, writer->statements[row->statement], row, &one);

		if (r == 0)
			continue;
		if (sql_may_pass(r) || r == -EUCLEAN) {
			*err = one;
			return r;
		}
		if (!ret_bad->code)
			*ret_bad = one;
	}
	return 0;
}

/*
 * All rows of the batch that can be stored, or, where an error is returned, none: a COMMIT that fails has not
 * moved the end of the write-ahead log, whatever it has written behind it. ret_bad: see above.
 */
static int write_batch(struct writer *writer, const struct rows *batch, bool synced,
		       struct err *ret_bad, struct err *err)
{
	int r = set_synced(writer, synced, err);

	if (r == 0)
		r = sql_exec(writer->db, "BEGIN IMMEDIATE", "cannot write to the store", err);
	if (r < 0)
		return r;
	r = write_rows(writer, batch, ret_bad, err);
	if (r == 0)
		r = sql_exec(writer->db, "COMMIT", "cannot commit to the store", err);
	/* Some errors have rolled the transaction back already. */
	if (r < 0 && !sqlite3_get_autocommit(writer->db))
		sqlite3_exec(writer->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

/* Space that was given up for a batch is to be had again before all is well. */
static int write_safely(struct writer *writer, const struct rows *batch, struct err *ret_bad,
			struct err *err)
{
	int r = write_batch(writer, batch, has_callback(batch), ret_bad, err);

	if (r == -ENOSPC) {
		ballast_drop(writer->ballast);
		writer->dropped = true;
		*err = (struct err){ 0 };
		r = write_batch(writer, batch, has_callback(batch), ret_bad, err);
	}
	return r;
}

static void take_ballast(struct writer *writer, struct err *err)
{
	if (!writer->dropped)
		return;
	writer->dropped = ballast_take(writer->ballast, err) == -ENOSPC;
	/* A file system that cannot is one chance less. */
	if (!writer->dropped)
		*err = (struct err){ 0 };
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

/* With the lock: the rows come first again, and the loop is told. */
static void put_back(struct writer *writer, struct rows *batch, const struct err *err)
{
	rows_move(batch, &writer->queue);
	rows_move(&writer->queue, batch);
	writer->trouble = *err;
	ev_async_send(writer->loop, &writer->wake_loop);
}

/* With the lock. */
static void finish_batch(struct writer *writer, struct rows *batch, const struct err *bad)
{
	if (bad->code)
		fail(writer, bad);
	for (const struct row *row = batch->first; row; row = row->next)
		if (row->durable.fn)
			todo_add(&writer->todo, row->durable);
	rows_free(batch);
}

/* With the lock: writes what is queued. */
static void write_queue(struct writer *writer)
{
	struct rows batch = { 0 };
	struct err bad = { 0 }, err = { 0 };
	int r;

	rows_move(&batch, &writer->queue);
	writer->in_flight = batch.count;
	writer->batch_ns = clock_now_ns();
	writer->due = false;
	pthread_mutex_unlock(&writer->lock);

	r = write_safely(writer, &batch, &bad, &err);
	if (r == 0)
		take_ballast(writer, &err);

	pthread_mutex_lock(&writer->lock);
	writer->in_flight = 0;
	if (r < 0 && sql_may_pass(r) && !writer->gives_up) {
		put_back(writer, &batch, &err);
		return;
	}
	if (r < 0)
		bad = err;
	else
		writer->trouble = err;
	finish_batch(writer, &batch, &bad);
	if (writer->todo.count || writer->told_trouble != (writer->trouble.code != 0))
		ev_async_send(writer->loop, &writer->wake_loop);
}

/* With the lock: until it is time to try again. Whoever stops does not wait, and it is the last try. */
static void wait_for_retry(struct writer *writer)
{
	int64_t deadline = clock_now_ns() + (writer->retries++ ? WRITER_RETRY_NS : 0);
	struct timespec ts = { deadline / CLOCK_NS_PER_S, deadline % CLOCK_NS_PER_S };

	while (!writer->stop && clock_now_ns() < deadline) {
		writer->asked = false;
		pthread_cond_timedwait(&writer->wake, &writer->lock, &ts);
	}
	writer->gives_up = writer->stop;
}

/* With the lock: only the space is missing that is kept for the next time. */
static void retry_ballast(struct writer *writer)
{
	struct err err = { 0 };

	pthread_mutex_unlock(&writer->lock);
	take_ballast(writer, &err);
	pthread_mutex_lock(&writer->lock);
	writer->trouble = err;
	if (!err.code)
		ev_async_send(writer->loop, &writer->wake_loop);
}

static void *writer_main(void *arg)
{
	struct writer *writer = arg;

	pthread_mutex_lock(&writer->lock);
	for (;;) {
		if (writer->trouble.code)
			wait_for_retry(writer);
		else
			wait_for_batch(writer);
		if (writer->queue.first)
			write_queue(writer);
		else if (writer->trouble.code && !writer->stop)
			retry_ballast(writer);
		if (!writer->trouble.code)
			writer->retries = 0;
		if (writer->stop && !writer->queue.first)
			break;
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

void writer_on_trouble(struct writer *writer, void (*fn)(void *ctx, const struct err *err),
		       void *ctx)
{
	writer->trouble_fn = fn;
	writer->trouble_ctx = ctx;
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

static int start_thread(struct writer *writer, struct err *err)
{
	int r = thread_start(&writer->thread, writer_main, writer);

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
	writer->ballast = mem_printf("%s-ballast", writer->path);
	init_locks(writer);
	ev_async_init(&writer->wake_loop, on_wake_loop);
	writer->wake_loop.data = writer;
	ev_async_start(loop, &writer->wake_loop);
	ev_unref(loop); /* a store that waits keeps no loop running */

	/* Whatever it was set to, so that `synced` is true. */
	r = sql_exec(db, "PRAGMA synchronous=NORMAL", "cannot set how the store is synced", err);
	if (r == 0)
		r = prepare(writer, err);
	/* Without it there is one chance less; a disk that is full now is told of by the first commit. */
	if (r == 0 && ballast_take(writer->ballast, &ignored) < 0)
		writer->dropped = true;
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
	free(writer->ballast);
	free(writer);
	return r;
}

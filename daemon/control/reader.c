// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a job goes from the list of those that wait to the thread, and from there to
 * the list of those that are done, which an ev_async makes the loop work off. A job that is cancelled
 * while it waits is gone at once, or a peer that comes and goes would leave any number of them; one that
 * the thread has goes the same way and is freed in silence. JSON values are not shared between threads:
 * arguments are copied on the way in, answers leave as text.
 */
#include "control/reader.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/thread.h"
#include "control/limits.h"

struct reader_job {
	struct reader_job *next;
	struct reader *reader;
	const struct command *command;
	json_t *arguments;
	char *text;
	struct err err;
	reader_fn fn; /* NULL: cancelled; only the loop looks at it */
	void *ctx;
};

struct jobs {
	struct reader_job *first, *last;
};

struct reader {
	struct ev_loop *loop;
	char *state;
	ev_async done_watch;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* under the mutex: */
	struct jobs waiting, done;
	bool quit;
};

static void jobs_append(struct jobs *jobs, struct reader_job *job)
{
	if (jobs->first)
		jobs->last->next = job;
	else
		jobs->first = job;
	jobs->last = job;
	job->next = NULL;
}

static struct reader_job *jobs_take(struct jobs *jobs)
{
	struct reader_job *job = jobs->first;

	if (job)
		jobs->first = job->next;
	return job;
}

/* Whether it was in the list. */
static bool jobs_remove(struct jobs *jobs, const struct reader_job *job)
{
	struct reader_job *before = NULL, *at = jobs->first;

	for (; at && at != job; at = at->next)
		before = at;
	if (!at)
		return false;
	*(before ? &before->next : &jobs->first) = at->next;
	if (jobs->last == at)
		jobs->last = before;
	return true;
}

static void job_free(struct reader_job *job)
{
	json_decref(job->arguments);
	free(job->text);
	free(job);
}

static void execute(const char *state, struct reader_job *job)
{
	auto_json json_t *value = NULL;

	if (job->command->read(state, job->arguments, &value, &job->err) < 0)
		return;
	job->text = json_dumps(value, JSON_COMPACT);
	if (job->text && strlen(job->text) <= CONTROL_REPLY_MAX)
		return;
	free(mem_steal(job->text));
	err_set(&job->err, -EFBIG, "%s: the answer is longer than %d bytes", job->command->name,
		CONTROL_REPLY_MAX);
}

static void *run(void *arg)
{
	struct reader *reader = arg;

	pthread_mutex_lock(&reader->mutex);
	while (!reader->quit) {
		struct reader_job *job = jobs_take(&reader->waiting);

		if (!job) {
			pthread_cond_wait(&reader->changed, &reader->mutex);
			continue;
		}
		pthread_mutex_unlock(&reader->mutex);
		execute(reader->state, job);
		pthread_mutex_lock(&reader->mutex);
		jobs_append(&reader->done, job);
		ev_async_send(reader->loop, &reader->done_watch);
	}
	pthread_mutex_unlock(&reader->mutex);
	return NULL;
}

static void jobs_done(struct ev_loop *loop, ev_async *watch, int revents)
{
	struct reader *reader = watch->data;
	struct reader_job *job;

	(void)loop;
	(void)revents;
	for (;;) {
		pthread_mutex_lock(&reader->mutex);
		job = jobs_take(&reader->done);
		pthread_mutex_unlock(&reader->mutex);
		if (!job)
			return;
		if (job->fn)
			job->fn(job->ctx, mem_steal(job->text), &job->err);
		job_free(job);
	}
}

struct reader *reader_new(struct ev_loop *loop, const char *state)
{
	struct reader *reader = mem_new(struct reader);

	reader->loop = loop;
	reader->state = mem_strdup(state);
	pthread_mutex_init(&reader->mutex, NULL);
	pthread_cond_init(&reader->changed, NULL);
	ev_async_init(&reader->done_watch, jobs_done);
	reader->done_watch.data = reader;
	ev_async_start(loop, &reader->done_watch);
	if (thread_start(&reader->thread, run, reader))
		abort(); /* no memory for a stack */
	return reader;
}

static void free_all(struct jobs *jobs)
{
	struct reader_job *job;

	while ((job = jobs_take(jobs)))
		job_free(job);
}

void reader_free(struct reader *reader)
{
	if (!reader)
		return;
	pthread_mutex_lock(&reader->mutex);
	reader->quit = true;
	pthread_cond_signal(&reader->changed);
	pthread_mutex_unlock(&reader->mutex);
	pthread_join(reader->thread, NULL);
	ev_async_stop(reader->loop, &reader->done_watch);
	free_all(&reader->waiting);
	free_all(&reader->done);
	pthread_mutex_destroy(&reader->mutex);
	pthread_cond_destroy(&reader->changed);
	free(reader->state);
	free(reader);
}

struct reader_job *reader_submit(struct reader *reader, const struct command *command,
				 json_t *arguments, reader_fn fn, void *ctx)
{
	struct reader_job *job = mem_new(struct reader_job);

	job->reader = reader;
	job->command = command;
	job->arguments = json_deep_copy(arguments);
	job->fn = fn;
	job->ctx = ctx;
	pthread_mutex_lock(&reader->mutex);
	jobs_append(&reader->waiting, job);
	pthread_cond_signal(&reader->changed);
	pthread_mutex_unlock(&reader->mutex);
	return job;
}

void reader_cancel(struct reader_job *job)
{
	struct reader *reader = job->reader;
	bool waits;

	job->fn = NULL;
	pthread_mutex_lock(&reader->mutex);
	waits = jobs_remove(&reader->waiting, job);
	pthread_mutex_unlock(&reader->mutex);
	if (waits)
		job_free(job);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A list, and who is woken: a thread by its condition, the loop by its ev_async. */
#include "domain/tasks.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/thread.h"

struct task {
	void (*fn)(void *ctx);
	void *ctx;
	struct task *next;
};

struct tasks {
	pthread_mutex_t lock;
	pthread_cond_t added;
	struct task *first, **end;
	struct ev_loop *loop; /* NULL: a thread does them */
	ev_async wake;
};

/* All that are there, and NULL. */
static struct task *take(struct tasks *tasks)
{
	struct task *first = tasks->first;

	tasks->first = NULL;
	tasks->end = &tasks->first;
	return first;
}

static void do_all(struct task *task)
{
	while (task) {
		struct task *next = task->next;

		task->fn(task->ctx);
		free(task);
		task = next;
	}
}

__attribute__((noreturn)) static void *work(void *ctx)
{
	struct tasks *tasks = ctx;

	for (;;) {
		struct task *task;

		pthread_mutex_lock(&tasks->lock);
		while (!tasks->first)
			pthread_cond_wait(&tasks->added, &tasks->lock);
		task = take(tasks);
		pthread_mutex_unlock(&tasks->lock);
		do_all(task);
	}
}

static void woken(struct ev_loop *loop, ev_async *wake, int revents)
{
	struct tasks *tasks = wake->data;
	struct task *task;

	(void)loop;
	(void)revents;
	pthread_mutex_lock(&tasks->lock);
	task = take(tasks);
	pthread_mutex_unlock(&tasks->lock);
	do_all(task);
}

static struct tasks *tasks_new(void)
{
	struct tasks *tasks = mem_new(struct tasks);

	pthread_mutex_init(&tasks->lock, NULL);
	pthread_cond_init(&tasks->added, NULL);
	tasks->end = &tasks->first;
	return tasks;
}

struct tasks *tasks_of_thread(void)
{
	struct tasks *tasks = tasks_new();
	pthread_t thread;

	if (thread_start(&thread, work, tasks))
		abort(); /* no memory for a stack */
	pthread_detach(thread);
	return tasks;
}

struct tasks *tasks_of_loop(struct ev_loop *loop)
{
	struct tasks *tasks = tasks_new();

	tasks->loop = loop;
	ev_async_init(&tasks->wake, woken);
	tasks->wake.data = tasks;
	ev_async_start(loop, &tasks->wake);
	return tasks;
}

void tasks_add(struct tasks *tasks, void (*fn)(void *ctx), void *ctx)
{
	struct task *task = mem_new(struct task);

	task->fn = fn;
	task->ctx = ctx;
	pthread_mutex_lock(&tasks->lock);
	*tasks->end = task;
	tasks->end = &task->next;
	pthread_cond_signal(&tasks->added);
	pthread_mutex_unlock(&tasks->lock);
	if (tasks->loop)
		ev_async_send(tasks->loop, &tasks->wake);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the graph is of threads alone, so a circle is found by walking from thread to
 * thread.
 */
#include "stack/circle.h"

#include "base/mem.h"
#include "stack/role.h"

/* One way through the graph; each thread is on it once at most. */
struct path {
	const struct stack_thread *threads[PROC_THREADS_MAX];
	const struct stack_wait *waits[PROC_THREADS_MAX]; /* from the thread to the next */
	size_t length;
};

static char *describe_circle(const struct path *path, size_t first)
{
	char *text = NULL;

	for (size_t i = first; i < path->length; i++) {
		auto_free char *before = text;
		auto_free char *name = stack_thread_title(path->threads[i]);

		text = mem_printf("%s%s%s %s", before ? before : "", before ? "; " : "", name,
				  path->waits[i]->text);
	}
	return text;
}

/* Depth first; seen: threads from which no circle can be reached. */
static char *walk(const struct stack_process *process, struct path *path,
		  const struct stack_thread *thread, bool *seen)
{
	size_t index = (size_t)(thread - process->threads);
	char *circle = NULL;

	for (size_t i = 0; i < path->length; i++)
		if (path->threads[i] == thread)
			return describe_circle(path, i);
	if (seen[index])
		return NULL;
	path->threads[path->length] = thread;
	for (size_t i = 0; i < thread->wait_count && !circle; i++) {
		const struct stack_thread *next =
			thread->waits[i].on ? stack_process_find(process, thread->waits[i].on)
					    : NULL;

		path->waits[path->length++] = &thread->waits[i];
		if (next)
			circle = walk(process, path, next, seen);
		path->length--;
	}
	seen[index] = true;
	return circle;
}

char *circle_find(const struct stack_process *process)
{
	struct path path = { .length = 0 };
	auto_free bool *seen = mem_zalloc((process->thread_count + 1) * sizeof(*seen));
	char *circle = NULL;

	/* The main thread comes first, and so does the circle that it is in. */
	for (size_t i = 0; i < process->thread_count && !circle; i++)
		circle = walk(process, &path, &process->threads[i], seen);
	return circle;
}

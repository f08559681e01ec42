// SPDX-License-Identifier: GPL-2.0-or-later
/* Theory of operation: a hook that is due is a copy of all it needs, so that a reload takes nothing from it. */
#include "control/hooks.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/names.h"

struct due {
	struct hooks *hooks;
	char **argv;
	char *event;	/* JSON */
	char *variable; /* QSOAK_EVENT=... */
	int64_t limit_ns;
	struct child *child; /* NULL while it waits */
	struct deadline limit;
	bool late;
};

struct hooks {
	struct ev_loop *loop;
	struct control *control;
	const struct hook *list;
	size_t count;
	struct due *due[HOOKS_RUNNING_MAX + HOOKS_WAITING_MAX]; /* those that run first */
	size_t running, due_count;
};

static const char *const on_names[] = {
	[HOOK_NEW_SIGNATURE] = "new-signature",
	[HOOK_FAILURE] = "failure",
	[HOOK_CAMPAIGN_ENDED] = "campaign-ended",
	[HOOK_PAUSED] = "paused",
};
NAMES_COMPLETE(on_names, HOOK_ON_COUNT);

const char *hook_on_name(enum hook_on on)
{
	return names_of(on_names, HOOK_ON_COUNT, on);
}

/* Ends with NULL. */
static char **copy_strings(const char *const *strings)
{
	size_t count = 0;
	char **copy;

	while (strings[count])
		count++;
	copy = mem_zalloc((count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_strdup(strings[i]);
	return copy;
}

/* No file of curl's own has a say. */
static char **curl_command(const struct hook *hook)
{
	auto_free char *limit = mem_printf("%" PRId64, hook->limit_ns / CLOCK_NS_PER_S + 1);
	const char *const argv[] = {
		HOOKS_CURL,	 "--disable", "--silent", "--show-error",
		"--fail",	 "--globoff", "--proto",  "=http,https",
		"--max-time",	 limit,	      "--header", "Content-Type: application/json",
		"--data-binary", "@-",	      "--output", "/dev/null",
		"--url",	 hook->url,   NULL,
	};

	return copy_strings(argv);
}

static void due_free(struct due *due)
{
	deadline_stop(due->hooks->loop, &due->limit);
	child_free(due->child);
	for (size_t i = 0; due->argv[i]; i++)
		free(due->argv[i]);
	free(due->argv);
	free(due->event);
	free(due->variable);
	free(due);
}

static void take_out(struct hooks *hooks, size_t at)
{
	due_free(hooks->due[at]);
	memmove(&hooks->due[at], &hooks->due[at + 1],
		(--hooks->due_count - at) * sizeof(*hooks->due));
}

static void run_next(struct hooks *hooks);

static void exited(void *ctx, const struct child_exit *how)
{
	struct due *due = ctx;
	struct hooks *hooks = due->hooks;
	auto_free char *output = child_output(due->child, NULL);
	size_t at = 0;

	output[strcspn(output, "\n")] = '\0';
	if (due->late)
		log_warning("hook %s: killed, it took longer than %.0f s", due->argv[0],
			    (double)due->limit_ns / CLOCK_NS_PER_S);
	else if (how->signal)
		log_warning("hook %s: ended by SIG%s: %s", due->argv[0], sigabbrev_np(how->signal),
			    output);
	else if (how->status)
		log_warning("hook %s: exit status %d: %s", due->argv[0], how->status, output);
	while (hooks->due[at] != due)
		at++;
	take_out(hooks, at);
	hooks->running--;
	run_next(hooks);
}

static void limit_passed(void *ctx)
{
	struct due *due = ctx;

	due->late = true;
	child_kill(due->child, SIGKILL);
}

static int spawn(struct due *due, struct err *err)
{
	const char *const env[] = { due->variable, NULL };
	struct child_spec spec = {
		.argv = (const char *const *)due->argv,
		.env = env,
		.input = due->event,
		.nice = 10,
		.exited = exited,
		.ctx = due,
	};

	return child_spawn(due->hooks->loop, &spec, &due->child, err);
}

static void run_next(struct hooks *hooks)
{
	while (hooks->running < HOOKS_RUNNING_MAX && hooks->running < hooks->due_count) {
		struct due *due = hooks->due[hooks->running];
		struct err err = { 0 };

		if (spawn(due, &err) < 0) {
			log_warning("hook %s: %s", due->argv[0], err.text);
			take_out(hooks, hooks->running);
			continue;
		}
		hooks->running++;
		deadline_start(hooks->loop, &due->limit, due->limit_ns);
	}
}

static void add(struct hooks *hooks, const struct hook *hook, const char *name, const char *text)
{
	struct due *due;

	if (hooks->due_count == ARRAY_SIZE(hooks->due)) {
		log_warning("hook %s: left out, %d wait already", hook_on_name(hook->on),
			    HOOKS_WAITING_MAX);
		return;
	}
	due = mem_new(struct due);
	due->hooks = hooks;
	due->argv = hook->command ? copy_strings((const char *const *)hook->command)
				  : curl_command(hook);
	due->event = mem_printf("%s\n", text);
	due->variable = mem_printf("QSOAK_EVENT=%s", name);
	due->limit_ns = hook->limit_ns;
	deadline_init(&due->limit, limit_passed, due);
	hooks->due[hooks->due_count++] = due;
}

/* What an event is; a failure can be two. */
static bool is_of(enum hook_on on, const char *name, json_t *data)
{
	switch (on) {
	case HOOK_NEW_SIGNATURE:
		return !strcmp(name, "FAILURE") && json_is_true(json_object_get(data, "new"));
	case HOOK_FAILURE:
		return !strcmp(name, "FAILURE") && json_is_false(json_object_get(data, "expected"));
	case HOOK_CAMPAIGN_ENDED:
		return !strcmp(name, "CAMPAIGN_ENDED");
	case HOOK_PAUSED:
		return !strcmp(name, "PAUSED");
	case HOOK_ON_COUNT:
		break;
	}
	return false;
}

static void event_in(void *ctx, const char *name, const char *text)
{
	struct hooks *hooks = ctx;
	auto_json json_t *event = NULL;

	/* PROGRESS comes each second. */
	if (!hooks->count || !strcmp(name, "PROGRESS"))
		return;
	event = json_loads(text, 0, NULL);
	for (size_t i = 0; i < hooks->count; i++)
		if (is_of(hooks->list[i].on, name, json_object_get(event, "data")))
			add(hooks, &hooks->list[i], hook_on_name(hooks->list[i].on), text);
	run_next(hooks);
}

struct hooks *hooks_new(struct ev_loop *loop, struct control *control)
{
	struct hooks *hooks = mem_new(struct hooks);

	hooks->loop = loop;
	hooks->control = control;
	control_subscribe(control, event_in, hooks);
	return hooks;
}

void hooks_free(struct hooks *hooks)
{
	if (!hooks)
		return;
	control_unsubscribe(hooks->control, hooks);
	while (hooks->due_count)
		take_out(hooks, hooks->due_count - 1);
	free(hooks);
}

void hooks_set(struct hooks *hooks, const struct hook *list, size_t count)
{
	hooks->list = list;
	hooks->count = count;
}

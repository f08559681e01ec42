// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one timer, and one child at a time. What is due while a push runs is due when it has ended. A
 * push says itself whether there is more to come: campaigns that have not ended.
 */
#include "control/pushes.h"

#include <string.h>

#include "base/beside.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/service.h"
#include "report/json.h"

/* The last rows of a campaign are in the store within this time of its end. */
#define SETTLE_NS CLOCK_NS_PER_S

struct pushes {
	struct ev_loop *loop;
	struct control *control;
	const char *state;
	char *program; /* NULL: not found */
	char *url;     /* NULL: nowhere */
	int64_t every_ns;
	struct child *child; /* NULL: none runs */
	struct deadline due, limit;
	bool late;	   /* it was killed */
	bool more;	   /* something may be left to push */
	bool again;	   /* at once, when this one has ended */
	int64_t began_ns;  /* this one */
	int64_t pushed_ns; /* when the last began that ended well; 0: none did */
	unsigned failures; /* in a row */
	char *why;	   /* of the last of them, or NULL */
};

static void schedule(struct pushes *pushes, int64_t after_ns)
{
	deadline_start(pushes->loop, &pushes->due, after_ns);
}

static void push_failed(struct pushes *pushes, const char *why)
{
	unsigned factor = 1;

	if (!pushes->failures++)
		log_warning("results are not pushed to %s, which is tried again: %s", pushes->url,
			    why);
	for (unsigned i = 1; i < pushes->failures && factor < PUSHES_BACKOFF_MAX; i++)
		factor *= 2;
	free(pushes->why);
	pushes->why = mem_strdup(why);
	pushes->more = true;
	schedule(pushes, pushes->every_ns * factor);
}

static void push_succeeded(struct pushes *pushes, const char *output)
{
	auto_json json_t *said = json_loads(output, 0, NULL);
	json_t *unfinished = json_object_get(said, "unfinished");

	if (pushes->failures)
		log_info("results are pushed to %s again", pushes->url);
	pushes->failures = 0;
	free(mem_steal(pushes->why));
	pushes->pushed_ns = pushes->began_ns;
	pushes->more = !json_is_integer(unfinished) || json_integer_value(unfinished) > 0;
	schedule(pushes, pushes->again ? SETTLE_NS : pushes->every_ns);
	pushes->again = false;
}

static void exited(void *ctx, const struct child_exit *how)
{
	static const char prefix[] = "qsoak: ";
	struct pushes *pushes = ctx;
	auto_free char *output = child_output(pushes->child, NULL);
	auto_free char *why = NULL;
	const char *line = output;

	output[strcspn(output, "\n")] = '\0';
	deadline_stop(pushes->loop, &pushes->limit);
	if (pushes->late)
		why = mem_printf("killed, it took longer than %.0f s",
				 (double)PUSHES_LIMIT_NS / CLOCK_NS_PER_S);
	else if (how->signal)
		why = mem_printf("ended by SIG%s", sigabbrev_np(how->signal));
	else if (how->status)
		why = mem_strdup(line +
				 (strncmp(line, prefix, strlen(prefix)) ? 0 : strlen(prefix)));
	/* how goes with it. */
	child_free(mem_steal(pushes->child));
	if (why)
		push_failed(pushes, why);
	else
		push_succeeded(pushes, output);
}

static void limit_passed(void *ctx)
{
	struct pushes *pushes = ctx;

	pushes->late = true;
	child_kill(pushes->child, SIGKILL);
}

static void start(struct pushes *pushes)
{
	const char *const argv[] = { pushes->program, "push",	   "--state-dir", pushes->state,
				     "--json",	      pushes->url, NULL };
	const struct child_spec spec = {
		.argv = argv, .nice = 10, .exited = exited, .ctx = pushes
	};
	struct err err = { 0 };

	pushes->late = false;
	pushes->began_ns = clock_now_ns();
	if (!pushes->program)
		push_failed(pushes, "there is no qsoak beside qsoakd");
	else if (child_spawn(pushes->loop, &spec, &pushes->child, &err) < 0)
		push_failed(pushes, err.text);
	else
		deadline_start(pushes->loop, &pushes->limit, PUSHES_LIMIT_NS);
}

static void due(void *ctx)
{
	struct pushes *pushes = ctx;

	if (pushes->more || service_campaign(pushes->control))
		start(pushes);
	else
		schedule(pushes, pushes->every_ns);
}

static void event_in(void *ctx, const char *name, const char *text)
{
	struct pushes *pushes = ctx;

	(void)text;
	if (!pushes->url || strcmp(name, "CAMPAIGN_ENDED"))
		return;
	pushes->more = true;
	pushes->again = pushes->child != NULL;
	if (!pushes->child && !pushes->failures)
		schedule(pushes, SETTLE_NS);
}

struct pushes *pushes_new(struct ev_loop *loop, struct control *control, const char *state)
{
	static const char *const places[] = { "qsoak", "../bin/qsoak" };
	struct pushes *pushes = mem_new(struct pushes);

	pushes->loop = loop;
	pushes->control = control;
	pushes->state = state;
	pushes->program = beside_find(places, ARRAY_SIZE(places), X_OK);
	deadline_init(&pushes->due, due, pushes);
	deadline_init(&pushes->limit, limit_passed, pushes);
	control_subscribe(control, event_in, pushes);
	return pushes;
}

static void stop(struct pushes *pushes)
{
	deadline_stop(pushes->loop, &pushes->due);
	deadline_stop(pushes->loop, &pushes->limit);
	child_free(mem_steal(pushes->child));
	free(mem_steal(pushes->url));
	free(mem_steal(pushes->why));
	pushes->again = false;
	pushes->failures = 0;
	pushes->pushed_ns = 0;
}

void pushes_free(struct pushes *pushes)
{
	if (!pushes)
		return;
	control_unsubscribe(pushes->control, pushes);
	stop(pushes);
	free(pushes->program);
	free(pushes);
}

void pushes_set(struct pushes *pushes, const char *url, int64_t every_ns)
{
	bool same = url && pushes->url && !strcmp(url, pushes->url);
	bool sooner = every_ns < pushes->every_ns;

	pushes->every_ns = every_ns;
	if (same) {
		/* Otherwise it would wait for what may be a day. */
		if (sooner && !pushes->child)
			schedule(pushes, every_ns);
		return;
	}
	stop(pushes);
	if (!url)
		return;
	pushes->url = mem_strdup(url);
	pushes->more = true;
	schedule(pushes, 0);
}

json_t *pushes_status(const struct pushes *pushes)
{
	json_t *age;

	if (!pushes || !pushes->url)
		return json_null();
	age = pushes->pushed_ns ? json_integer(clock_now_ns() - pushes->pushed_ns) : json_null();
	return json_pack("{s:o, s:o}", "age-ns", age, "failing", report_json_string(pushes->why));
}

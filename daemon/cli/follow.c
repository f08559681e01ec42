// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: everything comes as an event. PROGRESS is printed as a line, or makes us ask
 * for the status and print its table; CAMPAIGN_ENDED of our campaign ends the loop. Ctrl-C and
 * SIGTERM are events of the same loop.
 */
#include "cli/follow.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "campaign/campaign.h"
#include "report/field.h"
#include "report/report.h"
#include "report/text.h"

struct follower {
	struct follow_spec spec;
	ev_signal interrupt, terminate;
	bool terminal, line_open, asked_to_stop, asked_to_kill, left;
	int64_t held; /* VMs, as far as we have been told */
	bool only_held;
	int64_t last_line_ns; /* elapsed time of the last plain line */
	int64_t campaign;
	int code;	    /* -1: not known yet */
	json_t *signatures; /* seen so far: signature -> true */
	struct err err;
};

/* A line of its own, even if a progress line is on the terminal. */
__attribute__((format(printf, 2, 3))) static void say(struct follower *follower, const char *fmt,
						      ...)
{
	va_list ap;

	if (follower->line_open)
		fputs("\r\033[K", stderr);
	follower->line_open = false;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void print_status(void *ctx, const struct qmp_reply *reply)
{
	struct follower *follower = ctx;

	if (reply->error || !field_known(reply->value, "campaign"))
		return;
	fputs("\033[H\033[J", stderr);
	report_status(reply->value, stderr);
	follower->line_open = false;
}

static void print_progress(struct follower *follower, json_t *data)
{
	int64_t elapsed = field_integer(data, "elapsed-ns");
	bool only_held = json_is_true(json_object_get(data, "only-held"));
	auto_free char *line = NULL;

	follower->held = field_integer(data, "held");
	if (only_held && !follower->only_held)
		say(follower,
		    "only held VMs are left: the campaign goes on once they are released: qsoak "
		    "release --all%s",
		    follower->spec.where);
	follower->only_held = only_held;
	if (follower->terminal && follower->spec.table) {
		link_send(follower->spec.link, "query-status", NULL, print_status, follower);
		return;
	}
	if (!follower->terminal && elapsed - follower->last_line_ns < FOLLOW_LINE_NS)
		return;
	follower->last_line_ns = elapsed;
	line = report_progress(data);
	if (!follower->terminal) {
		say(follower, "%s", line);
		return;
	}
	fprintf(stderr, "\r\033[K%s", line);
	follower->line_open = true;
}

/* A signature's first failure on a build gets a line; the others are in the count and the store. */
static void print_failure(struct follower *follower, json_t *data)
{
	auto_free char *signature = text_printable(field_text(data, "signature"));
	auto_free char *incident = text_printable(field_text(data, "incident"));
	auto_free char *build = text_printable(field_text(data, "build"));
	auto_free char *kind = mem_printf("%s: %s", build, signature);
	auto_free char *loops = text_count(field_integer(data, "loops"), "loop");
	const char *state = follower->spec.state;
	auto_free char *evidence =
		field_known(data, "incident")
			? mem_printf(" (%s%s%s)", state ? state : "", state ? "/" : "", incident)
			: mem_strdup("");

	if (json_object_get(follower->signatures, kind))
		return;
	json_object_set_new(follower->signatures, kind, json_true());
	say(follower, "failure %" PRId64 "%s: build %s, slot %" PRId64 ", after %s: %s%s",
	    field_integer(data, "failure"),
	    json_is_true(json_object_get(data, "expected")) ? ", expected" : "", build,
	    field_integer(data, "slot"), loops, signature, evidence);
}

/* With the commands to type. */
static void print_held(struct follower *follower, json_t *data)
{
	json_t *pids = json_object_get(data, "pids");
	auto_free char *text = report_pids(pids);

	follower->held++;
	say(follower, "held: incident %" PRId64 ", %s: gdb -p %lld; qsoak release %" PRId64 "%s",
	    field_integer(data, "incident"), text,
	    (long long)json_integer_value(json_array_get(pids, 0)), field_integer(data, "incident"),
	    follower->spec.where);
}

/* The codes that no other line explains. */
static void print_end(struct follower *follower, json_t *data)
{
	json_t *unseen = json_object_get(data, "unseen"), *few = json_object_get(data, "short");
	json_t *one;
	size_t i;

	if (follower->code != EXIT_INCONCLUSIVE || follower->spec.search)
		return;
	json_array_foreach(unseen, i, one) {
		auto_free char *build = text_printable(field_text(one, "build"));
		auto_free char *signature = text_printable(field_text(one, "signature"));

		if (field_integer(one, "times"))
			say(follower,
			    "inconclusive: expected of build %s %" PRId64
			    " times, but seen %" PRId64 " times: %s",
			    build, field_integer(one, "wanted"), field_integer(one, "times"),
			    signature);
		else
			say(follower, "inconclusive: expected of build %s, but never seen: %s",
			    build, signature);
	}
	json_array_foreach(few, i, one) {
		auto_free char *build = text_printable(field_text(one, "build"));

		say(follower, "inconclusive: build %s has done %" PRId64 " loops of %" PRId64,
		    build, field_integer(one, "loops"), field_integer(one, "wanted"));
	}
	if (!field_integer(data, "loops"))
		say(follower, "inconclusive: no loop was finished");
}

static void event_in(void *ctx, const struct qmp_event *event)
{
	struct follower *follower = ctx;

	if (!strcmp(event->name, "PROGRESS")) {
		print_progress(follower, event->data);
	} else if (!strcmp(event->name, "FAILURE")) {
		print_failure(follower, event->data);
	} else if (!strcmp(event->name, "HELD")) {
		print_held(follower, event->data);
	} else if (!strcmp(event->name, "RELEASED")) {
		follower->held--;
	} else if (!strcmp(event->name, "PAUSED")) {
		auto_free char *why = text_printable(field_text(event->data, "reason"));

		say(follower, "paused: %s", why);
	} else if (!strcmp(event->name, "RESUMED")) {
		say(follower, "no longer paused (%s)", field_text(event->data, "cause"));
	} else if (!strcmp(event->name, "CAMPAIGN_ENDED")) {
		if (field_integer(event->data, "campaign") != follower->campaign)
			return;
		follower->code = (int)field_integer(event->data, "exit-code");
		print_end(follower, event->data);
		link_break(follower->spec.link);
	} else if (!strcmp(event->name, "DAEMON_FAILED")) {
		const char *why = field_text(event->data, "error");

		err_set(&follower->err, -EIO, "qsoakd has failed: %s", why ? why : "?");
	}
}

static void send_stop(struct follower *follower)
{
	link_send(
		follower->spec.link, "stop",
		json_pack("{s:s, s:I}", "mode", "kill", "campaign", (json_int_t)follower->campaign),
		NULL, NULL);
}

static void signal_in(struct ev_loop *loop, ev_signal *watch, int revents)
{
	struct follower *follower = watch->data;

	(void)loop;
	(void)revents;
	if (follower->spec.on_interrupt == FOLLOW_LEAVES ||
	    (follower->asked_to_stop && (follower->asked_to_kill || follower->held <= 0))) {
		follower->left = true;
		link_break(follower->spec.link);
		return;
	}
	follower->asked_to_kill = follower->asked_to_stop;
	follower->asked_to_stop = true;
	if (follower->asked_to_kill)
		say(follower, "killing the VMs that are held; once more to leave at once");
	else if (follower->held > 0)
		say(follower, "stopping; VMs that are held are waited for; once more to kill them");
	else
		say(follower, "stopping; once more to leave at once");
	/* If it is on its way, it is stopped as soon as we know its name. */
	if (follower->campaign)
		send_stop(follower);
}

static void watch_signal(struct follower *follower, ev_signal *watch, int number)
{
	ev_signal_init(watch, signal_in, number);
	watch->data = follower;
	ev_signal_start(link_loop(follower->spec.link), watch);
}

int follow_begin(const struct follow_spec *spec, struct follower **ret_follower, struct err *err)
{
	struct follower *follower = mem_new(struct follower);
	auto_json json_t *value = NULL;
	int r;

	follower->spec = *spec;
	follower->terminal = isatty(STDERR_FILENO);
	follower->code = -1;
	follower->signatures = json_object();
	watch_signal(follower, &follower->interrupt, SIGINT);
	watch_signal(follower, &follower->terminate, SIGTERM);
	link_on_event(spec->link, event_in, follower);
	r = link_greet(spec->link, err);
	if (r == 0)
		r = link_call(spec->link, "subscribe", NULL, &value, err);
	if (r < 0) {
		follow_end(follower);
		return r;
	}
	*ret_follower = follower;
	return 0;
}

bool follow_interrupted(const struct follower *follower)
{
	return follower->asked_to_stop || follower->left;
}

int follow(struct follower *follower, int64_t campaign, int *ret_code, struct err *err)
{
	int r = 0;

	follower->campaign = campaign;
	if (follower->asked_to_stop)
		send_stop(follower);
	if (follower->code < 0 && !follower->left)
		r = link_run(follower->spec.link, err);
	if (follower->line_open)
		fputc('\n', stderr);
	follower->line_open = false;
	if (follower->left)
		return 1;
	/* It may have come to an end, but not into the store. */
	if (follower->err.code && !follower->asked_to_stop) {
		*err = follower->err;
		return err->code;
	}
	if (follower->code < 0)
		return r < 0 ? r : err_set(err, -EPIPE, "the campaign's end is not known");
	*ret_code = follower->code;
	return 0;
}

void follow_end(struct follower *follower)
{
	if (!follower)
		return;
	link_on_event(follower->spec.link, NULL, NULL);
	ev_signal_stop(link_loop(follower->spec.link), &follower->interrupt);
	ev_signal_stop(link_loop(follower->spec.link), &follower->terminate);
	json_decref(follower->signatures);
	free(follower);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: everything comes as an event, also Ctrl-C and SIGTERM; CAMPAIGN_ENDED of our campaign ends the
 * loop. Where the service goes before, we connect to it again once it is back, and ask: the campaign is in progress, and
 * so are we, or the store has its end. What failed meanwhile is in the store, too, and what we know already has an id.
 * Only what reads is asked twice.
 */
#include "cli/follow.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "cli/live.h"
#include "cli/seen.h"
#include "cli/source.h"
#include "cli/tell.h"
#include "report/field.h"
#include "report/text.h"

struct follower {
	struct follow_spec spec;
	ev_signal interrupt, terminate;
	struct teller *teller;
	struct seen *seen;
	struct live *live; /* or NULL */
	json_t *early;	   /* an end that came with the answer that names the campaign, or NULL */
	bool asked_to_stop, asked_to_kill, left;
	bool suspended; /* qsoakd has said that it goes, and the campaign with it */
	bool waiting;	/* for the service to come back */
	int64_t held;	/* VMs, as far as we have been told */
	int64_t campaign;
	char *seed; /* its; NULL: not known */
	int code;   /* -1: not known yet */
	struct err err;
};

static void failure_in(struct follower *follower, json_t *data)
{
	if (seen_add(follower->seen, data))
		teller_failure(follower->teller, data);
}

static void ended_in(struct follower *follower, json_t *data)
{
	if (!follower->campaign) {
		json_decref(follower->early);
		follower->early = json_incref(data);
	}
	if (field_integer(data, "campaign") != follower->campaign)
		return;
	follower->code = (int)field_integer(data, "exit-code");
	if (follower->code == EXIT_INCONCLUSIVE && !follower->spec.search)
		teller_inconclusive(follower->teller, data);
	if (!follower->waiting)
		link_break(follower->spec.link);
}

static void event_in(void *ctx, const struct qmp_event *event)
{
	struct follower *follower = ctx;

	if (!strcmp(event->name, "PROGRESS")) {
		follower->held = field_integer(event->data, "held");
		teller_progress(follower->teller, event->data);
	} else if (!strcmp(event->name, "FAILURE")) {
		failure_in(follower, event->data);
	} else if (!strcmp(event->name, "HELD")) {
		follower->held++;
		teller_held(follower->teller, event->data);
	} else if (!strcmp(event->name, "RELEASED")) {
		follower->held--;
	} else if (!strcmp(event->name, "PAUSED")) {
		teller_paused(follower->teller, event->data);
	} else if (!strcmp(event->name, "RESUMED")) {
		teller_resumed(follower->teller, event->data);
	} else if (!strcmp(event->name, "SUSPENDED")) {
		follower->suspended |= field_integer(event->data, "campaign") == follower->campaign;
	} else if (!strcmp(event->name, "CAMPAIGN_ENDED")) {
		ended_in(follower, event->data);
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
	struct teller *teller = follower->teller;

	(void)loop;
	(void)revents;
	if (follower->spec.on_interrupt == FOLLOW_LEAVES || follower->waiting ||
	    (follower->asked_to_stop && (follower->asked_to_kill || follower->held <= 0))) {
		follower->left = true;
		link_break(follower->spec.link);
		return;
	}
	follower->asked_to_kill = follower->asked_to_stop;
	follower->asked_to_stop = true;
	if (follower->asked_to_kill)
		teller_say(teller, "killing the VMs that are held; once more to leave at once");
	else if (follower->held > 0)
		teller_say(teller,
			   "stopping; VMs that are held are waited for; once more to kill them");
	else
		teller_say(teller, "stopping; once more to leave at once");
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

static int subscribe(struct follower *follower, struct err *err)
{
	auto_json json_t *value = NULL;

	return link_call(follower->spec.link, "subscribe", NULL, &value, err);
}

int follow_begin(const struct follow_spec *spec, struct follower **ret_follower, struct err *err)
{
	struct follower *follower = mem_new(struct follower);
	int r;

	follower->spec = *spec;
	follower->code = -1;
	follower->teller = teller_new(spec->state, spec->where);
	follower->seen = seen_new();
	watch_signal(follower, &follower->interrupt, SIGINT);
	watch_signal(follower, &follower->terminate, SIGTERM);
	link_on_event(spec->link, event_in, follower);
	r = link_greet(spec->link, err);
	if (r == 0)
		r = subscribe(follower, err);
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

static int failure_row(void *ctx, json_t *row, struct err *err)
{
	(void)err;
	failure_in(ctx, row);
	return 0;
}

static int old_failure_row(void *ctx, json_t *row, struct err *err)
{
	struct follower *follower = ctx;

	(void)err;
	seen_add(follower->seen, row);
	return 0;
}

static int read_failures(struct follower *follower,
			 int (*fn)(void *ctx, json_t *row, struct err *err), struct err *err)
{
	struct source source = { .link = follower->spec.link };

	return source_list(&source, "query-failures", "failures",
			   json_pack("{s:I}", "campaign", (json_int_t)follower->campaign), fn,
			   follower, err);
}

/* What the store has of the campaign; NULL: nothing. */
static int read_campaign(struct follower *follower, json_t **ret_row, struct err *err)
{
	auto_json json_t *page = NULL;
	int r = link_call(follower->spec.link, "query-campaigns",
			  json_pack("{s:I}", "campaign", (json_int_t)follower->campaign), &page,
			  err);

	/* So says the daemon where there is none of this id. */
	if (r == -EINVAL)
		return 0;
	if (r == 0)
		*ret_row = json_incref(json_array_get(json_object_get(page, "campaigns"), 0));
	return r;
}

/* What there is to know of a campaign that began before us. */
static int join(struct follower *follower, struct err *err)
{
	auto_json json_t *row = NULL;
	int r = read_campaign(follower, &row, err);

	follower->seed = field_copy(row, "seed");
	return r == 0 && row ? read_failures(follower, old_failure_row, err) : r;
}

static void goes_on(struct follower *follower, json_t *status)
{
	follower->held = field_integer(status, "held");
	teller_say(follower->teller, "qsoakd is back, and campaign %" PRId64 " goes on",
		   follower->campaign);
	/* A campaign that goes on with another qsoakd has not heard of it. */
	if (follower->asked_to_stop && !json_is_true(json_object_get(status, "stopping")))
		send_stop(follower);
}

static void has_ended(struct follower *follower, json_t *status, json_t *row)
{
	auto_free char *refused = text_printable(field_text(status, "refused"));
	const char *where = follower->spec.where;
	int64_t id = follower->campaign;

	follower->code = field_known(row, "exit_code") ? (int)field_integer(row, "exit_code")
						       : EXIT_INTERRUPTED;
	if (!field_says(row, "end", "interrupted"))
		return;
	if (field_known(status, "refused"))
		teller_say(follower->teller, "%s; `qsoak resume %" PRId64 "%s` tries it again",
			   refused, id, where);
	else
		teller_say(follower->teller,
			   "campaign %" PRId64 " was interrupted meanwhile; `qsoak resume %" PRId64
			   "%s` lets it go on",
			   id, id, where);
}

/* qsoakd is back. -EAGAIN: it does not know yet. -ENOENT: it never will. */
static int take_up(struct follower *follower, struct err *err)
{
	auto_json json_t *status = NULL, *row = NULL;
	int64_t id = follower->campaign;
	int r = subscribe(follower, err);

	if (r == 0)
		r = link_call(follower->spec.link, "query-status", NULL, &status, err);
	if (r == 0)
		r = read_campaign(follower, &row, err);
	if (r < 0)
		return r;
	if (!row)
		return err_set(err, -ENOENT,
			       "qsoakd is back, but its results have no campaign %" PRId64, id);
	if (follower->seed && !field_says(row, "seed", follower->seed))
		return err_set(err, -ENOENT,
			       "qsoakd is back, but with other results: its campaign %" PRId64
			       " is another one",
			       id);
	r = read_failures(follower, failure_row, err);
	if (r < 0 || follower->code >= 0)
		return r;
	if (field_integer(status, "campaign") == id)
		goes_on(follower, status);
	else if (field_known(row, "end"))
		has_ended(follower, status, row);
	else
		return err_set(err, -EAGAIN, "campaign %" PRId64 " neither goes on nor has ended",
			       id);
	return 0;
}

/* err: why the link is lost. Returns 0 if the campaign goes on or its code is known, or the user has left. */
static int come_back(struct follower *follower, struct err *err)
{
	int64_t until_ns = clock_now_ns() + follower->spec.wait_ns;
	auto_free char *limit = text_long_duration(follower->spec.wait_ns);
	auto_free char *gone = text_printable(follower->err.code ? follower->err.text : err->text);
	struct link *link = follower->spec.link;
	bool connected = false;
	struct err last = { 0 };
	int r;

	teller_say(follower->teller, "%s; waiting for it to come back, %s at most",
		   follower->suspended ? "qsoakd ends, and the campaign goes on with the next one"
				       : gone,
		   limit);
	follower->suspended = false;
	follower->waiting = true;
	do {
		r = connected ? 0 : link_reopen(link, until_ns, &last);
		if (r == 0)
			r = take_up(follower, &last);
		connected = !link_lost(link);
	} while (r < 0 && r != -ENOENT && !follower->left && link_pause(link, FOLLOW_ASK_NS) &&
		 clock_now_ns() < until_ns);
	follower->waiting = false;
	if (r == 0 || follower->left) {
		follower->err = (struct err){ 0 };
		return 0;
	}
	if (r == -ENOENT)
		*err = last;
	else
		err_set(err, -EPIPE, "qsoakd did not come back within %s: %s", limit, last.text);
	return err->code;
}

/* Until the end is known, or will not be. */
static int run(struct follower *follower, struct err *err)
{
	int r = follower->seed ? 0 : join(follower, err);

	while (follower->code < 0 && !follower->left) {
		if (r == 0)
			r = link_run(follower->spec.link, err);
		if (r == 0 || !follower->spec.wait_ns)
			return r;
		if (!follower->left)
			r = come_back(follower, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void begin_table(struct follower *follower)
{
	if (follower->spec.table)
		follower->live = live_new(follower->spec.link, follower->seen);
	if (follower->live)
		teller_divert(follower->teller, live_note, follower->live);
}

static void end_table(struct follower *follower)
{
	live_free(follower->live);
	follower->live = NULL;
	teller_divert(follower->teller, NULL, NULL);
}

int follow(struct follower *follower, int64_t campaign, const char *seed, int *ret_code,
	   struct err *err)
{
	int r;

	follower->campaign = campaign;
	follower->seed = seed ? mem_strdup(seed) : NULL;
	if (!seed)
		teller_say(follower->teller, "campaign %" PRId64 " is in progress", campaign);
	if (follower->asked_to_stop)
		send_stop(follower);
	if (follower->early)
		ended_in(follower, follower->early);
	begin_table(follower);
	r = run(follower, err);
	end_table(follower);
	teller_end_line(follower->teller);
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
	teller_free(follower->teller);
	seen_free(follower->seen);
	json_decref(follower->early);
	free(follower->seed);
	free(follower);
}

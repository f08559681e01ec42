// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: clients come and go, one campaign at a time lives beside them. A client of
 * the service that goes leaves the campaign alone; when the one that owns a private qsoakd goes, or
 * a signal asks for the end, the campaign is killed, and when it has ended, or waits for a store that
 * cannot be written, idle is called. The campaign is freed in its own `ended`, a client in its own `gone`.
 */
#include "control/control-parts.h"

#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/lag.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/client.h"
#include "control/failures.h"
#include "control/reader.h"
#include "control/story.h"
#include "store/store.h"

void control_broadcast(struct control *control, const char *name, json_t *data)
{
	int64_t now = clock_unix_ns();
	auto_json json_t *event =
		json_pack("{s:s, s:o, s:{s:I, s:I}}", "event", name, "data", data, "timestamp",
			  "seconds", (json_int_t)(now / CLOCK_NS_PER_S), "microseconds",
			  (json_int_t)(now % CLOCK_NS_PER_S / 1000));

	auto_free char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;

	if (!text)
		abort(); /* a text of ours that is no UTF-8: err and failure see to that */
	for (size_t i = 0; i < control->client_count; i++)
		client_send_event(control->clients[i], text);
	for (size_t i = 0; i < control->subscriber_count; i++)
		control->subscribers[i].fn(control->subscribers[i].ctx, name, text);
}

void control_subscribe(struct control *control, control_event_fn fn, void *ctx)
{
	if (control->subscriber_count == CONTROL_SUBSCRIBERS_MAX)
		abort(); /* main wires more than there is room for */
	control->subscribers[control->subscriber_count++] = (struct subscriber){ fn, ctx };
}

void control_unsubscribe(struct control *control, const void *ctx)
{
	for (size_t i = 0; i < control->subscriber_count; i++)
		if (control->subscribers[i].ctx == ctx)
			control->subscribers[i] = control->subscribers[--control->subscriber_count];
}

void control_set_http(struct control *control, const char *address)
{
	free(control->http);
	control->http = address ? mem_strdup(address) : NULL;
}

void control_set_pushes(struct control *control, const struct pushes *pushes)
{
	control->pushes = pushes;
}

int64_t control_loop_lag_ns(const struct control *control)
{
	return lag_longest_ns(control->lag);
}

static void progress_due(void *ctx)
{
	struct control *control = ctx;

	control_broadcast(control, "PROGRESS", service_status(control, false));
	deadline_start(control->loop, &control->progress, CONTROL_PROGRESS_NS);
}

static void call_idle(void *ctx)
{
	struct control *control = ctx;

	control->spec.idle(control->spec.ctx);
}

/* The store has its last try when it is closed. */
static void store_limit_passed(void *ctx)
{
	struct control *control = ctx;

	log_error("campaign %" PRId64 " is not waited for any longer: the store cannot be written",
		  campaign_id(control->campaign));
	call_idle(control);
}

void control_limit_quit(struct control *control)
{
	if (!control->quitting || !control->campaign || !control->pauses.why[PAUSE_STORE])
		deadline_stop(control->loop, &control->store_limit);
	else if (!ev_is_active(&control->store_limit.timer))
		deadline_start(control->loop, &control->store_limit, CONTROL_QUIT_LIMIT_NS);
}

static bool record_in(void *ctx, const struct record *record, const struct record_durable *durable)
{
	struct control *control = ctx;

	(void)durable;
	counters_count(&control->counters, record);
	if (record->type != RECORD_FAILURE)
		return false;
	control->counters.new_signatures += failures_add(control->failures, &record->failure);
	/* A private one has a client that tells of it. */
	if (control->spec.keeps)
		story_failure(&record->failure);
	return false;
}

static void client_gone(void *ctx, struct client *client)
{
	struct control *control = ctx;
	bool owner = client == control->owner;

	for (size_t i = 0; i < control->client_count; i++)
		if (control->clients[i] == client)
			control->clients[i] = control->clients[--control->client_count];
	client_free(client);
	if (!owner)
		return;
	control->owner = NULL;
	control_quit(control);
}

static bool has_room(const struct control *control, bool reads_only)
{
	size_t readers = 0;

	for (size_t i = 0; i < control->client_count; i++)
		readers += client_reads_only(control->clients[i]);
	return control->client_count < CONTROL_CLIENTS_MAX &&
	       (!reads_only || readers < CONTROL_READERS_MAX);
}

void control_add_client(struct control *control, int fd, enum control_role role)
{
	struct client_spec spec = {
		.control = control,
		.reader = control->reader,
		.reads_only = role == CONTROL_READER,
		.gone = client_gone,
		.ctx = control,
	};
	struct client *client;

	if (!has_room(control, spec.reads_only)) {
		client_refuse(fd, "qsoakd has as many clients as it serves");
		return;
	}
	client = client_new(control->loop, fd, &spec);
	control->clients[control->client_count++] = client;
	if (role == CONTROL_OWNER)
		control->owner = client;
}

struct control *control_new(struct ev_loop *loop, const struct control_spec *spec)
{
	struct control *control = mem_new(struct control);
	auto_free char *path = store_path(spec->state);
	struct err err = { 0 };

	control->loop = loop;
	control->spec = *spec;
	control->failures = failures_new();
	if (failures_know_stored(control->failures, path, &err) < 0)
		log_warning("every signature will be called new: %s", err.text);
	control->reader = reader_new(loop, spec->state);
	control->lag = lag_new(loop);
	deadline_init(&control->progress, progress_due, control);
	deadline_init(&control->idle, call_idle, control);
	deadline_init(&control->store_limit, store_limit_passed, control);
	records_subscribe(spec->records, record_in, control);
	return control;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	deadline_stop(control->loop, &control->progress);
	deadline_stop(control->loop, &control->idle);
	deadline_stop(control->loop, &control->store_limit);
	campaign_free(control->campaign);
	for (size_t i = 0; i < control->client_count; i++)
		client_free(control->clients[i]);
	reader_free(control->reader);
	failures_free(control->failures);
	lag_free(control->lag);
	free(control->http);
	free(control->refused);
	pauses_finish(&control->pauses);
	free(control);
}

void control_pause(struct control *control, enum pause_cause cause, const char *why)
{
	bool was = control->pauses.why[cause] != NULL;

	pauses_set(&control->pauses, cause, why);
	if (control->campaign)
		campaign_pause(control->campaign, pauses_why(&control->pauses));
	if (was == (why != NULL))
		return;
	control_limit_quit(control);
	story_pause(service_campaign(control), cause, why);
	control_broadcast(control, why ? "PAUSED" : "RESUMED",
			  json_pack("{s:o, s:s, s:s*}", "campaign",
				    service_campaign_or_null(control), "cause",
				    pause_cause_name(cause), "reason", why));
}

void control_stood_still(struct control *control, int64_t lost_ns, int64_t suspended_ns)
{
	if (control->campaign)
		campaign_stood_still(control->campaign, lost_ns, suspended_ns);
}

void control_quit(struct control *control)
{
	control->quitting = true;
	if (control->campaign && control->spec.keeps) {
		campaign_suspend(control->campaign, "qsoakd was stopped");
	} else if (control->campaign) {
		json_decref(service_stop(control, SLOT_KILL));
		campaign_stop_holding(control->campaign);
	} else {
		deadline_start(control->loop, &control->idle, 0);
	}
	control_limit_quit(control);
}

void control_set_budget(struct control *control, const struct budget *budget)
{
	control->spec.budget = *budget;
}

void control_fail(struct control *control, const struct err *err)
{
	log_error("%s", err->text);
	control_broadcast(control, "DAEMON_FAILED", json_pack("{s:s}", "error", err->text));
	control_quit(control);
}

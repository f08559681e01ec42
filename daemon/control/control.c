// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: clients come and go, one campaign at a time lives beside them. A client of
 * the service that goes leaves the campaign alone; when the one that owns a private qsoakd goes, or
 * a signal asks for the end, the campaign is killed, and when it has ended, or waits for a store that
 * cannot be written, idle is called. The campaign is freed in its own `ended`, a client in its own `gone`.
 */
#include "control/control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/lag.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/arguments.h"
#include "control/client.h"
#include "control/command.h"
#include "control/counters.h"
#include "control/failures.h"
#include "control/limits.h"
#include "control/pushes.h"
#include "control/reader.h"
#include "control/service.h"
#include "control/story.h"
#include "report/json.h"
#include "store/resume.h"
#include "store/store.h"

struct subscriber {
	control_event_fn fn;
	void *ctx;
};

struct control {
	struct ev_loop *loop;
	struct control_spec spec;
	struct reader *reader;
	struct client *clients[CONTROL_CLIENTS_MAX];
	size_t client_count;
	struct client *owner; /* or NULL */
	struct subscriber subscribers[CONTROL_SUBSCRIBERS_MAX];
	size_t subscriber_count;
	struct lag *lag;
	char *http; /* where it is served, or NULL */
	const struct pushes *pushes; /* or NULL */
	bool quitting, stopping;
	struct pauses pauses;
	char *refused; /* why the campaign that was left to us did not go on, until another one begins; or NULL */
	struct failures *failures;
	struct counters counters;
	struct campaign *campaign;
	struct deadline progress, idle, store_limit;
};

/* data is stolen. */
static void broadcast(struct control *control, const char *name, json_t *data)
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

struct reader *service_reader(const struct control *control)
{
	return control->reader;
}

bool service_is_late(const struct control *control)
{
	return lag_turn_ns(control->lag) > CONTROL_TURN_NS;
}

static json_t *slot_object(const struct campaign *campaign, unsigned slot)
{
	struct slot_status status;
	json_t *pids;

	campaign_slot_status(campaign, slot, &status);
	pids = json_array();
	for (size_t i = 0; i < status.pid_count; i++)
		json_array_append_new(pids, json_integer(status.pids[i]));
	return json_pack("{s:i, s:i, s:s, s:s, s:s?, s:s?, s:I, s:o, s:o}", "slot", status.slot,
			 "vm", status.vm, "build", status.build, "state", status.state, "operation",
			 status.operation, "step", status.step, "loops", (json_int_t)status.loops,
			 "incident",
			 status.incident ? json_integer((json_int_t)status.incident) : json_null(),
			 "pids", pids);
}

json_t *service_status(const struct control *control, bool slots)
{
	const struct campaign *campaign = control->campaign;
	struct campaign_progress progress = { 0 };
	json_t *status, *list;

	if (campaign)
		campaign_progress(campaign, &progress);
	status = json_pack(
		"{s:o, s:s?, s:b, s:s?, s:o, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:i, s:b, s:s?, s:I, s:o}",
		"campaign", service_campaign_or_null(control), "name",
		campaign ? campaign_name(campaign) : NULL, "stopping", (int)control->stopping,
		"paused", pauses_why(&control->pauses), "set-aside",
		report_json_string(control->spec.set_aside), "refused", control->refused,
		"elapsed-ns", (json_int_t)progress.elapsed_ns, "duration-ns",
		(json_int_t)progress.duration_ns, "loops-wanted", (json_int_t)progress.loops_wanted,
		"vms-wanted", (json_int_t)progress.vms_wanted, "vms", (json_int_t)progress.vms,
		"blocks", (json_int_t)progress.blocks, "blocks-wanted",
		(json_int_t)progress.blocks_wanted, "operations", (json_int_t)progress.operations,
		"loops", (json_int_t)progress.loops, "failures", (json_int_t)progress.failures,
		"expected", (json_int_t)progress.expected, "held", (int)progress.held, "only-held",
		(int)progress.only_held, "http", control->http, "loop-lag-ns",
		(json_int_t)lag_longest_ns(control->lag), "upstream",
		pushes_status(control->pushes));
	if (!slots)
		return status;
	list = json_array();
	for (unsigned i = 0; campaign && i < campaign_slots(campaign); i++)
		json_array_append_new(list, slot_object(campaign, i));
	json_object_set_new(status, "slots", list);
	return status;
}

static void progress_due(void *ctx)
{
	struct control *control = ctx;

	broadcast(control, "PROGRESS", service_status(control, false));
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

static void limit_quit(struct control *control)
{
	if (!control->quitting || !control->campaign || !control->pauses.why[PAUSE_STORE])
		deadline_stop(control->loop, &control->store_limit);
	else if (!ev_is_active(&control->store_limit.timer))
		deadline_start(control->loop, &control->store_limit, CONTROL_QUIT_LIMIT_NS);
}

/* What was to be seen and was not. */
static json_t *unseen_list(const struct campaign *campaign)
{
	struct tally_unseen unseen;
	json_t *list = json_array();
	size_t position = 0;

	while (campaign_next_unseen(campaign, &position, &unseen))
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "build", unseen.build,
						      "signature", unseen.signature, "times",
						      (json_int_t)unseen.times, "wanted",
						      (json_int_t)unseen.wanted));
	return list;
}

/* Builds that have done too little to be called clean. */
static json_t *short_list(const struct campaign *campaign)
{
	struct tally_short few;
	json_t *list = json_array();
	size_t position = 0;

	while (campaign_next_short(campaign, &position, &few))
		json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "build", few.build,
						      "loops", (json_int_t)few.loops, "wanted",
						      (json_int_t)few.wanted));
	return list;
}

static void campaign_ended(void *ctx, enum exit_code code, bool suspended)
{
	struct control *control = ctx;
	int64_t id = campaign_id(control->campaign);
	json_t *unseen = unseen_list(control->campaign), *few = short_list(control->campaign);
	struct campaign_progress progress;

	campaign_progress(control->campaign, &progress);
	deadline_stop(control->loop, &control->progress);
	campaign_free(control->campaign);
	control->campaign = NULL;
	limit_quit(control);
	failures_forget(control->failures);
	control->stopping = false;
	story_campaign_end(id, code, suspended);
	if (suspended) {
		broadcast(control, "SUSPENDED", json_pack("{s:I}", "campaign", (json_int_t)id));
		json_decref(unseen);
		json_decref(few);
	} else {
		broadcast(control, "CAMPAIGN_ENDED",
			  json_pack("{s:I, s:i, s:I, s:o, s:o}", "campaign", (json_int_t)id,
				    "exit-code", (int)code, "loops", (json_int_t)progress.loops,
				    "unseen", unseen, "short", few));
	}
	if (control->quitting)
		deadline_start(control->loop, &control->idle, 0);
}

static void failed(void *ctx, int64_t failure)
{
	struct control *control = ctx;

	broadcast(control, "FAILURE", failures_take(control->failures, failure));
}

static void hold_changed(void *ctx, unsigned slot, const char *why)
{
	struct control *control = ctx;
	json_t *data = slot_object(control->campaign, slot);
	bool held = json_is_integer(json_object_get(data, "incident"));
	struct slot_status status;

	campaign_slot_status(control->campaign, slot, &status);
	story_hold(campaign_id(control->campaign), &status, why);
	broadcast(control, held ? "HELD" : "RELEASED", data);
}

/* What the look says: a comparison, as text. */
static void looked(void *ctx, char *text, const struct err *err)
{
	struct control *control = ctx;
	auto_json json_t *comparison = text ? json_loads(text, 0, NULL) : NULL;
	const char *verdict = json_string_value(json_object_get(comparison, "verdict"));
	json_int_t id =
		json_integer_value(json_object_get(json_object_get(comparison, "campaign"), "id"));

	free(text);
	if (!verdict)
		log_warning("a look at the comparison has failed: %s", err ? err->text : "?");
	/* The campaign may have gone, and another one have come. */
	if (!verdict || !strcmp(verdict, "unclear") || !control->campaign ||
	    campaign_id(control->campaign) != id)
		return;
	log_info("campaign %lld is decided: %s", (long long)id, verdict);
	campaign_stop(control->campaign, SLOT_DRAIN, false);
}

static void look(void *ctx, int64_t campaign)
{
	struct control *control = ctx;
	auto_json json_t *arguments = json_pack("{s:I}", "campaign", (json_int_t)campaign);

	reader_submit(control->reader, command_find("query-comparison"), arguments, looked,
		      control);
}

static int may_start(const struct control *control, struct err *err)
{
	if (control->campaign)
		return err_set(err, -EBUSY, "campaign %" PRId64 " is in progress",
			       campaign_id(control->campaign));
	if (control->quitting)
		return err_set(err, -EBUSY, "qsoakd is about to end");
	return 0;
}

/* Nothing is in progress. */
static void begin_dates(void)
{
	int64_t set_ns = clock_begin_dates();

	if (llabs(set_ns) > CONTROL_CLOCK_SET_NS)
		log_warning("the wall clock was set %s by %.0f s; dates follow it from here on",
			    set_ns < 0 ? "back" : "forward", (double)llabs(set_ns) / CLOCK_NS_PER_S);
}

/* Takes profile and resume over. */
static int start_campaign(struct control *control, struct profile *profile, uint64_t number,
			  const char *request, struct resume *resume, json_t **ret_value,
			  struct err *err)
{
	struct campaign_spec spec = {
		.records = control->spec.records,
		.state = control->spec.state,
		.work = control->spec.work,
		.guests = control->spec.guests,
		.evidence = control->spec.evidence,
		.cgroups = control->spec.cgroups,
		.budget = &control->spec.budget,
		.boot = control->spec.boot,
		.seed = number,
		.request = request,
		.resume = resume,
		.ended = campaign_ended,
		.failed = failed,
		.hold_changed = hold_changed,
		.look = look,
		.ctx = control,
	};
	auto_free char *seed = mem_printf("%" PRIu64, number);
	int r;

	begin_dates();
	r = campaign_start(control->loop, &spec, profile, &control->campaign, err);

	if (r < 0)
		return r;
	free(control->refused);
	control->refused = NULL;
	story_campaign(campaign_id(control->campaign), campaign_name(control->campaign), seed,
		       resume);
	*ret_value = json_pack("{s:I, s:s}", "campaign", (json_int_t)campaign_id(control->campaign),
			       "seed", seed);
	campaign_pause(control->campaign, pauses_why(&control->pauses));
	deadline_start(control->loop, &control->progress, CONTROL_PROGRESS_NS);
	return 0;
}

int service_run(struct control *control, struct profile *profile, json_t *request,
		json_t **ret_value, struct err *err)
{
	auto_free char *text = arguments_text(request);
	uint64_t seed = profile->seed;
	int r = may_start(control, err);

	if (r < 0) {
		profile_free(profile);
		return r;
	}
	if (!profile->has_seed && getrandom(&seed, sizeof(seed), 0) < 0)
		abort(); /* the kernel's generator is up since boot */
	return start_campaign(control, profile, seed, text, NULL, ret_value, err);
}

static int go_on(struct control *control, int64_t campaign, json_t **ret_value, struct err *err)
{
	auto_free char *path = store_path(control->spec.state);
	struct resume *resume = mem_new(struct resume);
	struct profile *profile;
	int r = store_read_resume(path, campaign, QSOAK_VERSION, control->spec.boot, resume, err);

	if (r == 0)
		r = arguments_again(resume->request, resume->profile_text, &profile, err);
	if (r < 0) {
		resume_finish(resume);
		free(resume);
	} else {
		r = start_campaign(control, profile, strtoull(resume->seed, NULL, 10),
				   resume->request, resume, ret_value, err);
	}
	return r < 0 ? err_prefix(err, "campaign %" PRId64 " cannot go on", campaign) : 0;
}

/* The end of a pause. */
static int end_pause(struct control *control, int64_t campaign, json_t **ret_value, struct err *err)
{
	int64_t current = campaign_id(control->campaign);

	if ((campaign && campaign != current) || !control->pauses.why[PAUSE_USER])
		return may_start(control, err);
	control_pause(control, PAUSE_USER, NULL);
	*ret_value = json_pack("{s:I, s:s*}", "campaign", (json_int_t)current, "paused",
			       pauses_why(&control->pauses));
	return 0;
}

int service_resume(struct control *control, int64_t campaign, json_t **ret_value, struct err *err)
{
	auto_free char *path = store_path(control->spec.state);
	int r;

	if (control->campaign)
		return end_pause(control, campaign, ret_value, err);
	r = may_start(control, err);
	if (r == 0 && !campaign)
		r = store_find_interrupted(path, &campaign, err);
	if (r == -ENOENT && control->pauses.why[PAUSE_USER]) {
		control_pause(control, PAUSE_USER, NULL);
		*ret_value = json_pack("{s:n}", "campaign");
		return 0;
	}
	if (r < 0)
		return r;
	control_pause(control, PAUSE_USER, NULL);
	return go_on(control, campaign, ret_value, err);
}

void control_go_on(struct control *control)
{
	auto_free char *path = store_path(control->spec.state);
	auto_json json_t *value = NULL;
	struct record_campaign_end end = { .ended_unix_ns = clock_unix_ns(),
					   .end = "interrupted",
					   .exit_code = EXIT_INTERRUPTED,
					   .operations = -1 };
	struct err err = { 0 };
	bool stopping = false;

	if (store_find_open(path, &end.id, &err) < 0) {
		if (err.code != -ENOENT)
			log_warning("%s", err.text);
		return;
	}
	if (store_is_stopping(path, end.id, &stopping, &err) < 0)
		log_warning("%s", err.text);
	if (stopping)
		err_set(&err, -ECANCELED, "campaign %" PRId64 " was being stopped", end.id);
	else if (go_on(control, end.id, &value, &err) == 0)
		return;
	log_error("%s; `qsoak resume %" PRId64 "` tries it again", err.text, end.id);
	control->refused = mem_strdup(err.text);
	records_emit(control->spec.records,
		     &(struct record){ .type = RECORD_CAMPAIGN_END, .campaign_end = end });
}

int64_t service_campaign(const struct control *control)
{
	return control->campaign ? campaign_id(control->campaign) : 0;
}

json_t *service_campaign_or_null(const struct control *control)
{
	return control->campaign ? json_integer((json_int_t)campaign_id(control->campaign))
				 : json_null();
}

/* There is evidence of every failure that has a VM. */
static bool incident_exists(const struct control *control, int64_t incident)
{
	auto_free char *path = mem_printf("%s/incidents/%" PRId64, control->spec.state, incident);

	return access(path, F_OK) == 0;
}

int service_release(struct control *control, int64_t incident, json_t **ret_value, struct err *err)
{
	struct campaign *campaign = control->campaign;
	json_t *released = json_array();

	for (unsigned i = 0; campaign && i < campaign_slots(campaign); i++) {
		struct slot_status status;

		campaign_slot_status(campaign, i, &status);
		if (status.incident && (!incident || incident == status.incident) &&
		    campaign_release(campaign, status.incident))
			json_array_append_new(released, json_integer((json_int_t)status.incident));
	}
	if (incident && !json_array_size(released)) {
		json_decref(released);
		return err_set(err, -EINVAL,
			       incident_exists(control, incident) ? "incident %" PRId64
								    ": no VM is held for it"
								  : "there is no incident %" PRId64,
			       incident);
	}
	*ret_value = json_pack("{s:o}", "released", released);
	return 0;
}

json_t *service_stop(struct control *control, enum slot_stop how)
{
	struct campaign_progress progress;
	bool again = control->stopping;

	if (!control->campaign)
		return json_pack("{s:n}", "campaign");
	campaign_progress(control->campaign, &progress);
	control->stopping = true;
	records_emit_synced(
		control->spec.records,
		&(struct record){ .type = RECORD_CAMPAIGN_STOP,
				  .campaign_stop = { campaign_id(control->campaign) } });
	campaign_stop(control->campaign, again ? SLOT_KILL : how, true);
	if (again)
		campaign_stop_holding(control->campaign);
	return json_pack("{s:I, s:i, s:i}", "campaign", (json_int_t)campaign_id(control->campaign),
			 "held", again ? 0 : (int)progress.held, "killed",
			 again ? (int)progress.held : 0);
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

const struct counters *service_counters(const struct control *control)
{
	return &control->counters;
}

bool service_is_paused(const struct control *control, enum pause_cause cause)
{
	return control->pauses.why[cause] != NULL;
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
	limit_quit(control);
	story_pause(service_campaign(control), cause, why);
	broadcast(control, why ? "PAUSED" : "RESUMED",
		  json_pack("{s:o, s:s, s:s*}", "campaign", service_campaign_or_null(control),
			    "cause", pause_cause_name(cause), "reason", why));
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
	limit_quit(control);
}

void control_set_budget(struct control *control, const struct budget *budget)
{
	control->spec.budget = *budget;
}

char *control_status_line(const struct control *control)
{
	const char *why = pauses_why(&control->pauses);
	struct campaign_progress progress;

	if (!control->campaign)
		return mem_strdup("no campaign is in progress");
	campaign_progress(control->campaign, &progress);
	return mem_printf("campaign %" PRId64 " %s: %" PRId64 " loops, %" PRId64 " failures%s%s",
			  campaign_id(control->campaign), campaign_name(control->campaign),
			  progress.loops, progress.failures, why ? ", paused: " : "",
			  why ? why : "");
}

void control_fail(struct control *control, const struct err *err)
{
	log_error("%s", err->text);
	broadcast(control, "DAEMON_FAILED", json_pack("{s:s}", "error", err->text));
	control_quit(control);
}

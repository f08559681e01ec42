// SPDX-License-Identifier: GPL-2.0-or-later
/* The campaign that lives beside the clients: how it begins, what it tells, how it is stopped. */
#include "control/control-parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/arguments.h"
#include "control/command.h"
#include "control/failures.h"
#include "control/reader.h"
#include "control/story.h"

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
	control_limit_quit(control);
	failures_forget(control->failures);
	control->stopping = false;
	story_campaign_end(id, code, suspended);
	if (suspended) {
		control_broadcast(control, "SUSPENDED",
				  json_pack("{s:I}", "campaign", (json_int_t)id));
		json_decref(unseen);
		json_decref(few);
	} else {
		control_broadcast(control, "CAMPAIGN_ENDED",
				  json_pack("{s:I, s:i, s:I, s:o, s:o}", "campaign", (json_int_t)id,
					    "exit-code", (int)code, "loops",
					    (json_int_t)progress.loops, "unseen", unseen, "short",
					    few));
	}
	if (control->quitting)
		deadline_start(control->loop, &control->idle, 0);
}

static void failed(void *ctx, int64_t failure)
{
	struct control *control = ctx;

	control_broadcast(control, "FAILURE", failures_take(control->failures, failure));
}

static void hold_changed(void *ctx, unsigned slot, const char *why)
{
	struct control *control = ctx;
	json_t *data = control_slot_object(control->campaign, slot);
	bool held = json_is_integer(json_object_get(data, "incident"));
	struct slot_status status;

	campaign_slot_status(control->campaign, slot, &status);
	story_hold(campaign_id(control->campaign), &status, why);
	control_broadcast(control, held ? "HELD" : "RELEASED", data);
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

int control_may_start(const struct control *control, struct err *err)
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
			    set_ns < 0 ? "back" : "forward",
			    (double)llabs(set_ns) / CLOCK_NS_PER_S);
}

/* Takes profile and resume over. */
int control_start_campaign(struct control *control, struct profile *profile, uint64_t number,
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
	int r = control_may_start(control, err);

	if (r < 0) {
		profile_free(profile);
		return r;
	}
	if (!profile->has_seed && getrandom(&seed, sizeof(seed), 0) < 0)
		abort(); /* the kernel's generator is up since boot */
	return control_start_campaign(control, profile, seed, text, NULL, ret_value, err);
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

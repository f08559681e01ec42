// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: where the profile leaves the accelerator to us, a probe comes first, and the
 * campaign is recorded once it has decided. Then slots run by themselves and report; the campaign
 * counts, applies the stop rule, and ends when the last slot has stopped.
 */
#include "campaign/campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"
#include "campaign/activity.h"
#include "campaign/announce.h"
#include "campaign/blocks.h"
#include "campaign/boots.h"
#include "campaign/budget.h"
#include "campaign/plan.h"
#include "campaign/probe.h"
#include "campaign/site.h"

/* A slot, and what the campaign remembers of it. */
struct place {
	struct campaign *campaign;
	struct slot *slot;
	unsigned boot_failures;	  /* in a row */
	unsigned barren_failures; /* since the last finished loop or expected failure */
};

struct campaign {
	struct ev_loop *loop;
	struct campaign_spec spec;
	struct profile *profile;
	struct site site;
	struct host *host;
	struct protocol_words words;
	struct tally *tally;
	struct boots *boots;
	struct blocks *blocks; /* NULL: it compares nothing */
	struct place *places;
	size_t places_stopped;
	char *request;
	char *suspended; /* why, or NULL */
	int64_t id;
	unsigned held;
	bool interrupted, cannot_boot;
	enum exit_code code;
	struct activity activity;

	bool begun;		/* it is recorded and has slots */
	struct probe *probe;	/* before that, or NULL */
	char *accel_reason;	/* why not KVM where the profile says auto, or NULL */
	struct deadline finish; /* of one that was interrupted before it began */
};

static size_t build_of(const struct place *place)
{
	return slot_build(place->slot);
}

static unsigned number_of(const struct place *place)
{
	return (unsigned)(place - place->campaign->places);
}

static void apply_stop_rule(struct campaign *campaign)
{
	if (tally_done(campaign->tally))
		campaign_stop(campaign, SLOT_DRAIN, false);
	for (unsigned i = 0; i < campaign->profile->vms; i++)
		if (tally_build_done(campaign->tally, build_of(&campaign->places[i])))
			slot_stop(campaign->places[i].slot, SLOT_DRAIN);
}

static bool wants_vm(void *ctx)
{
	struct place *place = ctx;
	struct campaign *campaign = place->campaign;

	if (campaign->blocks && !blocks_may_boot(campaign->blocks, number_of(place)))
		return false;
	return tally_vm(campaign->tally);
}

static void look_durable(void *ctx)
{
	struct campaign *campaign = ctx;

	campaign->spec.look(campaign->spec.ctx, campaign->id);
}

static void emit_look(struct campaign *campaign, unsigned blocks)
{
	struct record_look look = { .campaign_id = campaign->id,
				    .blocks = blocks,
				    .at_unix_ns = clock_unix_ns() };

	records_emit_durable(campaign->spec.records,
			     &(struct record){ .type = RECORD_LOOK, .look = look },
			     (struct record_durable){ look_durable, campaign });
}

static void vm_ended(void *ctx, int64_t loops)
{
	struct place *place = ctx;
	struct campaign *campaign = place->campaign;
	unsigned complete;

	if (campaign->blocks &&
	    blocks_vm_ended(campaign->blocks, number_of(place), loops, &complete))
		emit_look(campaign, complete);
}

static void operation_ended(void *ctx)
{
	struct place *place = ctx;

	tally_operations(place->campaign->tally, 1);
}

static void loop_ended(void *ctx)
{
	struct place *place = ctx;
	struct campaign *campaign = place->campaign;

	place->boot_failures = place->barren_failures = 0;
	tally_loops(campaign->tally, build_of(place), 1);
	apply_stop_rule(campaign);
}

static bool expects(void *ctx, const struct build *build, const char *signature,
		    const char *alternative)
{
	struct place *place = ctx;

	return tally_expects(place->campaign->tally, build->spec.name, signature, alternative);
}

/* why: what happened too often. A replay ends by its attempts all the same. */
static void give_up(struct place *place, unsigned count, const char *why,
		    const struct failure *failure)
{
	struct campaign *campaign = place->campaign;

	log_error("build %s: %u %s, the last one: %s",
		  campaign->site.builds[build_of(place)].spec.name, count, why, failure->detail);
	if (!campaign->profile->replay.attempts)
		campaign_stop(campaign, SLOT_DRAIN, false);
}

static void slot_failed(void *ctx, const struct slot_failure *slot_failure)
{
	struct place *place = ctx;
	struct campaign *campaign = place->campaign;
	const struct failure *failure = slot_failure->failure;

	campaign->spec.failed(campaign->spec.ctx, slot_failure->id);
	tally_failure(campaign->tally, failure->class == FAILURE_HOST, slot_failure->expected);
	apply_stop_rule(campaign);

	/* A build that fails as it should is getting somewhere. */
	if (slot_failure->expected) {
		place->boot_failures = place->barren_failures = 0;
		return;
	}
	place->boot_failures = slot_failure->booted ? 0 : place->boot_failures + 1;
	place->barren_failures++;
	if (campaign->cannot_boot)
		return;
	if (place->boot_failures == CAMPAIGN_BOOT_FAILURES_MAX) {
		campaign->cannot_boot = true;
		give_up(place, place->boot_failures, "boots in a row failed", failure);
	} else if (place->barren_failures == CAMPAIGN_BARREN_FAILURES_MAX &&
		   !campaign->profile->replay.attempts) {
		give_up(place, place->barren_failures, "failures in a row without a loop", failure);
	}
}

static bool only_held(const struct campaign *campaign)
{
	return campaign->held &&
	       campaign->held + campaign->places_stopped == campaign->profile->vms;
}

static void tell_only_held(const struct campaign *campaign)
{
	if (only_held(campaign))
		log_info("campaign %" PRId64 ": only VMs that are held are left (%u); it waits for "
			 "their release",
			 campaign->id, campaign->held);
}

static void hold_changed(void *ctx, const char *why)
{
	struct place *place = ctx;
	struct campaign *campaign = place->campaign;
	struct slot_status status;

	slot_status(place->slot, &status);
	if (status.incident)
		campaign->held++;
	else
		campaign->held--;
	campaign->spec.hold_changed(campaign->spec.ctx, (unsigned)status.slot, why);
	if (status.incident)
		tell_only_held(campaign);
}

static void end_durable(void *ctx)
{
	struct campaign *campaign = ctx;

	campaign->spec.ended(campaign->spec.ctx, campaign->code, campaign->suspended);
}

static enum exit_code verdict(const struct campaign *campaign)
{
	if (campaign->interrupted)
		return EXIT_INTERRUPTED;
	if (campaign->cannot_boot)
		return EXIT_HOST;
	return tally_verdict(campaign->tally);
}

static void end(struct campaign *campaign)
{
	struct record_campaign_end end;

	activity_end(&campaign->activity, campaign->suspended);
	campaign->code = verdict(campaign);
	if (campaign->suspended) {
		deadline_init(&campaign->finish, end_durable, campaign);
		deadline_start(campaign->loop, &campaign->finish, 0);
		return;
	}
	end = (struct record_campaign_end){
		.id = campaign->id,
		.ended_unix_ns = clock_unix_ns(),
		.end = campaign->interrupted	     ? "interrupted"
		       : campaign->code == EXIT_HOST ? "host"
						     : "complete",
		.exit_code = campaign->code,
		.operations = tally_counts(campaign->tally)->operations,
	};
	records_emit_durable(campaign->spec.records,
			     &(struct record){ .type = RECORD_CAMPAIGN_END, .campaign_end = end },
			     (struct record_durable){ end_durable, campaign });
}

static void slot_stopped(void *ctx)
{
	struct place *place = ctx;
	struct campaign *campaign = place->campaign;

	if (campaign->blocks)
		blocks_slot_stopped(campaign->blocks, number_of(place));
	if (++campaign->places_stopped < campaign->profile->vms) {
		tell_only_held(campaign);
		return;
	}
	end(campaign);
}

static void duration_passed(void *ctx)
{
	campaign_stop(ctx, SLOT_DRAIN, false);
}

static unsigned boots_limit(const struct profile *profile)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (profile->boots)
		return profile->boots;
	return cpus > CAMPAIGN_BOOTS_MIN ? (unsigned)cpus : CAMPAIGN_BOOTS_MIN;
}

static void emit_begin(const struct campaign *campaign)
{
	struct announcement announcement = { .records = campaign->spec.records,
					     .campaign_id = campaign->id,
					     .seed = campaign->spec.seed,
					     .profile = campaign->profile,
					     .machine = &campaign->site.machine,
					     .builds = campaign->site.builds,
					     .accel_reason = campaign->accel_reason,
					     .request = campaign->request,
					     .boot = campaign->spec.boot };

	if (campaign->spec.resume)
		announce_again(&announcement, campaign->spec.resume);
	else
		announce(&announcement);
}

static void start_slots(struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->profile->vms; i++) {
		struct place *place = &campaign->places[i];
		struct slot_spec spec = {
			.profile = campaign->profile,
			.machine = &campaign->site.machine,
			.builds = campaign->site.builds,
			.records = campaign->spec.records,
			.host = campaign->host,
			.boots = campaign->boots,
			.words = &campaign->words,
			.campaign_id = campaign->id,
			.seed = campaign->spec.seed,
			.number = (int)i,
			.template = campaign->site.template,
			.vms = campaign->site.vms,
			.incidents = campaign->site.incidents,
			.evidence = campaign->spec.evidence,
			.handler = { .wants_vm = wants_vm,
				     .vm_ended = vm_ended,
				     .operation_ended = operation_ended,
				     .loop_ended = loop_ended,
				     .expects = expects,
				     .failed = slot_failed,
				     .hold_changed = hold_changed,
				     .stopped = slot_stopped,
				     .ctx = place },
		};

		place->campaign = campaign;
		if (campaign->spec.resume)
			resume_slot(campaign->spec.resume, (int)i, &spec.first_vm,
				    &spec.loops_begun);
		place->slot = slot_new(campaign->loop, &spec);
		slot_pause(place->slot, campaign->activity.why);
	}
}

/* The stop rule may have been about to end it. */
static void count_resumed(struct campaign *campaign)
{
	const struct resume *resume = campaign->spec.resume;

	resume_count(resume, campaign->profile, campaign->spec.seed, campaign->tally,
		     campaign->blocks);
	if (campaign->blocks && blocks_is_look(campaign->blocks) &&
	    blocks_complete(campaign->blocks) > resume->last_look)
		emit_look(campaign, blocks_complete(campaign->blocks));
	apply_stop_rule(campaign);
}

static void begin(struct campaign *campaign)
{
	campaign->begun = true;
	emit_begin(campaign);
	activity_begin(&campaign->activity, campaign->loop, campaign->spec.records, campaign->id,
		       campaign->profile->stop_duration_ns,
		       campaign->spec.resume ? campaign->spec.resume->active_ns : 0,
		       duration_passed, campaign);
	campaign->host = host_new(campaign->loop);
	site_warn_of_lost_cores(&campaign->site);
	start_slots(campaign);
	if (campaign->spec.resume)
		count_resumed(campaign);
}

/* why_not: NULL for KVM. */
static void accel_found(void *ctx, const char *why_not)
{
	struct campaign *campaign = ctx;

	campaign->site.machine.accel = why_not ? "tcg" : "kvm";
	free(campaign->accel_reason);
	campaign->accel_reason = why_not ? mem_strdup(why_not) : NULL;
	log_info("campaign %" PRId64 " runs with %s%s%s", campaign->id,
		 campaign->site.machine.accel, why_not ? ", KVM does not work here: " : "",
		 why_not ? why_not : "");
	probe_free(campaign->probe);
	campaign->probe = NULL;
	begin(campaign);
}

static void find_accel(struct campaign *campaign)
{
	struct probe_spec spec = {
		.machine = &campaign->site.machine,
		.build = &campaign->site.builds[0],
		.template = campaign->site.template,
		.vms = campaign->site.vms,
		.done = accel_found,
		.ctx = campaign,
	};
	struct err err = { 0 };

	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		err_set_errno(&err, errno, "/dev/kvm");
		accel_found(campaign, err.text);
		return;
	}
	/* Whatever ends before this is known has run with neither. */
	campaign->site.machine.accel = "unknown";
	campaign->probe = probe_start(campaign->loop, &spec);
}

/* It was interrupted before it began, and has a row all the same. */
static void finish(void *ctx)
{
	struct campaign *campaign = ctx;

	emit_begin(campaign);
	end(campaign);
}

static void take_ids(struct campaign *campaign)
{
	campaign->id = records_new_id(campaign->spec.records);
	for (size_t i = 0; i < campaign->profile->build_count; i++)
		campaign->site.builds[i].id = records_new_id(campaign->spec.records);
}

/* The accelerator that it had, if that had been found. */
static const char *first_accel(const struct campaign *campaign)
{
	const struct resume *resume = campaign->spec.resume;

	return resume && strcmp(resume->accel, "unknown") ? resume->accel
							  : campaign->profile->accel;
}

int campaign_start(struct ev_loop *loop, const struct campaign_spec *spec, struct profile *profile,
		   struct campaign **ret_campaign, struct err *err)
{
	struct campaign *campaign = mem_new(struct campaign);
	int r;

	campaign->loop = loop;
	campaign->spec = *spec;
	campaign->profile = profile;
	campaign->request = spec->request ? mem_strdup(spec->request) : NULL;
	campaign->places = mem_zalloc(profile->vms * sizeof(*campaign->places));
	site_init(&campaign->site, profile, first_accel(campaign), spec->state, spec->work,
		  spec->guests, spec->cgroups);
	campaign->tally = tally_new(profile);
	campaign->blocks = profile->compare.on ? blocks_new(profile) : NULL;
	campaign->boots = boots_new(boots_limit(profile));
	deadline_init(&campaign->finish, finish, campaign);
	r = budget_check(spec->budget, profile, err);
	if (r == 0)
		r = site_prepare(&campaign->site, spec->resume, err);
	if (r < 0) {
		campaign_free(campaign);
		return r;
	}
	if (spec->resume)
		campaign->id = spec->resume->campaign_id;
	else
		take_ids(campaign);
	if (spec->resume && spec->resume->accel_reason)
		campaign->accel_reason = mem_strdup(spec->resume->accel_reason);
	if (strcmp(campaign->site.machine.accel, "auto"))
		begin(campaign);
	else
		find_accel(campaign);
	*ret_campaign = campaign;
	return 0;
}

void campaign_free(struct campaign *campaign)
{
	if (!campaign)
		return;
	activity_finish(&campaign->activity);
	deadline_stop(campaign->loop, &campaign->finish);
	probe_free(campaign->probe);
	for (unsigned i = 0; i < campaign->profile->vms; i++)
		slot_free(campaign->places[i].slot);
	host_free(campaign->host);
	boots_free(campaign->boots);
	blocks_free(campaign->blocks);
	tally_free(campaign->tally);
	free(campaign->places);
	site_finish(&campaign->site);
	profile_free(campaign->profile);
	free(campaign->accel_reason);
	free(campaign->request);
	free(campaign->suspended);
	if (campaign->spec.resume)
		resume_finish(campaign->spec.resume);
	free(campaign->spec.resume);
	free(campaign);
}

void campaign_stop(struct campaign *campaign, enum slot_stop stop, bool interrupted)
{
	campaign->interrupted = campaign->interrupted || interrupted;
	if (!campaign->begun) {
		if (!campaign->probe)
			return;
		probe_free(campaign->probe);
		campaign->probe = NULL;
		deadline_start(campaign->loop, &campaign->finish, 0);
		return;
	}
	for (unsigned i = 0; i < campaign->profile->vms; i++)
		slot_stop(campaign->places[i].slot, stop);
}

void campaign_suspend(struct campaign *campaign, const char *why)
{
	/* One that a user has ended comes to its end, and so does one that only waits for it to be stored. */
	if (!campaign->interrupted && campaign->places_stopped < campaign->profile->vms)
		campaign->suspended = mem_strdup(why);
	campaign_stop(campaign, SLOT_KILL, true);
	campaign_stop_holding(campaign);
}

void campaign_pause(struct campaign *campaign, const char *why)
{
	if (!activity_pause(&campaign->activity, why))
		return;
	for (unsigned i = 0; campaign->begun && i < campaign->profile->vms; i++)
		slot_pause(campaign->places[i].slot, why);
}

void campaign_stood_still(struct campaign *campaign, int64_t lost_ns, int64_t suspended_ns)
{
	activity_stood_still(&campaign->activity, lost_ns, suspended_ns);
}

bool campaign_release(struct campaign *campaign, int64_t incident)
{
	for (unsigned i = 0; i < campaign->profile->vms; i++) {
		struct slot_status status;

		campaign_slot_status(campaign, i, &status);
		if (status.incident && status.incident == incident)
			return slot_release(campaign->places[i].slot);
	}
	return false;
}

void campaign_stop_holding(struct campaign *campaign)
{
	for (unsigned i = 0; campaign->begun && i < campaign->profile->vms; i++)
		slot_stop_holding(campaign->places[i].slot);
}

int64_t campaign_id(const struct campaign *campaign)
{
	return campaign->id;
}

uint64_t campaign_seed(const struct campaign *campaign)
{
	return campaign->spec.seed;
}

void campaign_progress(const struct campaign *campaign, struct campaign_progress *ret_progress)
{
	const struct tally_counts *counts = tally_counts(campaign->tally);

	*ret_progress = (struct campaign_progress){
		.elapsed_ns = activity_elapsed_ns(&campaign->activity),
		.duration_ns = campaign->profile->stop_duration_ns,
		.loops_wanted = campaign->profile->stop_loops,
		.vms_wanted = campaign->profile->replay.attempts,
		.vms = counts->vms,
		.blocks = campaign->blocks ? blocks_complete(campaign->blocks) : 0,
		.blocks_wanted = campaign->blocks ? campaign->profile->compare.blocks : 0,
		.operations = counts->operations,
		.loops = counts->loops,
		.failures = counts->failures + counts->expected + counts->host,
		.expected = counts->expected,
		.held = campaign->held,
		.only_held = only_held(campaign),
	};
}

bool campaign_next_unseen(const struct campaign *campaign, size_t *position,
			  struct tally_unseen *ret_unseen)
{
	return tally_next_unseen(campaign->tally, position, ret_unseen);
}

bool campaign_next_short(const struct campaign *campaign, size_t *position,
			 struct tally_short *ret_short)
{
	return tally_next_short(campaign->tally, position, ret_short);
}

const char *campaign_name(const struct campaign *campaign)
{
	return campaign->profile->name;
}

unsigned campaign_slots(const struct campaign *campaign)
{
	return campaign->profile->vms;
}

void campaign_slot_status(const struct campaign *campaign, unsigned slot,
			  struct slot_status *ret_status)
{
	if (campaign->begun)
		slot_status(campaign->places[slot].slot, ret_status);
	else
		*ret_status = (struct slot_status){
			.slot = (int)slot,
			.build = campaign->site
					 .builds[plan_build(campaign->profile, campaign->spec.seed,
							    (int)slot, 0)]
					 .spec.name,
			.state = slot ? "empty" : "probing",
		};
}

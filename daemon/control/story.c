// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of the log, each with its fields. */
#include "control/story.h"

#include <inttypes.h>

#include "base/log.h"

static void add_campaign(struct log_event *event, int64_t campaign)
{
	if (campaign)
		log_event_add_number(event, "QSOAK_CAMPAIGN", campaign);
}

void story_campaign(int64_t campaign, const char *name, const char *seed, bool resumed)
{
	struct log_event event = { .class = resumed ? EVENT_CAMPAIGN_RESUMED
						    : EVENT_CAMPAIGN_BEGUN };

	add_campaign(&event, campaign);
	log_event_add(&event, "QSOAK_PROFILE", name);
	log_event_add(&event, "QSOAK_SEED", seed);
	log_event_write(&event, LOG_LEVEL_INFO, "campaign %" PRId64 " %s %s, seed %s", campaign,
			name, resumed ? "goes on" : "begins", seed);
}

void story_campaign_end(int64_t campaign, enum exit_code code, bool suspended)
{
	struct log_event event = { .class = suspended ? EVENT_CAMPAIGN_SUSPENDED
						      : EVENT_CAMPAIGN_ENDED };

	add_campaign(&event, campaign);
	if (suspended) {
		log_event_write(&event, LOG_LEVEL_INFO,
				"campaign %" PRId64 " goes on when qsoakd is back", campaign);
		return;
	}
	log_event_add_number(&event, "QSOAK_EXIT_CODE", code);
	log_event_write(&event, LOG_LEVEL_INFO, "campaign %" PRId64 " has ended with %d", campaign,
			(int)code);
}

void story_pause(int64_t campaign, enum pause_cause cause, const char *why)
{
	struct log_event event = { .class = why ? EVENT_PAUSED : EVENT_UNPAUSED };

	add_campaign(&event, campaign);
	log_event_add(&event, "QSOAK_CAUSE", pause_cause_name(cause));
	log_event_write(&event, cause == PAUSE_USER || !why ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
			"campaigns are %s (%s%s%s)", why ? "paused" : "no longer paused",
			pause_cause_name(cause), why ? ": " : "", why ? why : "");
}

void story_failure(const struct record_failure *failure)
{
	struct log_event event = { .class = EVENT_FAILURE };

	add_campaign(&event, failure->campaign_id);
	log_event_add_number(&event, "QSOAK_FAILURE", failure->id);
	log_event_add_number(&event, "QSOAK_SLOT", failure->slot);
	log_event_add_number(&event, "QSOAK_VM", failure->vm);
	log_event_add_number(&event, "QSOAK_LOOPS", failure->loops);
	if (failure->src_run_id)
		log_event_add_number(&event, "QSOAK_RUN", failure->src_run_id);
	log_event_add(&event, "QSOAK_BUILD", failure->build);
	log_event_add(&event, "QSOAK_OPERATION", failure->kind);
	log_event_add(&event, "QSOAK_STEP", failure->step);
	log_event_add(&event, "QSOAK_CLASS", failure->class);
	log_event_add(&event, "QSOAK_PLACE", failure->place);
	log_event_add(&event, "QSOAK_SIGNATURE", failure->signature);
	log_event_add(&event, "QSOAK_INCIDENT", failure->incident);
	log_event_add(&event, "QSOAK_EXPECTED", failure->expected ? "1" : "0");
	log_event_write(
		&event, failure->expected ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		"failure %" PRId64 ": build %s, slot %" PRId64 ", after %" PRId64 " loops: %s",
		failure->id, failure->build, failure->slot, failure->loops, failure->signature);
}

void story_hold(int64_t campaign, const struct slot_status *status, const char *why)
{
	struct log_event event = { .class = status->incident ? EVENT_HELD : EVENT_RELEASED };

	add_campaign(&event, campaign);
	log_event_add_number(&event, "QSOAK_SLOT", status->slot);
	log_event_add_number(&event, "QSOAK_VM", status->vm);
	if (status->incident)
		log_event_add_number(&event, "QSOAK_FAILURE", status->incident);
	log_event_write(&event, LOG_LEVEL_INFO, "slot %d: VM %d is %s: %s", status->slot, status->vm,
			status->incident ? "held" : "no longer held", why);
}

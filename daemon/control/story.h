/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens, for the log: lines with their class and fields, see base/event.h. */
#ifndef QSOAK_CONTROL_STORY_H
#define QSOAK_CONTROL_STORY_H

#include "base/record.h"
#include "campaign/slot.h"
#include "campaign/tally.h"
#include "control/pause.h"

/* resumed: it goes on. */
void story_campaign(int64_t campaign, const char *name, const char *seed, bool resumed);

/* suspended: for the next qsoakd. */
void story_campaign_end(int64_t campaign, enum exit_code code, bool suspended);

/* campaign: 0: none is in progress. why: NULL, the cause is no more. */
void story_pause(int64_t campaign, enum pause_cause cause, const char *why);

void story_failure(const struct record_failure *failure);

/* A VM is held, or (incident 0) it is not any more, and why. */
void story_hold(int64_t campaign, const struct slot_status *status, const char *why);

#endif

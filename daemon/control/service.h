/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands may ask of the service. */
#ifndef QSOAK_CONTROL_SERVICE_H
#define QSOAK_CONTROL_SERVICE_H

#include <jansson.h>

#include "campaign/campaign.h"
#include "control/control.h"

struct counters;
struct reader;

/* Starts a campaign; takes the profile over. request: the arguments that it was made of. -EBUSY while there is
 * one. */
int service_run(struct control *control, struct profile *profile, json_t *request,
		json_t **ret_value, struct err *err);

/* Ends the pause of the campaign in progress, or lets one that was interrupted go on; 0: whichever there is. */
int service_resume(struct control *control, int64_t campaign, json_t **ret_value, struct err *err);

/* Executes what reads results. */
struct reader *service_reader(const struct control *control);

/* Whether this turn of the loop has taken so long that what can wait has to. */
bool service_is_late(const struct control *control);

/* The campaign in progress, or 0. */
int64_t service_campaign(const struct control *control);
json_t *service_campaign_or_null(const struct control *control);

/* Lets the VM go that is held for this incident, or with 0 all of them. -EINVAL where there is none. */
int service_release(struct control *control, int64_t incident, json_t **ret_value, struct err *err);

/* Fine without a campaign. The first stop leaves VMs alone that are held, the next one kills them. */
json_t *service_stop(struct control *control, enum slot_stop how);

/* What has happened since the start. */
const struct counters *service_counters(const struct control *control);
bool service_is_paused(const struct control *control, enum pause_cause cause);

/* slots: with what each of them does. */
json_t *service_status(const struct control *control, bool slots);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files share that are the control of control.h and the service of service.h. */
#ifndef QSOAK_CONTROL_CONTROL_PARTS_H
#define QSOAK_CONTROL_CONTROL_PARTS_H

#include "base/deadline.h"
#include "control/control.h"
#include "control/counters.h"
#include "control/limits.h"
#include "control/service.h"

struct client;
struct failures;
struct lag;
struct pushes;

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
	char *http;		     /* where it is served, or NULL */
	const struct pushes *pushes; /* or NULL */
	bool quitting, stopping;
	struct pauses pauses;
	char *refused; /* why the campaign that was left to us did not go on, until another one begins; or NULL */
	struct failures *failures;
	struct counters counters;
	struct campaign *campaign;
	struct deadline progress, idle, store_limit;
};

/* Tells all clients and subscribers; data is stolen. */
void control_broadcast(struct control *control, const char *name, json_t *data);

/* What `status` says of a slot of the campaign. */
json_t *control_slot_object(const struct campaign *campaign, unsigned slot);

/* Whether a campaign may begin; -EBUSY: why not. */
int control_may_start(const struct control *control, struct err *err);

/* Begins one, or lets it go on (resume, or NULL). Takes profile and resume over. */
int control_start_campaign(struct control *control, struct profile *profile, uint64_t number,
			   const char *request, struct resume *resume, json_t **ret_value,
			   struct err *err);

/* Once nothing but a store that cannot be written keeps a qsoakd that is to end, that has a limit. */
void control_limit_quit(struct control *control);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks: a program of the administrator's, or a webhook, that is told of an event.
 *
 * A hook gets the event of the control socket as JSON: a command on its stdin, a webhook as the body of a POST,
 * which curl(1) makes. Hooks are run beside the loop, a few at a time, each with a deadline. One that fails is in the
 * log and is not tried again, and what is due when qsoakd ends is lost: whoever must know everything reads the store.
 */
#ifndef QSOAK_CONTROL_HOOKS_H
#define QSOAK_CONTROL_HOOKS_H

#include <ev.h>

#include "control/control.h"

/* Run at a time; and how many may wait, beyond which they are left out. */
#define HOOKS_RUNNING_MAX 2
#define HOOKS_WAITING_MAX 32

/* How long a hook may take, where nothing else is said. */
#define HOOKS_LIMIT_NS (30 * CLOCK_NS_PER_S)

#define HOOKS_CURL "/usr/bin/curl"

enum hook_on {
	HOOK_NEW_SIGNATURE, /* a failure with a signature that the store did not have */
	HOOK_FAILURE,	    /* any that is not expected */
	HOOK_CAMPAIGN_ENDED,
	HOOK_PAUSED,
	HOOK_ON_COUNT,
};

const char *hook_on_name(enum hook_on on);

struct hook {
	enum hook_on on;
	char **command; /* argv, the first with its path; or NULL: url */
	char *url;	/* http or https */
	int64_t limit_ns;
};

struct hooks;

struct hooks *hooks_new(struct ev_loop *loop, struct control *control);

/* Kills what runs; takes NULL. */
void hooks_free(struct hooks *hooks);

/* From now on these, which stay the caller's and must stay; those that run or wait go on as they are. */
void hooks_set(struct hooks *hooks, const struct hook *list, size_t count);

#endif

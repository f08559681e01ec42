/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control connection: qsoak (or any QMP client) tells qsoakd what to do.
 *
 * It speaks QMP's framing and shape: a greeting, then qmp_capabilities, then commands
 * {"execute": ..., "arguments": {...}, "id": ...} and events. Commands:
 *
 *	run		{"profile": TEXT, "name": FOR-ERRORS, "builds": [{"name", "binary"}],
 *			 "vms": N, "loops": N, "duration-ns": N, "seed": DECIMAL}; all but the first
 *			 two are optional and override the profile
 *			 -> {"campaign": ID, "seed": DECIMAL}
 *	query-status	-> {"campaign": ID or null, "elapsed-ns", "duration-ns", "loops-wanted",
 *			 "operations", "loops", "failures"}
 *	stop		{"mode": "drain" or "kill"} -> {}
 *
 * Events: PROGRESS (as query-status, once a second), FAILURE, CAMPAIGN_ENDED {"campaign",
 * "exit-code"}. Errors have the class GenericError; "InvalidParameter" where the user's input is
 * wrong.
 */
#ifndef QSOAK_CONTROL_CONTROL_H
#define QSOAK_CONTROL_CONTROL_H

#include <ev.h>

#include "base/err.h"
#include "base/record.h"

#define CONTROL_PROGRESS_NS CLOCK_NS_PER_S

struct control_spec {
	struct records *records;
	const char *state, *work, *guests; /* as in campaign_spec */
	int fd;				   /* connected socket, taken over */
	/* The peer has gone and no campaign is left: there is nothing more to do. */
	void (*idle)(void *ctx);
	void *ctx;
};

struct control;

struct control *control_new(struct ev_loop *loop, const struct control_spec *spec);
void control_free(struct control *control);

/* As if the user had asked: the campaign, if there is one, is interrupted, then idle is called. */
void control_quit(struct control *control);

/* Why the daemon cannot go on, e.g. the store has failed: tells the peer, and quits. */
void control_fail(struct control *control, const struct err *err);

#endif

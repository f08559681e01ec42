/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Campaigns of our own, one after the other: by a private qsoakd, which ends with the session, or by
 * the service.
 */
#ifndef QSOAK_CLI_SESSION_H
#define QSOAK_CLI_SESSION_H

#include "cli/source.h"

struct session;

/* A private one with --local or --state-dir. An error of the service says that there are private ones. */
int session_open(const struct cli *cli, struct session **ret_session, struct err *err);

/* Sends a command that begins a campaign: "run", or "resume". arguments is stolen, ret_started the caller's. */
int session_start(struct session *session, const char *command, json_t *arguments,
		  json_t **ret_started, struct err *err);

struct session_campaign {
	int64_t id;
	int code; /* how it ended, see campaign/tally.h; EXIT_INTERRUPTED where the user has left */
};

/* Starts a campaign by a command as above, follows it and waits for its end; ret_campaign->id is set as soon as there is one.
 * The first Ctrl-C ends the campaign, then its code says so; the second leaves at once: returns 1.
 * search: it is one that may find nothing, which needs no explanation. arguments is stolen. */
int session_run(struct session *session, const char *command, json_t *arguments, bool search,
		struct session_campaign *ret_campaign, struct err *err);

/* What the qsoakd knows; the session's. */
struct source *session_source(struct session *session);

/* The folder of a private state, or NULL. */
const char *session_state(const struct session *session);

/* Closes it. r: how our work ended; 1: the user has left, negative: err says why. Returns the exit code of
 * a work that cannot go on, which is told, or -1. Takes NULL. */
int session_end(struct session *session, int r, const struct err *err);

/* Takes NULL. Returns the exit code of a private qsoakd (-1: it was killed), EXIT_CLEAN of a service. */
int session_close(struct session *session);

#endif

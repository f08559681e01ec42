/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control: qsoak (or any QMP client) tells qsoakd what to do and reads what it has found.
 *
 * It speaks QMP's framing and shape: a greeting, then qmp_capabilities, then commands
 * {"execute": ..., "arguments": {...}, "id": ...} with one answer each, and events. Any number of
 * clients, up to a limit; one campaign at a time. All limits are in limits.h. The commands:
 *
 *	run		{"profile": TEXT, "name": FOR-ERRORS, "builds": [{"name", "binary"}],
 *			 "registered": [{"name", "file", "text"}], "vms": N, "loops": N,
 *			 "duration-ns": N, "seed": DECIMAL, "on-failure": "go-on" or "hold"}; all
 *			 but the first are optional; those after the name override the profile
 *			 -> {"campaign": ID, "seed": DECIMAL}
 *	stop		{"mode": "drain" or (default) "kill", "campaign": ID (default any)}
 *			 -> {"campaign": ID or null, "held": N, "killed": N}: VMs that are held are
 *			 left as they are by the first, and killed by the next
 *	pause		{} -> {"campaign": ID or null}: no operation begins but shutdowns, no VM boots
 *	resume		{"campaign": ID} -> {"campaign": ID, "seed": DECIMAL}: the end of a pause, or of an
 *			 interruption: the campaign (default: the newest that did not end by itself)
 *			 goes on where it stood
 *	release		{"incident": ID} or {"all": true} -> {"released": [ID]}: VMs that are held
 *			 are killed, and their slots go on
 *	query-status	-> {"campaign": ID or null, "name", "stopping", "paused" (why, or null), "set-aside" (a corrupt store, or null),
 *			 "refused" (why the campaign that the last qsoakd left did not go on, or null), "elapsed-ns",
 *			 "duration-ns", "loops-wanted", "operations", "loops", "failures",
 *			 "expected" (of these), "held", "only-held" (nothing else is left), "http" (address and
 *			 port, or null), "loop-lag-ns" (the longest turn of the loop in the last minute),
 *			 "upstream": {"age-ns" (since the last push, or null), "failing" (why pushes fail, or null)} or null,
 *			 "slots": [{"slot", "vm", "build", "state", "operation", "step", "loops",
 *			 "incident" (it is held for), "pids" (of what is held)}]}
 *	subscribe	{"enable": BOOLEAN (default true)} -> {}: whether events are sent
 *
 * What they read from the results, with the store's words as keys, page by page where it is long
 * (a page's "next" is the "after" of the next page):
 *
 *	query-campaigns, query-builds, query-failures	{"campaign": ID, "after": ID}
 *			 -> {"campaigns": [...], "next": ID or null}
 *	query-report	{"campaign": ID (default the newest)}
 *			 -> {"campaign": {...}, "operations": [...], "signatures": [...]}
 *	query-incident	{"incident": FAILURE-ID}
 *			 -> {"directory", "manifest": {...}, "files": [{"file", "size"}]}
 *	get-incident-file {"incident", "file", "offset"}
 *			 -> {"file", "size", "offset", "text" or "base64", "next": OFFSET or null}
 *	export		{"campaign": ID, "list": "operations", ..., "after": ID}
 *			 -> {"operations": [...], "next"}
 *
 * And query-commands and query-qmp-schema, as QEMU has them.
 *
 * Events: PROGRESS (as query-status, but for the slots, once a second), FAILURE ("new": its signature was
 * never seen before), HELD and RELEASED (as a slot of query-status), SUSPENDED {"campaign"} (it goes on when qsoakd is back),
 * PAUSED {"campaign", "cause", "reason"} and RESUMED {"campaign",
 * "cause"}, CAMPAIGN_ENDED
 * {"campaign", "exit-code", "loops", "unseen": [{"build", "signature", "times", "wanted"}] (what the
 * stop rule wanted to see), "short": [{"build", "loops", "wanted"}] (and who did too few loops)},
 * DAEMON_FAILED {"error"}. Error classes: CommandNotFound, InvalidParameter where the user's input is
 * wrong, else GenericError, as where the peer may only read.
 */
#ifndef QSOAK_CONTROL_CONTROL_H
#define QSOAK_CONTROL_CONTROL_H

#include <ev.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/record.h"
#include "campaign/budget.h"
#include "control/pause.h"

#define CONTROL_PROGRESS_NS CLOCK_NS_PER_S

/* How long the end waits for a store that cannot be written. */
#define CONTROL_QUIT_LIMIT_NS (20 * CLOCK_NS_PER_S)

/* A wall clock that was set by more than this is worth a line in the log. */
#define CONTROL_CLOCK_SET_NS CLOCK_NS_PER_S

struct control_spec {
	struct records *records;
	const char *state, *work, *guests; /* as in campaign_spec */
	struct evidence *evidence;	   /* likewise */
	struct cgroups *cgroups;	   /* likewise */
	struct budget budget;		   /* of the fleet */
	const char *boot;		   /* of the host: its boot_id, or NULL */
	const char *set_aside;		   /* where a corrupt store is now, or NULL */
	bool keeps;			   /* a campaign goes on when the next qsoakd starts */
	/* After control_quit(), and when no campaign is left: there is nothing more to do. */
	void (*idle)(void *ctx);
	void *ctx;
};

struct control;

struct control *control_new(struct ev_loop *loop, const struct control_spec *spec);
void control_free(struct control *control);

enum control_role {
	CONTROL_OWNER, /* when this client goes, control_quit() */
	CONTROL_USER,
	CONTROL_READER, /* may change nothing */
};

/* Takes a connected socket over. */
void control_add_client(struct control *control, int fd, enum control_role role);

/* Somebody else who wants the events that clients can subscribe to; text is the event as JSON without
 * a line end, and borrowed like its name. At most CONTROL_SUBSCRIBERS_MAX of them. */
typedef void (*control_event_fn)(void *ctx, const char *name, const char *text);
void control_subscribe(struct control *control, control_event_fn fn, void *ctx);
void control_unsubscribe(struct control *control, const void *ctx);

/* Where HTTP is served, for query-status; copied. NULL: nowhere. */
void control_set_http(struct control *control, const char *address);

/* What query-status tells of them; NULL: nothing. */
struct pushes;
void control_set_pushes(struct control *control, const struct pushes *pushes);

/* The longest turn of the loop within LAG_WINDOW_S. */
int64_t control_loop_lag_ns(const struct control *control);

/* The campaign that the last qsoakd left goes on, if there is one. */
void control_go_on(struct control *control);

/* The campaign, if there is one, is interrupted as by a user, or kept for the next qsoakd; then idle is called. What
 * waits to be stored is waited for, but no longer than CONTROL_QUIT_LIMIT_NS while the store cannot be written. */
void control_quit(struct control *control);

/* Campaigns, also one that begins later, are paused as long as any cause has a text; NULL ends this one. */
void control_pause(struct control *control, enum pause_cause cause, const char *why);

/* What the fleet of a campaign that begins from now on may take. */
void control_set_budget(struct control *control, const struct budget *budget);

/* What is going on, in a line; the caller frees. */
char *control_status_line(const struct control *control);

/* See base/standstill.h. */
void control_stood_still(struct control *control, int64_t lost_ns, int64_t suspended_ns);

/* Why the daemon cannot go on, e.g. the store has failed: tells the clients, and quits. */
void control_fail(struct control *control, const struct err *err);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* The state machines of QEMU as data, and the look-up in them. */
#include "watch/protocol.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/names.h"

/* Statuses that follow each other: rows are from, bits are to. Index 0 is "none yet" or unknown. */
struct status_table {
	const char *what;
	const char *const *names;
	const unsigned *legal;
	size_t count;
};

#define TO(status) (1u << (status))
#define ANYWHERE (~0u)

enum job_status {
	JOB_UNKNOWN,
	JOB_CREATED,
	JOB_RUNNING,
	JOB_PAUSED,
	JOB_READY,
	JOB_STANDBY,
	JOB_WAITING,
	JOB_PENDING,
	JOB_ABORTING,
	JOB_CONCLUDED,
	JOB_NULL,
	JOB_STATUS_COUNT,
};

static const char *const job_names[] = {
	[JOB_UNKNOWN] = "undefined",   [JOB_CREATED] = "created", [JOB_RUNNING] = "running",
	[JOB_PAUSED] = "paused",       [JOB_READY] = "ready",	  [JOB_STANDBY] = "standby",
	[JOB_WAITING] = "waiting",     [JOB_PENDING] = "pending", [JOB_ABORTING] = "aborting",
	[JOB_CONCLUDED] = "concluded", [JOB_NULL] = "null",
};
NAMES_COMPLETE(job_names, JOB_STATUS_COUNT);

static const unsigned job_legal[] = {
	[JOB_UNKNOWN] = ANYWHERE,
	[JOB_CREATED] = TO(JOB_RUNNING) | TO(JOB_ABORTING) | TO(JOB_NULL),
	[JOB_RUNNING] = TO(JOB_PAUSED) | TO(JOB_READY) | TO(JOB_WAITING) | TO(JOB_ABORTING),
	[JOB_PAUSED] = TO(JOB_RUNNING),
	[JOB_READY] = TO(JOB_STANDBY) | TO(JOB_WAITING) | TO(JOB_ABORTING),
	[JOB_STANDBY] = TO(JOB_READY),
	[JOB_WAITING] = TO(JOB_PENDING) | TO(JOB_ABORTING),
	[JOB_PENDING] = TO(JOB_ABORTING) | TO(JOB_CONCLUDED),
	[JOB_ABORTING] = TO(JOB_CONCLUDED),
	[JOB_CONCLUDED] = TO(JOB_NULL),
	[JOB_NULL] = 0,
};
NAMES_COMPLETE(job_legal, JOB_STATUS_COUNT);

static const struct status_table job_table = { "job status", job_names, job_legal,
					       JOB_STATUS_COUNT };

enum migration_status {
	MIGRATION_UNKNOWN,
	MIGRATION_NONE,
	MIGRATION_SETUP,
	MIGRATION_WAIT_UNPLUG,
	MIGRATION_ACTIVE,
	MIGRATION_PRE_SWITCHOVER,
	MIGRATION_DEVICE,
	MIGRATION_POSTCOPY_DEVICE,
	MIGRATION_POSTCOPY_ACTIVE,
	MIGRATION_POSTCOPY_PAUSED,
	MIGRATION_POSTCOPY_RECOVER_SETUP,
	MIGRATION_POSTCOPY_RECOVER,
	MIGRATION_CANCELLING,
	MIGRATION_CANCELLED,
	MIGRATION_COMPLETED,
	MIGRATION_FAILED,
	MIGRATION_STATUS_COUNT,
};

static const char *const migration_names[] = {
	[MIGRATION_UNKNOWN] = "",
	[MIGRATION_NONE] = "none",
	[MIGRATION_SETUP] = "setup",
	[MIGRATION_WAIT_UNPLUG] = "wait-unplug",
	[MIGRATION_ACTIVE] = "active",
	[MIGRATION_PRE_SWITCHOVER] = "pre-switchover",
	[MIGRATION_DEVICE] = "device",
	[MIGRATION_POSTCOPY_DEVICE] = "postcopy-device",
	[MIGRATION_POSTCOPY_ACTIVE] = "postcopy-active",
	[MIGRATION_POSTCOPY_PAUSED] = "postcopy-paused",
	[MIGRATION_POSTCOPY_RECOVER_SETUP] = "postcopy-recover-setup",
	[MIGRATION_POSTCOPY_RECOVER] = "postcopy-recover",
	[MIGRATION_CANCELLING] = "cancelling",
	[MIGRATION_CANCELLED] = "cancelled",
	[MIGRATION_COMPLETED] = "completed",
	[MIGRATION_FAILED] = "failed",
};
NAMES_COMPLETE(migration_names, MIGRATION_STATUS_COUNT);

/* How every migration may break off. */
#define BREAKS (TO(MIGRATION_CANCELLING) | TO(MIGRATION_FAILED))
/* What follows an end: the next one, out or in. */
#define ANEW (TO(MIGRATION_NONE) | TO(MIGRATION_SETUP))

/* Both directions in one: a QEMU that came in goes out later. snapshot-save is a migration inside
 * QEMU that completes without having been active. */
static const unsigned migration_legal[] = {
	[MIGRATION_UNKNOWN] = ANYWHERE,
	[MIGRATION_NONE] = ANEW | TO(MIGRATION_FAILED),
	[MIGRATION_SETUP] = BREAKS | TO(MIGRATION_WAIT_UNPLUG) | TO(MIGRATION_ACTIVE) |
			    TO(MIGRATION_COMPLETED) | TO(MIGRATION_CANCELLED) | TO(MIGRATION_NONE),
	[MIGRATION_WAIT_UNPLUG] = BREAKS | TO(MIGRATION_ACTIVE),
	[MIGRATION_ACTIVE] = BREAKS | TO(MIGRATION_PRE_SWITCHOVER) | TO(MIGRATION_DEVICE) |
			     TO(MIGRATION_POSTCOPY_ACTIVE) | TO(MIGRATION_COMPLETED),
	[MIGRATION_PRE_SWITCHOVER] = BREAKS | TO(MIGRATION_DEVICE) | TO(MIGRATION_ACTIVE),
	[MIGRATION_DEVICE] = BREAKS | TO(MIGRATION_POSTCOPY_DEVICE) |
			     TO(MIGRATION_POSTCOPY_ACTIVE) | TO(MIGRATION_COMPLETED) |
			     TO(MIGRATION_ACTIVE),
	[MIGRATION_POSTCOPY_DEVICE] =
		BREAKS | TO(MIGRATION_POSTCOPY_ACTIVE) | TO(MIGRATION_POSTCOPY_PAUSED),
	[MIGRATION_POSTCOPY_ACTIVE] =
		BREAKS | TO(MIGRATION_POSTCOPY_PAUSED) | TO(MIGRATION_COMPLETED),
	[MIGRATION_POSTCOPY_PAUSED] =
		BREAKS | TO(MIGRATION_POSTCOPY_RECOVER_SETUP) | TO(MIGRATION_POSTCOPY_RECOVER),
	[MIGRATION_POSTCOPY_RECOVER_SETUP] =
		BREAKS | TO(MIGRATION_POSTCOPY_RECOVER) | TO(MIGRATION_POSTCOPY_PAUSED),
	[MIGRATION_POSTCOPY_RECOVER] =
		BREAKS | TO(MIGRATION_POSTCOPY_ACTIVE) | TO(MIGRATION_POSTCOPY_PAUSED),
	[MIGRATION_CANCELLING] = TO(MIGRATION_CANCELLED) | TO(MIGRATION_FAILED),
	[MIGRATION_CANCELLED] = ANEW,
	[MIGRATION_COMPLETED] = ANEW,
	[MIGRATION_FAILED] = ANEW,
};
NAMES_COMPLETE(migration_legal, MIGRATION_STATUS_COUNT);

static const struct status_table migration_table = { "migration status", migration_names,
						     migration_legal, MIGRATION_STATUS_COUNT };

enum run_event { STOP, RESUME, SHUTDOWN, RESET, RUN_EVENT_COUNT };

static const char *const run_events[] = {
	[STOP] = "STOP",
	[RESUME] = "RESUME",
	[SHUTDOWN] = "SHUTDOWN",
	[RESET] = "RESET",
};
NAMES_COMPLETE(run_events, RUN_EVENT_COUNT);

static const char *const run_names[] = {
	[PROTOCOL_RUN_UNKNOWN] = "nothing is known",
	[PROTOCOL_RUNS] = "the guest runs",
	[PROTOCOL_STANDS] = "the guest is stopped",
	[PROTOCOL_SHUT] = "the guest is shut down",
};
NAMES_COMPLETE(run_names, PROTOCOL_RUN_COUNT);

#define ILLEGAL PROTOCOL_RUN_COUNT

/* QEMU sends STOP only if the guest ran and RESUME only if it did not; after SHUTDOWN it goes, or
 * (-no-shutdown) stops. */
static const enum protocol_run run_after[PROTOCOL_RUN_COUNT][RUN_EVENT_COUNT] = {
	/*			     STOP, RESUME, SHUTDOWN, RESET */
	[PROTOCOL_RUN_UNKNOWN] = { PROTOCOL_STANDS, PROTOCOL_RUNS, PROTOCOL_SHUT,
				   PROTOCOL_RUN_UNKNOWN },
	[PROTOCOL_RUNS] = { PROTOCOL_STANDS, ILLEGAL, PROTOCOL_SHUT, PROTOCOL_RUNS },
	[PROTOCOL_STANDS] = { ILLEGAL, PROTOCOL_RUNS, PROTOCOL_SHUT, PROTOCOL_STANDS },
	[PROTOCOL_SHUT] = { PROTOCOL_STANDS, ILLEGAL, ILLEGAL, ILLEGAL },
};

/* Run states of query-status, and whether a guest that only soaks may be in them. */
static const struct {
	const char *name;
	bool legal;
} statuses[] = {
	{ "running", true },	     { "paused", true },	  { "prelaunch", true },
	{ "inmigrate", true },	     { "finish-migrate", true },  { "postmigrate", true },
	{ "save-vm", true },	     { "restore-vm", true },	  { "shutdown", true },
	{ "io-error", true },	     { "suspended", true },	  { "colo", true },
	{ "internal-error", false }, { "guest-panicked", false }, { "watchdog", false },
	{ "debug", false },
};

static void log_unknown(struct protocol_words *words, const char *what, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strncmp(words->word[i], word, PROTOCOL_NAME_MAX - 1))
			return;
	if (words->count == PROTOCOL_WORDS_MAX)
		return;
	snprintf(words->word[words->count++], PROTOCOL_NAME_MAX, "%s", word);
	log_info("a %s that qsoak does not know: %s", what, word);
}

/* Goes on to status. False, with a text, if it may not follow. */
static bool go_on(struct protocol *protocol, const struct status_table *table, int *at,
		  const char *status, char *text, size_t size)
{
	int to = names_find(table->names, table->count, status), from = *at;

	if (to < 0)
		log_unknown(protocol->words, table->what, status);
	*at = to < 0 ? 0 : to;
	if (to <= 0 || table->legal[from] & TO(to))
		return true;
	snprintf(text, size, "%s %s after %s", table->what, status, table->names[from]);
	return false;
}

/* The first status of a job that is not followed yet may be any: it may have been there before we
 * listened. */
static bool job_event(struct protocol *protocol, const char *id, const char *status, char *text,
		      size_t size)
{
	size_t at = PROTOCOL_JOBS_MAX;
	bool legal;

	for (size_t i = 0; i < PROTOCOL_JOBS_MAX; i++) {
		const char *known = protocol->jobs[i].id;

		if (!strncmp(known, id, PROTOCOL_NAME_MAX - 1)) {
			at = i;
			break;
		}
		if (!*known)
			at = i;
	}
	if (at == PROTOCOL_JOBS_MAX)
		return true;
	snprintf(protocol->jobs[at].id, PROTOCOL_NAME_MAX, "%s", id);
	legal = go_on(protocol, &job_table, &protocol->jobs[at].status, status, text, size);
	if (protocol->jobs[at].status == JOB_NULL) {
		protocol->jobs[at].id[0] = '\0';
		protocol->jobs[at].status = JOB_UNKNOWN;
	}
	return legal;
}

static bool run_event(struct protocol *protocol, enum run_event event, char *text, size_t size)
{
	enum protocol_run from = protocol->run, to = run_after[from][event];

	if (to != ILLEGAL) {
		protocol->run = to;
		return true;
	}
	protocol->run = PROTOCOL_RUN_UNKNOWN;
	snprintf(text, size, "%s while %s", run_events[event], run_names[from]);
	return false;
}

bool protocol_event(struct protocol *protocol, const char *name, const json_t *data, char *text,
		    size_t size)
{
	const char *status = json_string_value(json_object_get(data, "status"));
	const char *id = json_string_value(json_object_get(data, "id"));
	int event = names_find(run_events, RUN_EVENT_COUNT, name);

	if (event >= 0)
		return run_event(protocol, event, text, size);
	if (!strcmp(name, "JOB_STATUS_CHANGE") && id && *id && status)
		return job_event(protocol, id, status, text, size);
	if (!strcmp(name, "MIGRATION") && status)
		return go_on(protocol, &migration_table, &protocol->migration, status, text, size);
	return true;
}

bool protocol_status(struct protocol *protocol, const char *status, char *text, size_t size)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(statuses) && strcmp(statuses[i].name, status))
		i++;
	if (i == ARRAY_SIZE(statuses)) {
		log_unknown(protocol->words, "run state", status);
		return true;
	}
	if (!statuses[i].legal) {
		snprintf(text, size, "the run state is %s", status);
		return false;
	}
	/* RESUME comes before the state, STOP after it: a guest that does not run may be about to
	 * say so, one that runs has said it. */
	if (!strcmp(status, "running") && protocol->run == PROTOCOL_STANDS) {
		snprintf(text, size, "the run state is %s after STOP without RESUME", status);
		return false;
	}
	return true;
}

void protocol_set_running(struct protocol *protocol)
{
	if (protocol->run == PROTOCOL_RUN_UNKNOWN)
		protocol->run = PROTOCOL_RUNS;
}

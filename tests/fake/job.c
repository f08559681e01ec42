/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs: snapshot-save, snapshot-load and snapshot-delete, and the snapshots themselves.
 *
 * Theory of operation: as in QEMU 7.2 a job does its work within the main loop, so a job in work
 * leaves in-band commands unanswered, and others see only jobs that concluded, or that are stuck.
 * The order of events is that of 7.2.22: created, running, STOP, RESUME, the reply, waiting, pending,
 * concluded; faults move the reply.
 */
#include "job.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "fake.h"
#include "log.h"
#include "migration.h"
#include "monitor.h"
#include "strike.h"
#include "tables.h"
#include "vm.h"

#define USUAL_MS 1

struct job {
	struct job *next;
	char *id;
	const char *kind;
	const char *status;
	char error[160]; /* "": none */
};

struct jobs {
	struct fake *fake;
	struct job *first;
	json_t *snapshots;
	json_t *deleted; /* state of the last one; NULL: none */
};

struct jobs *jobs_new(struct fake *fake)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));

	if (!jobs)
		return NULL;
	jobs->fake = fake;
	jobs->snapshots = json_object();
	return jobs;
}

json_t *jobs_snapshots(const struct jobs *jobs)
{
	return jobs->snapshots;
}

void jobs_set_snapshots(struct jobs *jobs, json_t *snapshots)
{
	json_object_update(jobs->snapshots, snapshots);
}

static struct job **find_job(struct jobs *jobs, const char *id)
{
	struct job **link = &jobs->first;

	while (*link && strcmp((*link)->id, id))
		link = &(*link)->next;
	return link;
}

static void set_status(struct fake *fake, struct job *job, const char *status)
{
	job->status = status;
	monitor_event(fake->monitor, "JOB_STATUS_CHANGE",
		      json_pack("{s:s, s:s}", "status", status, "id", job->id));
}

static void dismiss(struct jobs *jobs, struct job **link)
{
	struct job *job = *link;

	*link = job->next;
	set_status(jobs->fake, job, "null");
	free(job->id);
	free(job);
}

void jobs_dismiss_all(struct jobs *jobs)
{
	while (jobs->first)
		dismiss(jobs, &jobs->first);
}

/* QEMU's id_wellformed(). */
static bool well_formed(const char *id)
{
	if (!isalpha((unsigned char)*id))
		return false;
	for (; *id; id++) {
		if (!isalnum((unsigned char)*id) && !strchr("-._", *id))
			return false;
	}
	return true;
}

/* NULL after an error reply. */
static struct job *create(struct request *request)
{
	struct jobs *jobs = request->fake->jobs;
	const char *id = json_string_value(json_object_get(request->args, "job-id"));
	struct job **link = find_job(jobs, id);
	struct job *job;

	if (!well_formed(id)) {
		request_error(request, "Invalid job ID '%.100s'", id);
		return NULL;
	}
	if (*link) {
		request_error(request, "Job ID '%.100s' already in use", id);
		return NULL;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		abort();
	job->id = strdup(id);
	job->kind = request->command->name;
	*link = job;
	return job;
}

static void fail(struct job *job, const char *format, const char *tag)
{
	snprintf(job->error, sizeof(job->error), format, tag);
}

static bool fault_fails(struct request *request, struct job *job)
{
	if (hit(&request->hits, FAULT_JOB_ERROR))
		snprintf(job->error, sizeof(job->error), "fake: job error at %s", job->kind);
	else if (hit(&request->hits, FAULT_NO_SPACE))
		snprintf(job->error, sizeof(job->error),
			 "Error while writing VM state: No space left on device");
	return job->error[0];
}

static void work(struct request *request)
{
	fake_sleep_ms(request->slow ? request->slow_ms : USUAL_MS);
}

static void log_state(struct request *request, const char *fact, const char *tag,
		      const char *restored, const json_t *state)
{
	log_fact(request->fake->log, fact, "{s:s, s:s, s:O*}", "tag", tag, "restored", restored,
		 "state", state);
}

static void save(struct request *request, struct job *job, const char *tag)
{
	struct fake *fake = request->fake;
	bool running = vm_running(fake->vm);

	if (migration_running(fake->migration)) {
		fail(job, "There's a migration process in progress%s", "");
		return;
	}
	if (json_object_get(fake->jobs->snapshots, tag)) {
		fail(job, "Snapshot '%.100s' already exists in one or more devices", tag);
		return;
	}
	vm_stop(fake->vm, "save-vm");
	work(request);
	if (!fault_fails(request, job)) {
		json_object_set_new(fake->jobs->snapshots, tag, vm_save(fake->vm));
		log_state(request, "saved", tag, tag, json_object_get(fake->jobs->snapshots, tag));
	}
	if (running)
		strike_resume(fake, &request->hits);
}

/* What a load restores, which a fault exchanges; ret_tag is what it really was. */
static json_t *state_to_load(struct request *request, const char *tag, const char **ret_tag)
{
	struct jobs *jobs = request->fake->jobs;
	const char *other;
	json_t *state;

	*ret_tag = tag;
	if (!hit(&request->hits, FAULT_WRONG_TAG))
		return json_object_get(jobs->snapshots, tag);
	json_object_foreach(jobs->snapshots, other, state) {
		if (!strcmp(other, tag))
			continue;
		*ret_tag = other;
		return state;
	}
	*ret_tag = jobs->deleted ? "(deleted)" : tag;
	return jobs->deleted ? jobs->deleted : json_object_get(jobs->snapshots, tag);
}

static void load(struct request *request, struct job *job, const char *tag)
{
	struct fake *fake = request->fake;
	bool running = vm_running(fake->vm);
	const char *restored;
	json_t *state;

	vm_stop(fake->vm, "restore-vm");
	if (!json_object_get(fake->jobs->snapshots, tag)) {
		fail(job, "Snapshot '%.100s' does not exist in one or more devices", tag);
		return;
	}
	work(request);
	if (fault_fails(request, job))
		return;
	state = state_to_load(request, tag, &restored);
	vm_load(fake->vm, state);
	log_state(request, "loaded", tag, restored, state);
	if (running)
		strike_resume(fake, &request->hits);
}

static void delete (struct request *request, struct job *job, const char *tag)
{
	struct jobs *jobs = request->fake->jobs;

	if (request->slow)
		work(request);
	if (fault_fails(request, job))
		return;
	json_decref(jobs->deleted);
	jobs->deleted = json_incref(json_object_get(jobs->snapshots, tag));
	/* A tag that is not there is no error. */
	json_object_del(jobs->snapshots, tag);
	log_fact(request->fake->log, "deleted", "{s:s}", "tag", tag);
}

static void conclude(struct request *request, struct job *job, const char *tag)
{
	struct fake *fake = request->fake;

	if (job->error[0]) {
		set_status(fake, job, "aborting");
	} else {
		set_status(fake, job, "waiting");
		set_status(fake, job, "pending");
	}
	set_status(fake, job, "concluded");
	if (hit(&request->hits, FAULT_JOB_ORDER))
		set_status(fake, job, "pending");
	log_fact(fake->log, "job concluded", "{s:s, s:s, s:s, s:s*}", "kind", job->kind, "tag", tag,
		 "id", job->id, "error", job->error[0] ? job->error : NULL);
}

static void run_job(struct request *request,
		    void (*run)(struct request *request, struct job *job, const char *tag))
{
	struct fake *fake = request->fake;
	const char *tag = json_string_value(json_object_get(request->args, "tag"));
	struct job *job = create(request);

	if (!job)
		return;
	if (hit(&request->hits, FAULT_REPLY_FIRST))
		request_return(request, json_object());
	set_status(fake, job, "created");
	set_status(fake, job, "running");
	strike(fake, &request->hits);
	if (hit(&request->hits, FAULT_STUCK_JOB))
		return;
	if (hit(&request->hits, FAULT_NEW_WORDS))
		set_status(fake, job, "polishing");
	run(request, job, tag);
	if (!request->replied && !hit(&request->hits, FAULT_EVENT_FIRST))
		request_return(request, json_object());
	conclude(request, job, tag);
}

void job_snapshot_save(struct request *request)
{
	run_job(request, save);
}

void job_snapshot_load(struct request *request)
{
	run_job(request, load);
}

void job_snapshot_delete(struct request *request)
{
	run_job(request, delete);
}

void job_query(struct request *request)
{
	json_t *list = json_array();

	for (struct job *job = request->fake->jobs->first; job; job = job->next)
		json_array_append_new(
			list, json_pack("{s:i, s:s, s:i, s:s, s:s, s:s*}", "current-progress",
					strcmp(job->status, "concluded") ? 0 : 1, "status",
					job->status, "total-progress", 1, "type", job->kind, "id",
					job->id, "error", job->error[0] ? job->error : NULL));
	request_return(request, list);
}

void job_dismiss(struct request *request)
{
	const char *id = json_string_value(json_object_get(request->args, "id"));
	struct jobs *jobs = request->fake->jobs;
	struct job **link = find_job(jobs, id);

	if (!*link)
		request_error(request, "Job not found");
	else if (strcmp((*link)->status, "concluded"))
		request_error(request,
			      "Job '%.100s' in state '%s' cannot accept command verb 'dismiss'", id,
			      (*link)->status);
	else
		dismiss(jobs, link);
}

/* A snapshot job takes no notice of it. */
void job_cancel(struct request *request)
{
	const char *id = json_string_value(json_object_get(request->args, "id"));
	struct job *job = *find_job(request->fake->jobs, id);

	if (!job)
		request_error(request, "Job not found");
	else if (!strcmp(job->status, "concluded"))
		request_error(
			request,
			"Job '%.100s' in state 'concluded' cannot accept command verb 'cancel'",
			id);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs: snapshot-save, snapshot-load and snapshot-delete, and the snapshots themselves. */
#ifndef QSOAK_TESTS_FAKE_JOB_H
#define QSOAK_TESTS_FAKE_JOB_H

#include <jansson.h>

struct fake;
struct jobs;
struct request;

struct jobs *jobs_new(struct fake *fake);

/* At the end of the process all jobs are dismissed. */
void jobs_dismiss_all(struct jobs *jobs);

/* The snapshots, {TAG: STATE}: they are in the images, which a migration's two sides share. */
json_t *jobs_snapshots(const struct jobs *jobs);
void jobs_set_snapshots(struct jobs *jobs, json_t *snapshots);

void job_snapshot_save(struct request *request);
void job_snapshot_load(struct request *request);
void job_snapshot_delete(struct request *request);
void job_query(struct request *request);
void job_dismiss(struct request *request);
void job_cancel(struct request *request);

#endif

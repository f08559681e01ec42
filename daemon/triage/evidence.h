/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evidence of a state: the folders of all incidents, and how much of it is kept.
 *
 * Where a limit is passed, the oldest incident of the signature that has the most goes first, so that a
 * flood of one failure never pushes the only evidence of another one out.
 */
#ifndef QSOAK_TRIAGE_EVIDENCE_H
#define QSOAK_TRIAGE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

/* What becomes of the core of a QEMU that was ended by a signal. */
enum evidence_cores {
	EVIDENCE_CORES_NONE,   /* none is dumped */
	EVIDENCE_CORES_STACKS, /* its stacks are read, then it is removed */
	EVIDENCE_CORES_KEEP,   /* and it is kept, packed */
	EVIDENCE_CORES_COUNT,
};

const char *evidence_cores_name(enum evidence_cores cores);

struct evidence_rules {
	int64_t bytes;	   /* of all folders together */
	int64_t incidents; /* how many folders */
	int64_t age_ns;	   /* older ones go */
	enum evidence_cores cores;
	bool gdb; /* ask gdb of coroutines: see qsoak-stack(1) */
};

extern const struct evidence_rules evidence_rules_default;

/* No limits. */
extern const struct evidence_rules evidence_rules_none;

struct evidence;

/* Removes what a killed daemon left incomplete in folder, and learns what is there; a folder that does
 * not exist has nothing. */
struct evidence *evidence_new(const char *folder);

/* Takes NULL. */
void evidence_free(struct evidence *evidence);

/* The highest number that an incident has; 0: there is none. It may be above the ids that were stored. */
int64_t evidence_highest(const struct evidence *evidence);

/* The folder of an incident is there now. */
void evidence_add(struct evidence *evidence, int64_t number, const char *signature);

/* Limits of the host, over those of profiles; of rules only bytes, incidents and age. Prunes. */
void evidence_set_host_rules(struct evidence *evidence, const struct evidence_rules *rules);

/* Removes what is beyond the limits of rules (NULL: beyond those of the host alone). The newest incident stays in any
 * case. */
void evidence_prune(struct evidence *evidence, const struct evidence_rules *rules);

/* What is there now: for tests and lists. */
int64_t evidence_bytes(const struct evidence *evidence);
int64_t evidence_incidents(const struct evidence *evidence);

#endif

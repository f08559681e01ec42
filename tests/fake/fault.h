/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The script of faults: which misbehaviour comes at which command, from `-fake VERB@WHEN`. */
#ifndef QSOAK_TESTS_FAKE_FAULT_H
#define QSOAK_TESTS_FAKE_FAULT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct command;
struct faults;
struct log;

enum fault_verb {
	/* Strike by themselves: see strike.h. */
	FAULT_ASSERT,
	FAULT_SEGV,
	FAULT_EXIT,
	FAULT_KILL_SELF,
	FAULT_ASAN,
	FAULT_TSAN,
	FAULT_IO_ERROR,
	FAULT_RESUME_TWICE,
	FAULT_INTERNAL_ERROR,
	FAULT_LEAK_FDS,
	FAULT_LEAK_MIB,
	FAULT_STOP_SELF,
	FAULT_SLEEP_DEEP,
	FAULT_MUTE,
	FAULT_CLOSE,
	FAULT_GARBAGE,
	FAULT_HALF_LINE,
	FAULT_LONG_LINE,
	FAULT_STUCK_MAIN,
	FAULT_STUCK_BQL,
	FAULT_STUCK_VCPU,
	/* Change what a command does: the command looks for them. */
	FAULT_ERROR,
	FAULT_NO_GREETING,
	FAULT_JOB_ERROR,
	FAULT_NO_SPACE,
	FAULT_STUCK_JOB,
	FAULT_JOB_ORDER,
	FAULT_NEW_WORDS,
	FAULT_NO_RESUME,
	FAULT_LATE_RESUME,
	FAULT_REPLY_FIRST,
	FAULT_EVENT_FIRST,
	FAULT_WRONG_TAG,
	FAULT_STUCK_MIGRATION,
	FAULT_LATE_TIMES,
	FAULT_MIGRATION_ORDER,
	FAULT_DEAD_INCOMING,
	FAULT_STUCK_QUIT,
	FAULT_VERBS
};

/* The faults that meet in one execution of one command. */
struct hits {
	uint64_t verbs; /* bit per enum fault_verb */
	int exit_status;
	int leak; /* descriptors or MiB */
};

static inline bool hit(const struct hits *hits, enum fault_verb verb)
{
	return hits->verbs & (UINT64_C(1) << verb);
}

struct faults *faults_new(void);

/* Reads `VERB@WHEN`. False with a sentence in ret_why if it is none. */
bool faults_add(struct faults *faults, const char *text, char *ret_why, size_t size);

/* Reads `COMMAND=MS`. The same. */
bool faults_add_slow(struct faults *faults, const char *text, char *ret_why, size_t size);

/* Counts one execution of a command (NULL: the boot) and returns the faults that strike in it. From
 * any thread. */
struct hits faults_match(struct faults *faults, struct log *log, const struct command *command);

/* How long a command (NULL: the boot) shall take, in milliseconds; otherwise usual_ms. */
unsigned faults_slow_ms(const struct faults *faults, const struct command *command,
			unsigned usual_ms);

void faults_usage(FILE *file);

#endif

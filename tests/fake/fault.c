/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the script of faults and says which of them strike in an execution of a command. */
#include "fault.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "tables.h"

#define FAULTS_MAX 64

/* Where a verb makes sense. */
enum scope {
	AT_ANY,	     /* every command, and the boot */
	AT_MAIN,     /* the same, but not query-yank, which another thread may execute */
	AT_COMMAND,  /* every command */
	AT_BOOT,     /* the boot */
	AT_JOB,	     /* snapshot-save, -load, -delete */
	AT_RESUME,   /* snapshot-save, -load, cont */
	AT_LOAD,     /* snapshot-load */
	AT_MIGRATE,  /* migrate */
	AT_INCOMING, /* migrate-incoming */
	AT_QUIT,     /* quit, which SIGTERM counts as */
};

static const char *const scope_names[] = {
	[AT_ANY] = "any command, boot",
	[AT_MAIN] = "any command but query-yank, boot",
	[AT_COMMAND] = "any command",
	[AT_BOOT] = "boot",
	[AT_JOB] = "snapshot-save, -load, -delete",
	[AT_RESUME] = "snapshot-save, -load, cont",
	[AT_LOAD] = "snapshot-load",
	[AT_MIGRATE] = "migrate",
	[AT_INCOMING] = "migrate-incoming",
	[AT_QUIT] = "quit",
};

static const struct {
	const char *name;
	enum scope scope;
	const char *meaning;
} verbs[] = {
	[FAULT_ASSERT] = { "assert", AT_ANY, "a failed assertion: its text, then SIGABRT" },
	[FAULT_SEGV] = { "segv", AT_ANY, "a write to nowhere: SIGSEGV" },
	[FAULT_EXIT] = { "exit=STATUS", AT_ANY, "a line on standard error, then this exit status" },
	[FAULT_KILL_SELF] = { "kill-self", AT_ANY, "SIGKILL, as from the kernel without memory" },
	[FAULT_ASAN] = { "asan", AT_ANY, "a report of AddressSanitizer, then exit status 1" },
	[FAULT_TSAN] = { "tsan", AT_ANY, "a report of ThreadSanitizer, then as usual" },
	[FAULT_IO_ERROR] = { "io-error", AT_MAIN,
			     "BLOCK_IO_ERROR for want of space, and the guest stops" },
	[FAULT_RESUME_TWICE] = { "resume-twice", AT_ANY, "RESUME although the guest runs" },
	[FAULT_INTERNAL_ERROR] = { "internal-error", AT_MAIN, "the run state of that name, STOP" },
	[FAULT_LEAK_FDS] = { "leak-fds=N", AT_ANY, "opens N descriptors and forgets them" },
	[FAULT_LEAK_MIB] = { "leak-mib=N", AT_ANY, "allocates N MiB and forgets them" },
	[FAULT_STOP_SELF] = { "stop-self", AT_ANY, "the process stops itself with SIGSTOP" },
	[FAULT_SLEEP_DEEP] = { "sleep-deep", AT_MAIN, "the main thread is in D state for ever" },
	[FAULT_MUTE] = { "mute", AT_ANY, "the whole monitor reads and says nothing any more" },
	[FAULT_CLOSE] = { "close", AT_ANY, "the QMP socket closes, the process goes on" },
	[FAULT_GARBAGE] = { "garbage", AT_ANY, "a line that is no JSON, then as usual" },
	[FAULT_HALF_LINE] = { "half-line", AT_ANY, "half a line, then mute" },
	[FAULT_LONG_LINE] = { "long-line", AT_ANY, "an event of 100 MB, then as usual" },
	[FAULT_STUCK_MAIN] = { "stuck-main", AT_MAIN, "the main loop blocks, the guest moves" },
	[FAULT_STUCK_BQL] = { "stuck-bql", AT_MAIN,
			      "a thread keeps the BQL: the main loop and the guest stand" },
	[FAULT_STUCK_VCPU] = { "stuck-vcpu", AT_MAIN, "the guest stands, all else is well" },
	[FAULT_ERROR] = { "error", AT_COMMAND, "the reply is a GenericError, nothing is done" },
	[FAULT_NO_GREETING] = { "no-greeting", AT_BOOT, "QMP starts without its greeting" },
	[FAULT_JOB_ERROR] = { "job-error", AT_JOB, "the job concludes with an error" },
	[FAULT_NO_SPACE] = { "no-space", AT_JOB, "the job concludes with ENOSPC's words" },
	[FAULT_STUCK_JOB] = { "stuck-job", AT_JOB, "the job runs for ever, all else is well" },
	[FAULT_JOB_ORDER] = { "job-order", AT_JOB, "the job is pending after concluded" },
	[FAULT_NEW_WORDS] = { "new-words", AT_JOB, "the job has a status that nobody knows" },
	[FAULT_NO_RESUME] = { "no-resume", AT_RESUME, "the guest stays stopped, all else is well" },
	[FAULT_LATE_RESUME] = { "late-resume", AT_RESUME, "RESUME comes 700 ms after all else" },
	[FAULT_REPLY_FIRST] = { "reply-first", AT_JOB, "the reply comes before the job's events" },
	[FAULT_EVENT_FIRST] = { "event-first", AT_JOB, "the reply comes after the job's events" },
	[FAULT_WRONG_TAG] = { "wrong-tag", AT_LOAD,
			      "loads another tag, else the last deleted one" },
	[FAULT_STUCK_MIGRATION] = { "stuck-migration", AT_MIGRATE, "stays active for ever" },
	[FAULT_LATE_TIMES] = { "late-times", AT_MIGRATE,
			       "total-time and downtime are 0 until 50 ms after completed" },
	[FAULT_MIGRATION_ORDER] = { "migration-order", AT_MIGRATE, "active after completed" },
	[FAULT_DEAD_INCOMING] = { "dead-incoming", AT_INCOMING,
				  "exits with 1 while the migration comes in" },
	[FAULT_STUCK_QUIT] = { "stuck-quit", AT_QUIT, "replies, SHUTDOWN, but does not end" },
};
_Static_assert(sizeof(verbs) / sizeof(verbs[0]) == FAULT_VERBS, "every verb is named");

struct fault {
	enum fault_verb verb;
	const struct command *command; /* NULL: the boot */
	unsigned nth;		       /* 0: every time */
	atomic_uint seen;
	int value;
};

struct faults {
	unsigned n;
	unsigned n_slow;
	struct fault fault[FAULTS_MAX];
	struct {
		const struct command *command;
		unsigned ms;
	} slow[FAULTS_MAX];
};

struct faults *faults_new(void)
{
	return calloc(1, sizeof(struct faults));
}

static bool fits(enum scope scope, const struct command *command)
{
	const char *name = command ? command->name : "boot";

	switch (scope) {
	case AT_ANY:
		return true;
	case AT_MAIN:
		return !command || !command->oob;
	case AT_COMMAND:
		return command;
	case AT_JOB:
		return !strncmp(name, "snapshot-", strlen("snapshot-"));
	case AT_RESUME:
		return !strcmp(name, "snapshot-save") || !strcmp(name, "snapshot-load") ||
		       !strcmp(name, "cont");
	case AT_BOOT:
	case AT_LOAD:
	case AT_MIGRATE:
	case AT_INCOMING:
	case AT_QUIT:
		return !strcmp(name, scope_names[scope]);
	}
	return false;
}

static bool parse_number(const char *text, long min, long max, long *ret)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

/* The verb's name ends at '=' where it has a value. */
static bool find_verb(const char *text, struct fault *fault)
{
	for (int verb = 0; verb < FAULT_VERBS; verb++) {
		const char *name = verbs[verb].name;
		size_t length = strcspn(name, "=");
		long value = 0;

		if (strncmp(text, name, length) || text[length] != name[length])
			continue;
		if (name[length] && !parse_number(text + length + 1, 0, 255, &value))
			continue;
		fault->verb = verb;
		fault->value = (int)value;
		return true;
	}
	return false;
}

static bool find_when(const char *name, const struct command **ret_command)
{
	*ret_command = tables_find(name);
	return *ret_command || !strcmp(name, "boot");
}

bool faults_add(struct faults *faults, const char *text, char *ret_why, size_t size)
{
	struct fault *fault = &faults->fault[faults->n];
	char verb[64];
	char when[64];
	char *times;
	long nth = 1;

	if (faults->n == FAULTS_MAX) {
		snprintf(ret_why, size, "more than %d faults", FAULTS_MAX);
		return false;
	}
	if (sscanf(text, "%63[^@]@%63s", verb, when) != 2) {
		snprintf(ret_why, size, "'%s' is no VERB@WHEN", text);
		return false;
	}
	times = strchr(when, ':');
	if (times)
		*times++ = '\0';
	if (!find_verb(verb, fault)) {
		snprintf(ret_why, size, "'%s' is no verb", verb);
		return false;
	}
	if (!find_when(when, &fault->command)) {
		snprintf(ret_why, size, "'%s' is no command that the fake knows", when);
		return false;
	}
	if (!fits(verbs[fault->verb].scope, fault->command)) {
		snprintf(ret_why, size, "'%s' goes with %s, not with '%s'", verb,
			 scope_names[verbs[fault->verb].scope], when);
		return false;
	}
	if (times && !strcmp(times, "*"))
		nth = 0;
	else if (times && !parse_number(times, 1, INT_MAX, &nth)) {
		snprintf(ret_why, size, "'%s' is neither a number from 1 nor '*'", times);
		return false;
	}
	fault->nth = (unsigned)nth;
	faults->n++;
	return true;
}

bool faults_add_slow(struct faults *faults, const char *text, char *ret_why, size_t size)
{
	char name[64];
	char ms[64];
	long value;

	if (faults->n_slow == FAULTS_MAX || sscanf(text, "%63[^=]=%63s", name, ms) != 2 ||
	    !find_when(name, &faults->slow[faults->n_slow].command) ||
	    !parse_number(ms, 0, INT_MAX, &value)) {
		snprintf(ret_why, size, "'%s' is no COMMAND=MS", text);
		return false;
	}
	faults->slow[faults->n_slow++].ms = (unsigned)value;
	return true;
}

struct hits faults_match(struct faults *faults, struct log *log, const struct command *command)
{
	struct hits hits = { 0 };

	for (unsigned i = 0; i < faults->n; i++) {
		struct fault *fault = &faults->fault[i];

		if (fault->command != command)
			continue;

		unsigned seen = atomic_fetch_add(&fault->seen, 1) + 1;

		if (fault->nth && fault->nth != seen)
			continue;
		hits.verbs |= UINT64_C(1) << fault->verb;
		if (fault->verb == FAULT_EXIT)
			hits.exit_status = fault->value;
		else if (fault->verb == FAULT_LEAK_FDS || fault->verb == FAULT_LEAK_MIB)
			hits.leak = fault->value;
		log_fact(log, "fault", "{s:s%, s:s, s:i}", "verb", verbs[fault->verb].name,
			 strcspn(verbs[fault->verb].name, "="), "when",
			 command ? command->name : "boot", "time", (int)seen);
	}
	return hits;
}

unsigned faults_slow_ms(const struct faults *faults, const struct command *command,
			unsigned usual_ms)
{
	for (unsigned i = 0; i < faults->n_slow; i++) {
		if (faults->slow[i].command == command)
			return faults->slow[i].ms;
	}
	return usual_ms;
}

void faults_usage(FILE *file)
{
	fprintf(file, "usage: fake-qemu QEMU-OPTION... [-fake VERB@WHEN]... "
		      "[-fake-slow WHEN=MS]... [-fake-lacks VALUE] [-fake-log FILE]\n"
		      "WHEN: COMMAND (its first time), COMMAND:N (its N-th), COMMAND:* (every "
		      "time), or boot\n"
		      "VERB:\n");
	for (int verb = 0; verb < FAULT_VERBS; verb++)
		fprintf(file, "  %-16s %s  (%s)\n", verbs[verb].name, verbs[verb].meaning,
			scope_names[verbs[verb].scope]);
	fprintf(file, "COMMAND:\n");
	tables_print(file);
}

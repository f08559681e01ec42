/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qsoak: the parts of the client. */
#ifndef QSOAK_CLI_CLI_H
#define QSOAK_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "campaign/campaign.h"

/* NAME=BINARY, or the NAME of a build that somebody else knows the binary of. */
struct cli_build {
	char *name;
	char *binary; /* absolute: qsoakd runs elsewhere; or NULL */
};

/* what: of which argument or option, for the error text. -EINVAL: it is none, or there is no such file. */
int cli_build_parse(const char *what, const char *text, struct cli_build *ret_build,
		    struct err *err);
void cli_build_finish(struct cli_build *build);

/* What the command line says. */
struct cli {
	const char *command;	      /* its name */
	const char *argument;	      /* of the command: its first, or NULL */
	const char *const *arguments; /* all, and NULL at the end */
	const char *state;	      /* --state-dir, or NULL */
	const char *socket;	      /* --socket, or NULL */
	const char *store;	      /* --store, or NULL */
	const char *known;	      /* --known, or NULL */
	const char *format;	      /* --format, or NULL */
	const char *list;	      /* --list, or NULL */
	const char *rules;	      /* --rules, or NULL */
	const char *junit, *tap;      /* files to write, or NULL */
	bool json, local, verbose, detach, kill, all, shrink;
	int64_t campaign;			      /* --campaign; 0: not given */
	int64_t operation;			      /* --operation; 0: not given */
	int64_t times;				      /* --times; 0: not given */
	const char *good, *bad, *profile, *signature; /* of bisect, or NULL */
	double confidence, rate;		      /* of bisect, between 0 and 1; 0: not given */
	bool predicate;				      /* --run */
	const char *qemu;			      /* --qemu, or NULL */
	const char *html;			      /* --html, or NULL */
	int64_t wait_ns;			      /* --wait; below 0: not given */
	int64_t tries;				      /* --tries; 0: not given */
	bool force;				      /* --force */
	bool check;				      /* --check */
	const char *of;				      /* --of, or NULL */
	int64_t experiments;			      /* --experiments; 0: not given */
	json_t *overrides;			      /* arguments of the command "run" */
	json_t *registered; /* list of names of registered builds: --build NAME */
};

/* Each returns the exit code of the process. */
int cli_run(const struct cli *cli);
int cli_status(const struct cli *cli);
int cli_watch(const struct cli *cli);
int cli_stop(const struct cli *cli);
int cli_pause(const struct cli *cli);
int cli_resume(const struct cli *cli);
int cli_release(const struct cli *cli);
int cli_campaigns(const struct cli *cli);
int cli_builds(const struct cli *cli);
int cli_failures(const struct cli *cli);
int cli_signatures(const struct cli *cli);
int cli_compare(const struct cli *cli);
int cli_history(const struct cli *cli);
int cli_selfcheck(const struct cli *cli);
int cli_report(const struct cli *cli);
int cli_show(const struct cli *cli);
int cli_reproducer(const struct cli *cli);
int cli_bisect(const struct cli *cli);
int cli_replay(const struct cli *cli);
int cli_export(const struct cli *cli);
int cli_gate(const struct cli *cli);
int cli_import(const struct cli *cli);
int cli_push(const struct cli *cli);
int cli_profiles(const struct cli *cli);
int cli_config(const struct cli *cli);

/* The private state to use: as given, or $XDG_STATE_HOME/qsoak; the caller frees. */
char *cli_state(const struct cli *cli);

/* What another qsoak has to be told to talk to the same qsoakd: " --local", or nothing; the caller
 * frees. */
char *cli_where(const struct cli *cli);

/* How long a service that goes is waited for: by --wait, else LINK_RETURN_LIMIT_NS; 0: not at all. -EINVAL: a private
 * qsoakd does not come back, so nothing is to be said of it. */
int cli_wait(const struct cli *cli, int64_t *ret_wait_ns, struct err *err);

/* 12, or the incidents/12 of the tables. */
int cli_parse_incident(const char *text, int64_t *ret_id, struct err *err);

/* An id above 0; what is for the error text. */
int cli_parse_id(const char *what, const char *text, int64_t *ret_id, struct err *err);

/* Prints the error; returns the exit code that belongs to it. */
int cli_error(const struct err *err);

#endif

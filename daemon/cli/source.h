/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where results come from: the service, a private state that is read without a daemon, or a PostgreSQL, of which a
 * private state is made. All execute the same commands.
 */
#ifndef QSOAK_CLI_SOURCE_H
#define QSOAK_CLI_SOURCE_H

#include "cli/cli.h"
#include "cli/link.h"
#include "cli/pulled.h"
#include "report/report.h"

struct source {
	struct link *link; /* of the service, or NULL */
	char *state;	   /* the private one, or NULL */
	struct pulled *pulled; /* of --store, or NULL */
	int64_t wait_ns;   /* how long a service that has gone is waited for; 0: not at all */
};

/* By --store, --state-dir and --local, else the service. */
int source_open(const struct cli *cli, struct source *ret_source, struct err *err);
void source_close(struct source *source);

/* The qsoakd itself: that of the service, or with --state-dir or --local the private one that is at
 * work there now. */
int source_open_daemon(const struct cli *cli, struct link **ret_link, struct err *err);

/* What the qsoakd itself answers to a command, printed; arguments is stolen and may be NULL. Returns the exit code
 * of the process. */
int source_print_answer(const struct cli *cli, const char *command, json_t *arguments,
			report_fn print);

/* arguments is stolen; ret_value is the caller's. The command is one that only reads: it is asked again where the
 * service goes and comes back. */
int source_get(struct source *source, const char *command, json_t *arguments, json_t **ret_value,
	       struct err *err);

/* Whether the last source_get() failed because the service does not answer any more: nothing else
 * will come of it. */
bool source_lost(const struct source *source);

/* One page of a list after the other: fn is called with each row's object until it fails. */
int source_list(struct source *source, const char *command, const char *list, json_t *arguments,
		int (*fn)(void *ctx, json_t *row, struct err *err), void *ctx, struct err *err);

#endif

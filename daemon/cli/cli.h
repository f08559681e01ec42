/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qsoak: the parts of the client. */
#ifndef QSOAK_CLI_CLI_H
#define QSOAK_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "campaign/campaign.h"

struct cli {
	const char *state; /* --state-dir, or NULL */
	bool json;
	bool verbose;
	/* run */
	const char *profile;
	bool local;
	json_t *overrides; /* arguments of the command "run" */
	/* failures */
	int64_t campaign; /* 0: not given */
};

/* Each returns the exit code of the process. */
int cli_run(const struct cli *cli);
int cli_failures(const struct cli *cli);

/* The state folder to use: as given, or $XDG_STATE_HOME/qsoak; the caller frees. */
char *cli_state(const struct cli *cli);

/* Prints the error; returns the exit code that belongs to it. */
int cli_error(const struct err *err);

#endif

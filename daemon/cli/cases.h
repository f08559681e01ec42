/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of test cases that are made of a campaign's result. */
#ifndef QSOAK_CLI_CASES_H
#define QSOAK_CLI_CASES_H

#include "cli/cli.h"

/* Whether --junit or --tap is given. */
bool cases_wanted(const struct cli *cli);

/* Writes their files, each whole or not at all. report: with what the ledger says of it. */
int cases_write(const struct cli *cli, json_t *report, struct err *err);

#endif

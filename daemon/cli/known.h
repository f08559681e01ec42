/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger of known issues that the client applies to what it prints. */
#ifndef QSOAK_CLI_KNOWN_H
#define QSOAK_CLI_KNOWN_H

#include "cli/cli.h"
#include "report/ledger.h"

/* Reads the file of --known, or else the user's, the host's and the one that comes with qsoak, as far as
 * they are there. The caller finishes the ledger; -EINVAL says which line of which file is wrong. */
int known_read(const struct cli *cli, struct ledger *ret_ledger, struct err *err);

/* Prints a campaign's report with what the ledger says of it. */
int known_print_report(const struct ledger *ledger, json_t *report, bool json, struct err *err);

#endif

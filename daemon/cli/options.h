/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: its commands and options as a table, which also prints the help. */
#ifndef QSOAK_CLI_OPTIONS_H
#define QSOAK_CLI_OPTIONS_H

#include "cli/cli.h"

/* Reads the command line into cli, whose overrides are an object. Returns -1 and the command to run,
 * or the exit code: after --help, --version, or a line on stderr that says what is wrong. */
int options_parse(int argc, char **argv, struct cli *cli, int (**ret_run)(const struct cli *cli));

#endif

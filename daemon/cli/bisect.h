/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ways of qsoak bisect. */
#ifndef QSOAK_CLI_BISECT_H
#define QSOAK_CLI_BISECT_H

#include "cli/cli.h"

/* What `git bisect run` makes of an exit code: 1 to 127 but for 125 are a bad revision, from 128 on it
 * gives up. */
enum bisect_code {
	BISECT_GOOD = 0,
	BISECT_BAD = 1,
	BISECT_CANNOT_TEST = 125,
	BISECT_ABORT = 128, /* a wrong command line: no revision could do better */
};

/* With --run: judges the one build. */
int bisect_run(const struct cli *cli);

#endif

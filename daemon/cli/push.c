// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak push: copies finished rows of a private state, or of the service's, to an upstream PostgreSQL. */
#include "upstream/push.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "store/store.h"

int cli_push(const struct cli *cli)
{
	auto_free char *state = cli_state(cli), *path = store_path(state);
	struct push_totals totals = { 0 };
	struct err err = { 0 };
	int r = push_store(path, cli->argument, &totals, &err);

	if (r == -ENOENT)
		err.code = -EINVAL;
	if (r < 0)
		return cli_error(&err);
	if (cli->json)
		printf("{\"campaigns\": %" PRId64 ", \"rows\": %" PRId64
		       ", \"unfinished\": %" PRId64 "}\n",
		       totals.campaigns, totals.rows, totals.unfinished);
	else
		printf("pushed %" PRId64 " rows of %" PRId64 " campaigns; %" PRId64
		       " in progress\n",
		       totals.rows, totals.campaigns, totals.unfinished);
	return EXIT_CLEAN;
}

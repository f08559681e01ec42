// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak failures: what went wrong, oldest first. */
#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "report/report.h"

int cli_failures(const struct cli *cli)
{
	auto_free char *state = cli_state(cli);
	auto_free char *path = mem_printf("%s/results.db", state);
	struct query *query = NULL;
	struct err err = { 0 };
	int r;

	r = query_open(path, &query, &err);
	if (r == -ENOENT)
		err_set(&err, -EINVAL, "there are no results in %s: see --state-dir", state);
	if (r == 0)
		r = report_failures(query, cli->campaign, cli->json, stdout, &err);
	query_close(query);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

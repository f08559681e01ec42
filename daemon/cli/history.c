// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak history: a metric over all campaigns. */
#include "report/metric-history.h"

#include <errno.h>

#include "base/mem.h"
#include "cli/source.h"
#include "report/report.h"

int cli_history(const struct cli *cli)
{
	auto_json json_t *value = NULL;
	json_t *arguments = json_pack("{s:s, s:s*}", "metric", cli->argument, "build", cli->of);
	struct source source = { 0 };
	struct err err = { 0 };
	int r = arguments ? source_open(cli, &source, &err)
			  : err_set(&err, -EINVAL, "METRIC or --of is no UTF-8");

	if (r == 0)
		r = source_get(&source, "query-history", json_incref(arguments), &value, &err);
	source_close(&source);
	json_decref(arguments);
	if (r == 0)
		r = report_print(value, metric_history_print, cli->json, stdout, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

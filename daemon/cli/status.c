// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak status, watch, stop: the campaign in progress. */
#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "cli/follow.h"
#include "cli/source.h"
#include "report/field.h"
#include "report/report.h"

int cli_status(const struct cli *cli)
{
	auto_json json_t *value = NULL;
	struct link *link = NULL;
	struct err err = { 0 };
	int r = link_open(cli->socket, &link, &err);

	if (r == 0)
		r = link_call(link, "query-status", NULL, &value, &err);
	link_close(link);
	if (r == 0)
		r = report_print(value, report_status, cli->json, stdout, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

static void report_stopped(json_t *value, FILE *out)
{
	if (field_known(value, "campaign"))
		fprintf(out, "campaign %" PRId64 " is stopping\n",
			field_integer(value, "campaign"));
	else
		fputs("no campaign is in progress\n", out);
}

int cli_stop(const struct cli *cli)
{
	auto_json json_t *value = NULL;
	struct link *link = NULL;
	struct err err = { 0 };
	int r = link_open(cli->socket, &link, &err);

	if (r == 0)
		r = link_call(link, "stop",
			      json_pack("{s:s}", "mode", cli->kill ? "kill" : "drain"), &value,
			      &err);
	link_close(link);
	if (r == 0)
		r = report_print(value, report_stopped, cli->json, stdout, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

/* The campaign in progress until it ends; *ret_code stays where there is none. Returns 1 where the
 * user has left before. */
static int watch(struct link *link, int *ret_code, struct err *err)
{
	struct follow_spec spec = {
		.link = link,
		.on_interrupt = FOLLOW_LEAVES,
		.table = true,
	};
	struct follower *follower = NULL;
	auto_json json_t *status = NULL;
	int r = follow_begin(&spec, &follower, err);

	if (r == 0)
		r = link_call(link, "query-status", NULL, &status, err);
	if (r == 0 && field_known(status, "campaign"))
		r = follow(follower, field_integer(status, "campaign"), ret_code, err);
	follow_end(follower);
	return r == -EINTR ? 1 : r;
}

/* Whether it was still in progress or not: then the result of the newest campaign. */
int cli_watch(const struct cli *cli)
{
	auto_json json_t *value = NULL;
	struct link *link = NULL;
	struct err err = { 0 };
	int code = -1, r = link_open(cli->socket, &link, &err);

	if (r == 0)
		r = watch(link, &code, &err);
	if (r == 0) {
		r = link_call(link, "query-report", NULL, &value, &err);
		if (r == 0)
			r = report_print(value, report_campaign, cli->json, stdout, &err);
	}
	link_close(link);
	if (r < 0)
		return cli_error(&err);
	if (r == 1)
		return EXIT_INTERRUPTED;
	if (code < 0)
		code = (int)field_integer(json_object_get(value, "campaign"), "exit_code");
	return code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak status, watch, stop, pause, release: the campaign in progress. */
#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "cli/compare.h"
#include "cli/follow.h"
#include "cli/known.h"
#include "cli/source.h"
#include "report/field.h"
#include "report/report.h"
#include "report/text.h"

int cli_status(const struct cli *cli)
{
	return source_print_answer(cli, "query-status", NULL, report_status);
}

static void report_stopped(json_t *value, FILE *out)
{
	auto_free char *held = text_count(field_integer(value, "held"), "held VM");
	auto_free char *killed = text_count(field_integer(value, "killed"), "held VM");

	if (!field_known(value, "campaign")) {
		fputs("no campaign is in progress\n", out);
		return;
	}
	fprintf(out, "campaign %" PRId64 " is stopping", field_integer(value, "campaign"));
	if (field_integer(value, "held"))
		fprintf(out, "; it waits for %s: release, or stop once more to kill", held);
	if (field_integer(value, "killed"))
		fprintf(out, "; killed: %s", killed);
	fputc('\n', out);
}

int cli_stop(const struct cli *cli)
{
	return source_print_answer(cli, "stop",
				   json_pack("{s:s}", "mode", cli->kill ? "kill" : "drain"),
				   report_stopped);
}

static void report_paused(json_t *value, FILE *out)
{
	if (field_known(value, "campaign"))
		fprintf(out, "campaign %" PRId64 " is paused\n", field_integer(value, "campaign"));
	else
		fputs("no campaign is in progress; the next one begins paused\n", out);
}

int cli_pause(const struct cli *cli)
{
	return source_print_answer(cli, "pause", NULL, report_paused);
}

static void report_released(json_t *value, FILE *out)
{
	json_t *released = json_object_get(value, "released"), *incident;
	size_t i;

	json_array_foreach(released, i, incident)
		fprintf(out, "incident %lld: its VM is released\n",
			(long long)json_integer_value(incident));
	if (!json_array_size(released))
		fputs("no VM is held\n", out);
}

static int release_argument(const struct cli *cli, json_t **ret_arguments, struct err *err)
{
	int64_t incident = 0;
	int r;

	if (cli->all == (cli->argument != NULL))
		return err_set(err, -EINVAL, "release: expected either INCIDENT or --all");
	if (cli->all) {
		*ret_arguments = json_pack("{s:b}", "all", 1);
		return 0;
	}
	r = cli_parse_incident(cli->argument, &incident, err);
	if (r == 0)
		*ret_arguments = json_pack("{s:I}", "incident", (json_int_t)incident);
	return r;
}

int cli_release(const struct cli *cli)
{
	json_t *arguments = NULL;
	struct err err = { 0 };

	if (release_argument(cli, &arguments, &err) < 0)
		return cli_error(&err);
	return source_print_answer(cli, "release", arguments, report_released);
}

/* The campaign in progress until it ends; *ret_code stays where there is none. Returns 1 where the
 * user has left before. */
static int watch(const struct source *source, const char *where, int64_t *ret_campaign,
		 int *ret_code, struct err *err)
{
	struct follow_spec spec = {
		.link = source->link,
		.where = where,
		.on_interrupt = FOLLOW_LEAVES,
		.wait_ns = source->wait_ns,
		.table = true,
	};
	struct follower *follower = NULL;
	auto_json json_t *status = NULL;
	int r = follow_begin(&spec, &follower, err);

	if (r == 0)
		r = link_call(source->link, "query-status", NULL, &status, err);
	if (r == 0 && field_known(status, "campaign")) {
		*ret_campaign = field_integer(status, "campaign");
		r = follow(follower, *ret_campaign, NULL, ret_code, err);
	}
	follow_end(follower);
	return r == -EINTR ? 1 : r;
}

/* The result of a campaign, or with 0 of the newest. */
static int get_report(struct source *source, int64_t campaign, json_t **ret_value, struct err *err)
{
	return source_get(source, "query-report",
			  campaign ? json_pack("{s:I}", "campaign", (json_int_t)campaign) : NULL,
			  ret_value, err);
}

/* Whether it was still in progress or not: then the result of the newest campaign. */
int cli_watch(const struct cli *cli)
{
	auto_json json_t *value = NULL;
	struct source source = { 0 };
	struct err err = { 0 };
	auto_free char *where = cli_where(cli);
	struct ledger ledger = { 0 };
	int64_t campaign = 0;
	int code = -1, r = cli_wait(cli, &source.wait_ns, &err);

	if (r == 0)
		r = known_read(cli, &ledger, &err);
	if (r == 0)
		r = source_open_daemon(cli, &source.link, &err);
	if (r == 0)
		r = watch(&source, where, &campaign, &code, &err);
	if (r == 0)
		r = get_report(&source, campaign, &value, &err);
	if (r == 0)
		r = known_print_report(&ledger, value, cli->json, &err);
	source_close(&source);
	ledger_finish(&ledger);
	if (r < 0)
		return cli_error(&err);
	if (r == 1)
		return EXIT_INTERRUPTED;
	if (code < 0)
		code = (int)field_integer(json_object_get(value, "campaign"), "exit_code");
	return compare_exit_code(json_object_get(value, "comparison"), code);
}

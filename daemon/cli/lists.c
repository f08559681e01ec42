// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak campaigns, builds, failures, signatures, report: what a store holds. */
#include "base/mem.h"
#include "cli/cases.h"
#include "cli/known.h"
#include "cli/page.h"
#include "cli/registry.h"
#include "cli/source.h"
#include "report/report.h"

static int add_row(void *ctx, json_t *row, struct err *err)
{
	(void)err;
	json_array_append(ctx, row);
	return 0;
}

static json_t *campaign_argument(const struct cli *cli)
{
	return cli->campaign ? json_pack("{s:I}", "campaign", (json_int_t)cli->campaign)
			     : json_object();
}

typedef void (*amend_fn)(const struct cli *cli, struct link *service, json_t *value);

/* All pages of a list as one, with what amend and the ledger (each may be NULL) know besides, printed. */
static int print_list(const struct cli *cli, const char *list, report_fn print, amend_fn amend,
		      const struct ledger *ledger)
{
	auto_free char *command = mem_printf("query-%s", list);
	auto_json json_t *rows = json_array(), *value = NULL;
	struct source source;
	struct err err = { 0 };
	int r = source_open(cli, &source, &err);

	if (r == 0)
		r = source_list(&source, command, list, campaign_argument(cli), add_row, rows,
				&err);
	value = json_pack("{s:O}", list, rows);
	if (r == 0 && amend)
		amend(cli, source.link, value);
	source_close(&source);
	if (ledger)
		ledger_apply(ledger, rows);
	if (r == 0)
		r = report_print(value, print, cli->json, stdout, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

int cli_campaigns(const struct cli *cli)
{
	return print_list(cli, "campaigns", report_campaigns, NULL, NULL);
}

static void add_registered(const struct cli *cli, struct link *service, json_t *value)
{
	(void)service;
	/* A campaign has none, and other hosts have others. */
	if (!cli->campaign && !cli->store)
		json_object_set_new(value, "registered", registry_list());
}

int cli_builds(const struct cli *cli)
{
	return print_list(cli, "builds", report_builds, add_registered, NULL);
}

/* Held is what a qsoakd holds now: where none answers, nothing is. */
static void mark_held(const struct cli *cli, struct link *service, json_t *value)
{
	json_t *failures = json_object_get(value, "failures");
	auto_json json_t *status = NULL;
	struct link *link = service;
	struct err ignored = { 0 };
	json_t *slot, *failure;
	size_t i, j;

	if (cli->store || (!link && source_open_daemon(cli, &link, &ignored) < 0))
		return;
	if (link_call(link, "query-status", NULL, &status, &ignored) == 0)
		json_array_foreach(json_object_get(status, "slots"), i, slot) {
			json_t *incident = json_object_get(slot, "incident");

			json_array_foreach(failures, j, failure)
				if (json_is_integer(incident) &&
				    json_equal(incident, json_object_get(failure, "id")))
					json_object_set(failure, "held_pids",
							json_object_get(slot, "pids"));
		}
	if (!service)
		link_close(link);
}

/* A list of rows that have signatures, with what the ledger says of them. */
static int print_known(const struct cli *cli, const char *list, report_fn print, amend_fn amend)
{
	struct ledger ledger = { 0 };
	struct err err = { 0 };
	int code = known_read(cli, &ledger, &err) < 0
			   ? cli_error(&err)
			   : print_list(cli, list, print, amend, &ledger);

	ledger_finish(&ledger);
	return code;
}

int cli_failures(const struct cli *cli)
{
	return print_known(cli, "failures", report_failures, mark_held);
}

int cli_signatures(const struct cli *cli)
{
	return print_known(cli, "signatures", report_signatures, NULL);
}

int cli_report(const struct cli *cli)
{
	auto_json json_t *value = NULL, *plots = NULL, *arguments = json_object();
	struct source source = { 0 };
	struct ledger ledger = { 0 };
	struct err err = { 0 };
	int64_t campaign;
	int r = known_read(cli, &ledger, &err);

	if (r == 0 && cli->argument) {
		r = cli_parse_id("CAMPAIGN", cli->argument, &campaign, &err);
		if (r == 0)
			json_object_set_new(arguments, "campaign", json_integer(campaign));
	}
	if (cli->force)
		json_object_set_new(arguments, "force", json_true());
	if (r == 0)
		r = source_open(cli, &source, &err);
	if (r == 0)
		r = source_get(&source, "query-report", json_incref(arguments), &value, &err);
	if (r == 0 && cli->html)
		r = page_plots(&source, value, &plots, &err);
	source_close(&source);
	if (r == 0)
		ledger_apply_report(&ledger, value);
	if (r == 0 && cli->html)
		r = page_write(value, plots, cli->html, &err);
	if (r == 0 && cases_wanted(cli))
		r = cases_write(cli, value, &err);
	/* A file is the report, unless both are asked for. */
	if (r == 0 && (cli->json || (!cli->html && !cases_wanted(cli))))
		r = report_print(value, report_campaign, cli->json, stdout, &err);
	ledger_finish(&ledger);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

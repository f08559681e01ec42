// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qsoak run: sends a profile to a qsoakd, follows the campaign, prints its result.
 *
 * A private qsoakd ends with our connection to it, so leaving ends its campaign; the service's goes
 * on.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "cli/compare.h"
#include "cli/known.h"
#include "cli/profiles.h"
#include "cli/registry.h"
#include "cli/session.h"
#include "report/field.h"
#include "report/report.h"

/* The arguments of the command "run". */
static int make_arguments(const struct cli *cli, json_t **ret_arguments, struct err *err)
{
	auto_json json_t *arguments = json_copy(cli->overrides);
	int r = profiles_add(arguments, cli->argument, err);

	if (r == 0)
		r = registry_add(arguments, cli->registered, err);
	if (r == 0)
		*ret_arguments = json_incref(arguments);
	return r;
}

static int check_options(const struct cli *cli, struct err *err)
{
	if (cli->local && cli->detach)
		return err_set(err, -EINVAL,
			       "run: a private qsoakd ends with its client: --local "
			       "excludes --detach");
	if (cli->local && cli->socket)
		return err_set(err, -EINVAL, "run: --local and --socket exclude each other");
	if (!cli->local && (cli->state || cli->verbose))
		return err_set(err, -EINVAL, "run: --%s goes with --local",
			       cli->state ? "state-dir" : "verbose");
	return 0;
}

/* Also sets the campaign's code to what a comparison makes of it. */
static int print_report(struct source *source, struct session_campaign *campaign,
			const struct ledger *ledger, bool json, struct err *err)
{
	auto_json json_t *value = NULL;
	int r = source_get(source, "query-report",
			   json_pack("{s:I}", "campaign", (json_int_t)campaign->id), &value, err);

	if (r == 0)
		r = known_print_report(ledger, value, json, err);
	if (r == 0)
		campaign->code =
			compare_exit_code(json_object_get(value, "comparison"), campaign->code);
	return r;
}

/* Once it has ended, the results of a private qsoakd are whole. */
static int run_local(const struct cli *cli, struct session *session, json_t *arguments,
		     const struct ledger *ledger)
{
	struct source results = { .state = mem_strdup(session_state(session)) };
	struct session_campaign campaign;
	struct err err = { 0 };
	int r = session_run(session, json_incref(arguments), false, &campaign, &err);
	int daemon_code = session_close(session);

	if (r >= 0 && campaign.id)
		r = print_report(&results, &campaign, ledger, cli->json, &err);
	source_close(&results);
	/* A qsoakd that could not start has said why. */
	if (r == -EPIPE && !campaign.id && daemon_code > 0)
		return daemon_code;
	if (r < 0)
		return cli_error(&err);
	if (campaign.code == EXIT_CLEAN && daemon_code != EXIT_CLEAN)
		return EXIT_HOST;
	return campaign.code;
}

/* --detach: the campaign is on its way. */
static int run_detached(const struct cli *cli, struct session *session, json_t *arguments)
{
	auto_json json_t *started = NULL;
	struct err err = { 0 };
	int r = session_start(session, json_incref(arguments), &started, &err);

	session_close(session);
	if (r < 0)
		return cli_error(&err);
	if (!cli->json)
		printf("campaign %" PRId64 "\n", field_integer(started, "campaign"));
	else if (report_print(started, NULL, true, stdout, &err) < 0)
		return cli_error(&err);
	return EXIT_CLEAN;
}

static int run_service(const struct cli *cli, struct session *session, json_t *arguments,
		       const struct ledger *ledger)
{
	struct session_campaign campaign;
	struct err err = { 0 };
	int r = session_run(session, json_incref(arguments), false, &campaign, &err);

	if (r == 0)
		r = print_report(session_source(session), &campaign, ledger, cli->json, &err);
	session_close(session);
	return r >= 0 ? campaign.code : cli_error(&err);
}

static int run(const struct cli *cli, const struct ledger *ledger)
{
	auto_json json_t *arguments = NULL;
	struct session *session = NULL;
	struct err err = { 0 };
	int r = make_arguments(cli, &arguments, &err);

	if (r == 0)
		r = session_open(cli, &session, &err);
	if (r < 0)
		return cli_error(&err);
	if (cli->local)
		return run_local(cli, session, arguments, ledger);
	return cli->detach ? run_detached(cli, session, arguments)
			   : run_service(cli, session, arguments, ledger);
}

int cli_run(const struct cli *cli)
{
	struct ledger ledger = { 0 };
	struct err err = { 0 };
	int code, r = check_options(cli, &err);

	/* What is wrong with the ledger is not found out after the campaign. */
	if (r == 0)
		r = known_read(cli, &ledger, &err);
	if (r < 0)
		return cli_error(&err);
	code = run(cli, &ledger);
	ledger_finish(&ledger);
	return code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qsoak run and resume: sends a profile to a qsoakd, or says which campaign is to go on, follows it, prints its
 * result.
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
#include "report/text.h"

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
			       "a private qsoakd ends with its client: --local "
			       "excludes --detach");
	if (cli->local && cli->socket)
		return err_set(err, -EINVAL, "--local and --socket exclude each other");
	if (!cli->local && (cli->state || cli->verbose))
		return err_set(err, -EINVAL, "--%s goes with --local",
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
static int run_local(const struct cli *cli, struct session *session, const char *command,
		     json_t *arguments, const struct ledger *ledger)
{
	struct source results = { .state = mem_strdup(session_state(session)) };
	struct session_campaign campaign;
	struct err err = { 0 };
	int r = session_run(session, command, json_incref(arguments), false, &campaign, &err);
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
	int r = session_start(session, "run", json_incref(arguments), &started, &err);

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
	int r = session_run(session, "run", json_incref(arguments), false, &campaign, &err);

	if (r == 0)
		r = print_report(session_source(session), &campaign, ledger, cli->json, &err);
	session_close(session);
	return r >= 0 ? campaign.code : cli_error(&err);
}

static void report_resumed(json_t *value, FILE *out)
{
	auto_free char *why = text_printable(field_text(value, "paused"));

	if (!field_known(value, "campaign")) {
		fputs("no campaign is in progress; the next one begins without a pause\n", out);
		return;
	}
	fprintf(out, "campaign %" PRId64 " goes on%s%s\n", field_integer(value, "campaign"),
		field_known(value, "paused") ? ", but is still paused: " : "",
		field_known(value, "paused") ? why : "");
}

static int resume_arguments(const struct cli *cli, json_t **ret_arguments, struct err *err)
{
	int64_t campaign = 0;
	int r = cli->argument ? cli_parse_id("CAMPAIGN", cli->argument, &campaign, err) : 0;

	if (r == 0)
		*ret_arguments = campaign ? json_pack("{s:I}", "campaign", (json_int_t)campaign)
					  : json_object();
	return r;
}

static int resume_service(const struct cli *cli)
{
	json_t *arguments = NULL;
	struct err err = { 0 };

	if (resume_arguments(cli, &arguments, &err) < 0)
		return cli_error(&err);
	return source_print_answer(cli, "resume", arguments, report_resumed);
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
		return run_local(cli, session, "run", arguments, ledger);
	return cli->detach ? run_detached(cli, session, arguments)
			   : run_service(cli, session, arguments, ledger);
}

/* The campaign of a private state that is to go on. */
static int resume_local(const struct cli *cli, const struct ledger *ledger)
{
	auto_json json_t *arguments = NULL;
	struct session *session = NULL;
	struct err err = { 0 };
	int r = resume_arguments(cli, &arguments, &err);

	if (r == 0)
		r = session_open(cli, &session, &err);
	return r < 0 ? cli_error(&err) : run_local(cli, session, "resume", arguments, ledger);
}

/* check_options() and the ledger come first: what is wrong is not found out after the campaign. */
static int with_ledger(const struct cli *cli,
		       int (*work)(const struct cli *cli, const struct ledger *ledger))
{
	struct ledger ledger = { 0 };
	struct err err = { 0 };
	int code, r = check_options(cli, &err);

	if (r < 0)
		err_prefix(&err, "%s", cli->command);
	else
		r = known_read(cli, &ledger, &err);
	if (r < 0)
		return cli_error(&err);
	code = work(cli, &ledger);
	ledger_finish(&ledger);
	return code;
}

int cli_run(const struct cli *cli)
{
	return with_ledger(cli, run);
}

int cli_resume(const struct cli *cli)
{
	return cli->local ? with_ledger(cli, resume_local) : resume_service(cli);
}

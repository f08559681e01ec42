// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qsoak run: sends a profile to a qsoakd, follows the campaign, prints its result.
 *
 * A private qsoakd ends with our connection to it, so leaving ends its campaign; the service's goes
 * on.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "campaign/profile.h"
#include "cli/follow.h"
#include "cli/known.h"
#include "cli/local.h"
#include "cli/profiles.h"
#include "cli/registry.h"
#include "cli/source.h"
#include "report/field.h"
#include "report/report.h"

/* The arguments of the command "run". */
static int make_arguments(const struct cli *cli, json_t **ret_arguments, struct err *err)
{
	auto_json json_t *arguments = json_copy(cli->overrides);
	auto_free char *path = NULL, *text = NULL;
	size_t size = 0;
	int r = profiles_find(cli->argument, &path, err);

	if (r == 0)
		r = file_read(path, "the profile", PROFILE_TEXT_MAX, &text, &size, err);
	if (r < 0)
		return r;
	json_object_set_new(arguments, "name", json_string(path));
	if (json_object_set_new(arguments, "profile", json_stringn(text, size)) < 0)
		return err_set(err, -EINVAL, "%s: not UTF-8 text", path);
	r = registry_add(arguments, cli->registered, err);
	if (r < 0)
		return r;
	*ret_arguments = json_incref(arguments);
	return 0;
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

static int start(struct link *link, json_t *arguments, json_t **ret_started, struct err *err)
{
	return link_call(link, "run", json_incref(arguments), ret_started, err);
}

/* Starts the campaign and waits for its end; *ret_campaign is set as soon as there is one. Returns
 * 1 where the user has left before. */
static int run_and_follow(const struct cli *cli, struct link *link, json_t *arguments,
			  const char *state, int64_t *ret_campaign, int *ret_code, struct err *err)
{
	auto_free char *where = cli_where(cli);
	struct follow_spec spec = {
		.link = link,
		.where = where,
		.on_interrupt = FOLLOW_STOPS,
		.state = state,
	};
	struct follower *follower = NULL;
	auto_json json_t *started = NULL;
	int r = follow_begin(&spec, &follower, err);

	if (r == 0 && follow_interrupted(follower)) {
		follow_end(follower);
		return 1;
	}
	if (r == 0)
		r = start(link, arguments, &started, err);
	if (r == 0) {
		const char *seed = field_text(started, "seed");

		*ret_campaign = field_integer(started, "campaign");
		fprintf(stderr, "campaign %" PRId64 ", seed %s, results %s%s\n", *ret_campaign,
			seed ? seed : "?", state ? "below " : "with the service",
			state ? state : "");
		r = follow(follower, *ret_campaign, ret_code, err);
	}
	follow_end(follower);
	return r == -EINTR ? 1 : r;
}

static int print_report(struct source *source, int64_t campaign, const struct ledger *ledger,
			bool json, struct err *err)
{
	auto_json json_t *value = NULL;
	int r = source_get(source, "query-report",
			   json_pack("{s:I}", "campaign", (json_int_t)campaign), &value, err);

	return r < 0 ? r : known_print_report(ledger, value, json, err);
}

static int run_local(const struct cli *cli, json_t *arguments, const struct ledger *ledger)
{
	struct source results = { .state = cli_state(cli) };
	struct err err = { 0 };
	struct link *link;
	struct local local;
	int64_t campaign = 0;
	int code = EXIT_INTERRUPTED, fd, daemon_code, r;

	r = local_start(results.state, cli->verbose, &local, &fd, &err);
	if (r < 0) {
		source_close(&results);
		return cli_error(&err);
	}
	link = link_new(fd);
	r = run_and_follow(cli, link, arguments, results.state, &campaign, &code, &err);
	link_close(link);
	daemon_code = local_finish(&local);
	if (r >= 0 && campaign)
		r = print_report(&results, campaign, ledger, cli->json, &err);
	source_close(&results);
	/* A qsoakd that could not start has said why. */
	if (r == -EPIPE && !campaign && daemon_code > 0)
		return daemon_code;
	if (r < 0)
		return cli_error(&err);
	if (code == EXIT_CLEAN && daemon_code != EXIT_CLEAN)
		return EXIT_HOST;
	return code;
}

/* --detach: the campaign is on its way. */
static int print_started(const struct cli *cli, json_t *started, struct err *err)
{
	if (cli->json)
		return report_print(started, NULL, true, stdout, err);
	printf("campaign %" PRId64 "\n", field_integer(started, "campaign"));
	return 0;
}

static int run_service(const struct cli *cli, json_t *arguments, const struct ledger *ledger)
{
	struct source service = { 0 };
	auto_json json_t *started = NULL;
	struct err err = { 0 };
	int64_t campaign;
	int code = EXIT_CLEAN;
	int r = link_open(cli->socket, &service.link, &err);

	if (r == -ECONNREFUSED) {
		struct err why = err;

		err_set(&err, r, "%s, or run a private one with --local", why.text);
	}
	if (r == 0 && cli->detach) {
		r = start(service.link, arguments, &started, &err);
		if (r == 0)
			r = print_started(cli, started, &err);
	} else if (r == 0) {
		r = run_and_follow(cli, service.link, arguments, NULL, &campaign, &code, &err);
		if (r == 1)
			code = EXIT_INTERRUPTED;
		if (r == 0)
			r = print_report(&service, campaign, ledger, cli->json, &err);
	}
	source_close(&service);
	return r >= 0 ? code : cli_error(&err);
}

int cli_run(const struct cli *cli)
{
	auto_json json_t *arguments = NULL;
	struct ledger ledger = { 0 };
	struct err err = { 0 };
	int code, r = check_options(cli, &err);

	/* What is wrong with the ledger is not found out after the campaign. */
	if (r == 0)
		r = known_read(cli, &ledger, &err);
	if (r == 0)
		r = make_arguments(cli, &arguments, &err);
	if (r < 0)
		code = cli_error(&err);
	else
		code = cli->local ? run_local(cli, arguments, &ledger)
				  : run_service(cli, arguments, &ledger);
	ledger_finish(&ledger);
	return code;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak import: brings reports of QEMU's guestperf into a private state. */
#include <errno.h>
#include <ev.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "report/guestperf-import.h"
#include "report/report.h"
#include "store/store.h"

/* The store has one writer: where a qsoakd is at work, that is it, and this fails with -EBUSY. */
static int store_reports(const char *state, json_t *reports, const char *build,
			 int64_t *ret_campaign, struct err *err)
{
	auto_free char *path = store_path(state);
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct store *store = NULL;
	struct records *records;
	int64_t first_id = 0, campaign;
	int r = loop ? folder_make(state, 0700, err) : err_set(err, -ENOMEM, "no event loop");

	if (r == 0)
		r = store_open(loop, path, false, &store, &first_id, err);
	if (r == 0) {
		records = records_new(first_id);
		store_subscribe(store, records);
		campaign = guestperf_emit(reports, build, records);
		r = store_close(store, err);
		records_free(records);
		if (r == 0)
			*ret_campaign = campaign;
	}
	if (loop)
		ev_loop_destroy(loop);
	return r;
}

static int check(const struct cli *cli, struct err *err)
{
	if (!cli->local && !cli->state)
		return err_set(err, -EINVAL,
			       "import writes to a private state: give --local or --state-dir DIR");
	if (json_object_get(cli->overrides, "builds") || json_array_size(cli->registered) > 1)
		return err_set(err, -EINVAL, "--build: expected one NAME, without a binary");
	return 0;
}

static void print_import(json_t *value, FILE *out)
{
	fprintf(out, "campaign %lld " GUESTPERF_CAMPAIGN ": %lld migrations\n",
		(long long)json_integer_value(json_object_get(value, "campaign")),
		(long long)json_integer_value(json_object_get(value, "migrations")));
}

int cli_import(const struct cli *cli)
{
	const char *build = json_string_value(json_array_get(cli->registered, 0));
	auto_free char *state = cli_state(cli), *text = NULL;
	auto_json json_t *reports = NULL, *value = NULL;
	struct err err = { 0 };
	int64_t campaign = 0;
	size_t size = 0;
	int r = check(cli, &err);

	if (r == 0)
		r = file_read(cli->argument, "the report", GUESTPERF_TEXT_MAX, &text, &size, &err);
	if (r == 0)
		r = guestperf_read(text, size, cli->argument, &reports, &err);
	if (r == 0)
		r = store_reports(state, reports, build, &campaign, &err);
	if (r == 0) {
		value = json_pack("{s:I, s:I}", "campaign", (json_int_t)campaign, "migrations",
				  (json_int_t)json_array_size(reports));
		r = report_print(value, print_import, cli->json, stdout, &err);
	}
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak export: every row of a campaign, page by page, so that its size does not matter. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cli/source.h"
#include "report/csv.h"
#include "store/query-rows.h"

struct out {
	FILE *file;
	bool csv, first;
};

/* A disk that is full stops the export at its next row. */
static int check(FILE *file, struct err *err)
{
	return ferror(file) ? err_set_errno(err, errno ? errno : EIO, "cannot print the export")
			    : 0;
}

static int print_row(void *ctx, json_t *row, struct err *err)
{
	struct out *out = ctx;

	if (out->csv) {
		if (out->first)
			csv_header(row, out->file);
		csv_row(row, out->file);
	} else {
		fputs(out->first ? "\n" : ",\n", out->file);
		json_dumpf(row, out->file, JSON_COMPACT);
	}
	out->first = false;
	return check(out->file, err);
}

static int print_list(struct source *source, int64_t campaign, const char *list, struct out *out,
		      struct err *err)
{
	out->first = true;
	return source_list(source, "export", list,
			   json_pack("{s:I, s:s}", "campaign", (json_int_t)campaign, "list", list),
			   print_row, out, err);
}

/* {"campaigns": [the one], "builds": [...], ...} */
static int print_json(struct source *source, int64_t campaign, struct out *out, struct err *err)
{
	int r = 0;

	for (int list = 0; list < QUERY_LIST_COUNT && r == 0; list++) {
		const char *name = query_list_name((enum query_list)list);

		fprintf(out->file, "%s\"%s\": [", list ? ",\n" : "{", name);
		r = print_list(source, campaign, name, out, err);
		fputc(']', out->file);
	}
	fputs("}\n", out->file);
	return r;
}

static int check_format(const struct cli *cli, bool *ret_csv, struct err *err)
{
	const char *format = cli->format ? cli->format : "json";

	if (strcmp(format, "json") && strcmp(format, "csv"))
		return err_set(err, -EINVAL, "--format: found \"%s\", expected json or csv",
			       format);
	*ret_csv = !strcmp(format, "csv");
	if (*ret_csv && cli->json)
		return err_set(err, -EINVAL, "--json and --format csv exclude each other");
	if (!*ret_csv && cli->list)
		return err_set(err, -EINVAL, "--list goes with --format csv: JSON has all lists");
	return 0;
}

int cli_export(const struct cli *cli)
{
	struct out out = { .file = stdout };
	struct source source = { 0 };
	struct err err = { 0 };
	int64_t campaign;
	int r = check_format(cli, &out.csv, &err);

	if (r == 0)
		r = cli_parse_id("CAMPAIGN", cli->argument, &campaign, &err);
	if (r == 0)
		r = source_open(cli, &source, &err);
	if (r == 0 && out.csv)
		r = print_list(&source, campaign, cli->list ? cli->list : "operations", &out, &err);
	else if (r == 0)
		r = print_json(&source, campaign, &out, &err);
	source_close(&source);
	fflush(out.file);
	if (r == 0)
		r = check(out.file, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak export: every row of a campaign, page by page, so that its size does not matter. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "cli/guestperf.h"
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

enum format {
	FORMAT_JSON,
	FORMAT_CSV,
	FORMAT_GUESTPERF,
	FORMAT_COUNT,
};

static const char *const format_names[] = {
	[FORMAT_JSON] = "json",
	[FORMAT_CSV] = "csv",
	[FORMAT_GUESTPERF] = "guestperf",
};
NAMES_COMPLETE(format_names, FORMAT_COUNT);

static int check_format(const struct cli *cli, enum format *ret_format, struct err *err)
{
	auto_free char *expected = names_list(format_names, FORMAT_COUNT);
	int format =
		cli->format ? names_find(format_names, FORMAT_COUNT, cli->format) : FORMAT_JSON;

	if (format < 0)
		return err_set(err, -EINVAL, "--format: found \"%s\", expected %s", cli->format,
			       expected);
	if (format == FORMAT_CSV && cli->json)
		return err_set(err, -EINVAL, "--json and --format csv exclude each other");
	if (format != FORMAT_CSV && cli->list)
		return err_set(err, -EINVAL, "--list goes with --format csv: JSON has all lists");
	if (format != FORMAT_GUESTPERF && cli->operation)
		return err_set(err, -EINVAL, "--operation goes with --format guestperf");
	*ret_format = (enum format)format;
	return 0;
}

static int print(const struct cli *cli, enum format format, struct source *source, int64_t campaign,
		 struct out *out, struct err *err)
{
	switch (format) {
	case FORMAT_CSV:
		out->csv = true;
		return print_list(source, campaign, cli->list ? cli->list : "operations", out, err);
	case FORMAT_GUESTPERF:
		return guestperf_export(source, campaign, cli->operation, out->file, err);
	default:
		return print_json(source, campaign, out, err);
	}
}

int cli_export(const struct cli *cli)
{
	struct out out = { .file = stdout };
	struct source source = { 0 };
	struct err err = { 0 };
	int64_t campaign;
	enum format format = FORMAT_JSON;
	int r = check_format(cli, &format, &err);

	if (r == 0)
		r = cli_parse_id("CAMPAIGN", cli->argument, &campaign, &err);
	if (r == 0)
		r = source_open(cli, &source, &err);
	if (r == 0)
		r = print(cli, format, &source, campaign, &out, &err);
	source_close(&source);
	fflush(out.file);
	if (r == 0)
		r = check(out.file, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

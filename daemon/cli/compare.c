// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak compare: two builds of a campaign that ran them in blocks. */
#include "cli/compare.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "cli/source.h"
#include "report/benchstat.h"
#include "report/comparison-text.h"
#include "report/comparison.h"
#include "report/field.h"
#include "report/report.h"

int compare_exit_code(json_t *comparison, int code)
{
	const char *verdict = field_text(comparison, "verdict");

	if (code != EXIT_CLEAN || !verdict)
		return code;
	if (!strcmp(verdict, "slower"))
		return EXIT_FAILURES;
	return strcmp(verdict, "unclear") ? EXIT_CLEAN : EXIT_INCONCLUSIVE;
}

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_BENCHSTAT, FORMAT_COUNT };

static const char *const format_names[] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_JSON] = "json",
	[FORMAT_BENCHSTAT] = "benchstat",
};
NAMES_COMPLETE(format_names, FORMAT_COUNT);

static const report_fn printers[] = {
	[FORMAT_TEXT] = comparison_print,
	[FORMAT_JSON] = NULL,
	[FORMAT_BENCHSTAT] = benchstat_print,
};
NAMES_COMPLETE(printers, FORMAT_COUNT);

static int find_format(const struct cli *cli, enum format *ret_format, struct err *err)
{
	auto_free char *expected = names_list(format_names, FORMAT_COUNT);
	int found = cli->format ? names_find(format_names, FORMAT_COUNT, cli->format)
		    : cli->json ? FORMAT_JSON
				: FORMAT_TEXT;

	if (found < 0 || (cli->json && found != FORMAT_JSON))
		return err_set(err, -EINVAL, "--format: found \"%s\"%s, expected %s", cli->format,
			       cli->json ? " beside --json" : "", expected);
	*ret_format = (enum format)found;
	return 0;
}

static json_t *make_arguments(const struct cli *cli)
{
	json_t *arguments = json_pack("{s:s, s:s, s:b}", "a", cli->arguments[0], "b",
				      cli->arguments[1], "force", (int)cli->force);

	if (arguments && cli->campaign)
		json_object_set_new(arguments, "campaign", json_integer(cli->campaign));
	if (arguments && cli->experiments)
		json_object_set_new(arguments, "experiments", json_integer(cli->experiments));
	return arguments;
}

static int get_comparison(const struct cli *cli, json_t **ret_value, struct err *err)
{
	json_t *arguments = make_arguments(cli);
	struct source source = { 0 };
	int r = arguments ? 0 : err_set(err, -EINVAL, "the names of the builds are no UTF-8");

	if (r == 0)
		r = source_open(cli, &source, err);
	if (r == 0)
		r = source_get(&source, "query-comparison", json_incref(arguments), ret_value, err);
	source_close(&source);
	json_decref(arguments);
	if (r == 0 && comparison_refused(*ret_value))
		r = err_set(err, -EINVAL, "without --force %s", field_text(*ret_value, "sentence"));
	return r;
}

int cli_compare(const struct cli *cli)
{
	auto_json json_t *value = NULL;
	enum format format = FORMAT_TEXT;
	struct err err = { 0 };
	int r = find_format(cli, &format, &err);

	if (r == 0)
		r = get_comparison(cli, &value, &err);
	if (r == 0)
		r = report_print(value, printers[format], format == FORMAT_JSON, stdout, &err);
	return r == 0 ? compare_exit_code(value, EXIT_CLEAN) : cli_error(&err);
}

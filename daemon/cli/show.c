// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak show: an incident on one screen, or all of it. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cli/evidence.h"
#include "cli/known.h"
#include "report/field.h"
#include "report/incident.h"
#include "report/report.h"
#include "report/screen.h"

/* What is shown of one file; the folder has all of it. */
#define SHOW_FILE_MAX (8 * 1024 * 1024)

/* JSON is Unicode text: of bytes that are none, what is not ASCII becomes '?', as does a NUL. */
static json_t *file_string(char *data, size_t size)
{
	json_t *string;

	for (size_t i = 0; i < size; i++)
		if (!data[i])
			data[i] = '?';
	string = json_stringn(data, size);
	for (size_t i = 0; i < size && !string; i++)
		if ((unsigned char)data[i] >= 0x80)
			data[i] = '?';
	return string ? string : json_stringn(data, size);
}

/* "text" or, of one that is damaged, "error": of all files, or of those that the screen quotes. */
static int add_texts(struct source *source, int64_t incident, json_t *value, bool all,
		     struct err *err)
{
	json_t *file;
	size_t i;

	json_array_foreach(json_object_get(value, "files"), i, file) {
		const char *name = field_text(file, "file");
		auto_free char *data = NULL;
		struct err damage = { 0 };
		size_t size;

		if (!name)
			return err_set(err, -EPROTO, "query-incident: a file without a name");
		if (!all && !report_screen_quotes(name))
			continue;
		if (evidence_get_file(source, incident, name, SHOW_FILE_MAX, &data, &size,
				      &damage) == 0) {
			json_object_set_new(file, "text", file_string(data, size));
		} else if (source_lost(source)) {
			*err = damage;
			return err->code;
		} else {
			json_object_set_new(file, "error",
					    file_string(damage.text, strlen(damage.text)));
		}
	}
	return 0;
}

/* As in all lists: of a migration between two, "a -> b". */
static json_t *name_of_builds(json_t *runs)
{
	const char *first = field_text(json_array_get(runs, 0), "build");
	const char *second = field_text(json_array_get(runs, 1), "build");
	auto_free char *both = NULL;

	if (!first || !second || !strcmp(first, second))
		return first ? json_string(first) : NULL;
	both = mem_printf("%s -> %s", first, second);
	return json_string(both);
}

/* "ledger": what is known of the failure, as of a row of failures. */
static void add_ledger(const struct ledger *ledger, json_t *value)
{
	json_t *manifest = json_object_get(value, "manifest"), *run;
	json_t *runs = json_object_get(manifest, "runs"), *versions = json_array();
	auto_json json_t *rows = NULL;
	size_t i;

	json_array_foreach(runs, i, run)
		json_array_append(versions, json_object_get(run, "version"));
	rows = json_pack("[{s:O*, s:o*, s:O*, s:o}]", "signature",
			 json_object_get(manifest, "signature"), "build", name_of_builds(runs),
			 "alternative", json_object_get(manifest, "alternative"), "versions",
			 versions);
	ledger_apply(ledger, rows);
	json_object_set(value, "ledger", json_object_get(json_array_get(rows, 0), "ledger"));
}

int cli_show(const struct cli *cli)
{
	auto_json json_t *value = NULL;
	struct source source = { 0 };
	struct ledger ledger = { 0 };
	struct err err = { 0 };
	int64_t incident;
	int r = cli_parse_incident(cli->argument, &incident, &err);

	if (r == 0)
		r = known_read(cli, &ledger, &err);
	if (r == 0)
		r = source_open(cli, &source, &err);
	if (r == 0)
		r = evidence_query(&source, incident, &value, &err);
	if (r == 0)
		r = add_texts(&source, incident, value, cli->all || cli->json, &err);
	source_close(&source);
	add_ledger(&ledger, value);
	ledger_finish(&ledger);
	if (r == 0 && !cli->json) {
		auto_free char *where = cli_where(cli);

		json_object_set_new(value, "where", json_string(where));
	}
	if (r == 0)
		r = report_print(value, cli->all ? report_incident : report_screen, cli->json,
				 stdout, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

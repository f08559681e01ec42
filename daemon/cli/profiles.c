// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak profiles, and names of profiles. */
#include "cli/profiles.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "campaign/profile.h"
#include "cli/cli.h"
#include "cli/data.h"
#include "report/field.h"
#include "report/report.h"
#include "report/table.h"

#define SUFFIX ".yaml"

static int find(const char *profile, char **ret_path, struct err *err)
{
	auto_free char *folder = NULL, *path = NULL;

	if (strpbrk(profile, "/.")) {
		*ret_path = mem_strdup(profile);
		return 0;
	}
	folder = data_find("profiles");
	path = mem_printf("%s/%s" SUFFIX, folder, profile);
	if (access(path, F_OK) < 0)
		return err_set(err, -EINVAL,
			       "there is no profile %s in %s: see `qsoak profiles`; ./%s is a file",
			       profile, folder, profile);
	*ret_path = mem_steal(path);
	return 0;
}

int profiles_add(json_t *arguments, const char *profile, struct err *err)
{
	auto_free char *path = NULL, *text = NULL;
	size_t size = 0;
	int r = find(profile, &path, err);

	if (r == 0)
		r = file_read(path, "the profile", PROFILE_TEXT_MAX, &text, &size, err);
	if (r < 0)
		return r;
	json_object_set_new(arguments, "name", json_string(path));
	if (json_object_set_new(arguments, "profile", json_stringn(text, size)) < 0)
		return err_set(err, -EINVAL, "%s: not UTF-8 text", path);
	return 0;
}

/* What the first comment says, but for a licence; NULL where there is none. */
static json_t *first_comment(const char *path)
{
	auto_fclose FILE *f = fopen(path, "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		char *text = line + strspn(line, "# ");

		text[strcspn(text, "\n")] = '\0';
		if (line[0] != '#' || (*text && strncmp(text, "SPDX-", 5)))
			return line[0] == '#' ? json_string(text) : NULL;
	}
	return NULL;
}

static json_t *describe(const char *folder, const char *name)
{
	auto_free char *path = mem_printf("%s/%s" SUFFIX, folder, name);
	json_t *comment = first_comment(path);

	return json_pack("{s:s, s:s, s:o}", "name", name, "file", path, "description",
			 comment ? comment : json_null());
}

static void report_profiles(json_t *value, FILE *out)
{
	static const struct table_column columns[] = { { "NAME", false },
						       { "DESCRIPTION", false } };
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	json_t *profile;
	size_t i;

	json_array_foreach(json_object_get(value, "profiles"), i, profile) {
		table_add(table, field_copy(profile, "name"));
		table_add(table, field_copy(profile, "description"));
	}
	table_print(table, out);
	table_free(table);
}

int cli_profiles(const struct cli *cli)
{
	auto_free char *folder = data_find("profiles");
	json_t *list = json_array();
	auto_json json_t *value = NULL;
	struct err err = { 0 };
	char **names = NULL;
	size_t count = 0;
	int r = file_names(folder, "the profiles", SUFFIX, &names, &count, &err);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, describe(folder, names[i]));
	file_names_free(names, count);
	value = json_pack("{s:o}", "profiles", list);
	if (r == 0)
		r = report_print(value, report_profiles, cli->json, stdout, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

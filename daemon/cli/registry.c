// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of registered builds: found, sent along with a profile, listed. */
#include "cli/registry.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "campaign/profile.h"
#include "report/field.h"
#include "report/json.h"
#include "vm/build.h"

#define SUFFIX ".yaml"
#define SYSTEM_FOLDER "/etc/qsoak/builds"
#define FOLDERS 2

struct folders {
	char *path[FOLDERS]; /* in the order they are searched; NULL: there is none */
};

static struct folders folders_find(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct folders folders = { .path = { NULL, mem_strdup(SYSTEM_FOLDER) } };

	if (cache && *cache == '/')
		folders.path[0] = mem_printf("%s/qsoak/builds", cache);
	else if (home && *home == '/')
		folders.path[0] = mem_printf("%s/.cache/qsoak/builds", home);
	return folders;
}

static void folders_finish(struct folders *folders)
{
	for (size_t i = 0; i < FOLDERS; i++)
		free(folders->path[i]);
}

/* The file of the build called name, or NULL; the caller frees. */
static char *find_file(const struct folders *folders, const char *name)
{
	for (size_t i = 0; i < FOLDERS; i++) {
		auto_free char *path = NULL;

		if (!folders->path[i])
			continue;
		path = mem_printf("%s/%s" SUFFIX, folders->path[i], name);
		if (access(path, F_OK) == 0)
			return mem_steal(path);
	}
	return NULL;
}

static int read_file(const char *path, char **ret_text, size_t *ret_size, struct err *err)
{
	return file_read(path, "the registered build", PROFILE_REGISTERED_MAX, ret_text, ret_size,
			 err);
}

/* As an element of "registered". where: of the name, for the error text. */
static int get(const struct folders *folders, const char *name, const char *where,
	       json_t **ret_registered, struct err *err)
{
	auto_free char *path = strchr(name, '/') ? NULL : find_file(folders, name);
	auto_free char *text = NULL;
	json_t *registered;
	size_t size = 0;
	int r;

	if (!path)
		return err_set(err, -EINVAL,
			       "%s: found %s without a binary, and no such build is registered in "
			       "%s or " SYSTEM_FOLDER "; `make qemu-builds` makes some",
			       where, name, folders->path[0] ? folders->path[0] : "~/.cache");
	r = read_file(path, &text, &size, err);
	if (r < 0)
		return r;
	registered = json_pack("{s:s, s:s, s:s%}", "name", name, "file", path, "text", text, size);
	if (!registered)
		return err_set(err, -EINVAL, "%s: not UTF-8 text", path);
	*ret_registered = registered;
	return 0;
}

static int add(const struct folders *folders, const char *name, const char *where, json_t *list,
	       struct err *err)
{
	json_t *registered = NULL;
	int r = get(folders, name, where, &registered, err);

	if (r == 0)
		json_array_append_new(list, registered);
	return r;
}

int registry_get(const char *name, const char *where, json_t **ret_registered, char **ret_binary,
		 struct err *err)
{
	struct folders folders = folders_find();
	auto_json json_t *registered = NULL;
	struct build_spec spec;
	int r = get(&folders, name, where, &registered, err);

	folders_finish(&folders);
	if (r < 0)
		return r;
	build_spec_init(&spec);
	r = profile_read_registered(field_text(registered, "text"),
				    json_string_length(json_object_get(registered, "text")),
				    field_text(registered, "file"), &spec, err);
	if (r == 0) {
		*ret_binary = mem_strdup(spec.binary);
		*ret_registered = json_incref(registered);
	}
	build_spec_finish(&spec);
	return r;
}

static bool overridden(json_t *arguments, const char *name)
{
	json_t *build;
	size_t i;

	json_array_foreach(json_object_get(arguments, "builds"), i, build)
		if (!strcmp(json_string_value(json_object_get(build, "name")), name))
			return true;
	return false;
}

/* The builds of a comparison may be placeholders for those of the command line. */
static int add_of_profile(const struct folders *folders, const struct yaml_node *profile,
			  json_t *arguments, json_t *list, struct err *err)
{
	const struct yaml_node *builds = yaml_get(profile, "builds");
	bool placeholders = yaml_get(profile, "compare") != NULL;

	const char *file = json_string_value(json_object_get(arguments, "name"));
	int r = file ? 0 : err_set(err, -EINVAL, "the path of the profile is not UTF-8 text");

	if (!builds || builds->type != YAML_SEQUENCE)
		return 0;
	for (size_t i = 0; r == 0 && i < builds->count; i++) {
		const struct yaml_node *name = yaml_get(&builds->children[i], "name");
		auto_free char *where = NULL, *found = NULL;

		if (!name || name->type != YAML_SCALAR ||
		    yaml_get(&builds->children[i], "binary") || overridden(arguments, name->scalar))
			continue;
		found = placeholders ? find_file(folders, name->scalar) : NULL;
		if (placeholders && !found)
			continue;
		where = mem_printf("%s:%d: builds[%zu].name", file, name->line, i);
		r = add(folders, name->scalar, where, list, err);
	}
	return r;
}

static bool is_listed(json_t *list, const char *name)
{
	json_t *registered;
	size_t i;

	json_array_foreach(list, i, registered)
		if (!strcmp(field_text(registered, "name"), name))
			return true;
	return false;
}

int registry_add(json_t *arguments, json_t *names, struct err *err)
{
	json_t *text = json_object_get(arguments, "profile"), *list = json_array(), *name;
	struct folders folders = folders_find();
	struct yaml_node *tree = NULL;
	struct err ignored = { 0 };
	size_t i;
	int r = 0;

	if (yaml_parse(json_string_value(text), json_string_length(text), "profile", &tree,
		       &ignored) == 0)
		r = add_of_profile(&folders, tree, arguments, list, err);
	yaml_node_free(tree);
	json_array_foreach(names, i, name)
		if (r == 0 && !is_listed(list, json_string_value(name)))
			r = add(&folders, json_string_value(name), "--build", list, err);
	folders_finish(&folders);
	if (json_array_size(list))
		json_object_set(arguments, "registered", list);
	json_decref(list);
	return r;
}

static json_t *describe(const char *name, const char *path)
{
	struct build build = { 0 };
	struct build_spec spec;
	auto_free char *text = NULL;
	struct err err = { 0 };
	size_t size = 0;
	json_t *object;
	int r;

	build_spec_init(&spec);
	r = read_file(path, &text, &size, &err);
	if (r == 0)
		r = profile_read_registered(text, size, path, &spec, &err);
	if (r == 0 && strcmp(spec.name, name))
		r = err_set(&err, -EINVAL, "%s: name: found %s, expected %s, as the file is called",
			    path, spec.name, name);
	if (r == 0)
		r = build_identify(&spec, &build, &err);
	object = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", name, "version",
			   report_json_string(build.version), "build_id",
			   report_json_string(build.identity.build_id), "sha256",
			   report_json_string(build.identity.sha256), "origin",
			   report_json_string(spec.origin), "binary",
			   report_json_string(spec.binary), "error",
			   report_json_string(r < 0 ? err.text : NULL));
	if (r == 0)
		build_finish(&build);
	build_spec_finish(&spec);
	return object;
}

/* Those of one folder, but for what another one hides. */
static void list_folder(const struct folders *folders, const char *folder, json_t *list)
{
	struct err ignored = { 0 };
	char **names = NULL;
	size_t count = 0;

	if (file_names(folder, "the builds", SUFFIX, &names, &count, &ignored) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		auto_free char *path = mem_printf("%s/%s" SUFFIX, folder, names[i]);
		auto_free char *first = find_file(folders, names[i]);

		if (first && !strcmp(first, path))
			json_array_append_new(list, describe(names[i], path));
	}
	file_names_free(names, count);
}

json_t *registry_list(void)
{
	struct folders folders = folders_find();
	json_t *list = json_array();

	for (size_t i = 0; i < FOLDERS; i++)
		if (folders.path[i])
			list_folder(&folders, folders.path[i], list);
	folders_finish(&folders);
	return list;
}

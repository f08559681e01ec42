// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding and reading qsoakd.conf and its drop-ins. */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "config/keys.h"
#include "control/pushes.h"
#include "report/json.h"

#define SYSTEM_FOLDER "/etc/qsoak"

char *config_path(void)
{
	auto_free char *unit = folder_of_unit("CONFIGURATION_DIRECTORY");
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (unit)
		return mem_printf("%s/" CONFIG_FILE, unit);
	if (geteuid() == 0)
		return mem_strdup(SYSTEM_FOLDER "/" CONFIG_FILE);
	if (xdg && *xdg == '/')
		return mem_printf("%s/qsoak/" CONFIG_FILE, xdg);
	return home && *home == '/' ? mem_printf("%s/.config/qsoak/" CONFIG_FILE, home) : NULL;
}

void config_init(struct config *config)
{
	*config = (struct config){
		.access = { .group = LISTENER_NO_GROUP },
		.evidence = evidence_rules_none,
		.upstream_every_ns = PUSHES_EVERY_NS,
		.log_level = LOG_LEVEL_INFO,
		.files = json_array(),
	};
}

/* A file in which every line is a comment says nothing; to YAML it is no mapping. */
static bool is_blank(const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));

		text += strspn(text, " \t\r");
		if (*text && *text != '#' && *text != '\n')
			return false;
		text = line_end ? line_end + 1 : end;
	}
	return true;
}

int config_add(struct config *config, const char *text, size_t size, const char *name,
	       struct err *err)
{
	static const struct bind_key root_key = { .keys = config_keys };
	struct bind root = { .file = name, .err = err };
	struct yaml_node *tree = NULL;
	int r;

	if (is_blank(text, size))
		return 0;
	r = yaml_parse(text, size, name, &tree, err);
	if (r < 0)
		return r;
	root.node = tree;
	r = bind_mapping(&root, &root_key, config);
	yaml_node_free(tree);
	return r;
}

static int add_file(struct config *config, const char *path, struct err *err)
{
	auto_free char *text = NULL;
	size_t size = 0;
	int r = file_read(path, "the configuration", YAML_TEXT_MAX, &text, &size, err);

	if (r < 0)
		return r;
	json_array_append_new(config->files, report_json_string(path));
	return config_add(config, text, size, path, err);
}

static int add_drop_ins(struct config *config, const char *folder, struct err *err)
{
	char **names = NULL;
	size_t count = 0;
	int r;

	if (access(folder, F_OK) < 0)
		return 0;
	r = file_names(folder, "drop-ins of the configuration", CONFIG_SUFFIX, &names, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		auto_free char *path = mem_printf("%s/%s" CONFIG_SUFFIX, folder, names[i]);

		r = add_file(config, path, err);
	}
	file_names_free(names, count);
	return r;
}

int config_read(const char *path, bool must_exist, struct config *ret_config, struct err *err)
{
	auto_free char *folder = mem_printf("%s" CONFIG_DROP_INS, path);
	int r = 0;

	config_init(ret_config);
	if (must_exist || access(path, F_OK) == 0 || errno != ENOENT)
		r = add_file(ret_config, path, err);
	if (r == 0)
		r = add_drop_ins(ret_config, folder, err);
	if (r < 0) {
		config_finish(ret_config);
		config_init(ret_config);
	}
	return r;
}

void config_finish(struct config *config)
{
	config_forget_hooks(config);
	free(config->access.readers);
	free(config->http);
	free(config->upstream);
	json_decref(config->files);
	*config = (struct config){ 0 };
}

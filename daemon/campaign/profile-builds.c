// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of `builds`: what is put on a QEMU's command line, before it, and into its environment; and
 * the builds that come from elsewhere. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/size.h"
#include "campaign/profile-keys.h"
#include "campaign/profile.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of a directory too. */
static bool is_path(const char *text)
{
	if (*text != '/' || strlen(text) >= PATH_MAX)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool is_program(const char *text)
{
	return is_path(text) && text[strlen(text) - 1] != '/';
}

static bool is_line(const char *text)
{
	size_t length = strlen(text);

	return length && length <= PROFILE_ORIGIN_MAX && !text[strcspn(text, "\r\n")];
}

static bool is_variable(const char *text)
{
	if (!is_letter(*text) && *text != '_')
		return false;
	while (is_letter(*text) || is_digit(*text) || *text == '_')
		text++;
	return !*text;
}

/* No comma, which would begin the next option, and nothing at which QEMU prints help and exits. */
static bool is_pattern(const char *text)
{
	if (!*text || strlen(text) > PROFILE_TRACE_PATTERN_MAX || !strcmp(text, "help") ||
	    !strcmp(text, "?"))
		return false;
	while (is_letter(*text) || is_digit(*text) || (*text && strchr("_*?", *text)))
		text++;
	return !*text;
}

const struct bind_text profile_binary_text = { is_program, "the absolute path of a QEMU binary" };
static const struct bind_text data_text = { is_path, "the absolute path of a directory" };
static const struct bind_text trace_text = {
	is_pattern, "a pattern of up to 128 letters, digits, '_', '*' and '?', like migration_*"
};

static const struct bind_text origin_text = { is_line, "a line of up to 256 bytes" };

_Static_assert(PROFILE_TRACE_PATTERN_MAX == 128, "trace_text says so");
_Static_assert(PROFILE_ORIGIN_MAX == 256, "origin_text says so");

static int read_variable(const struct bind *env, const struct yaml_node *child, char **ret_entry)
{
	char shown[SIZE_SHOWN_MAX];
	struct bind at = bind_entry(env, size_shown(shown, child->key), child);
	const char *value = NULL;
	int ret;

	if (!is_variable(child->key))
		return bind_fail(&at, "no name of a variable, expected letters, digits and '_', "
				      "the first no digit");
	ret = bind_scalar(&at, "a string", &value);
	if (ret == 0)
		*ret_entry = mem_printf("%s=%s", child->key, value);
	return ret;
}

static int read_env(const struct bind *at, const struct bind_key *key, void *base)
{
	struct build_spec *build = base;
	int ret = 0;

	if (!at->node || at->node->type != YAML_MAPPING)
		return bind_expected(at, "a mapping of names to strings");
	if ((int64_t)at->node->count > key->max)
		return bind_fail(at, "found %zu entries, expected at most %d", at->node->count,
				 (int)key->max);
	free(build->env);
	build->env = mem_zalloc((at->node->count + 1) * sizeof(*build->env));
	for (size_t i = 0; ret == 0 && i < at->node->count; i++)
		ret = read_variable(at, &at->node->children[i], &build->env[i]);
	return ret;
}

static int read_wrapper(const struct bind *at, const struct bind_key *key, void *base)
{
	struct build_spec *build = base;
	struct bind program;
	int ret = bind_strings(at, key, base);

	if (ret < 0 || !at->node->count)
		return ret;
	program = bind_element(at, 0);
	return is_program(build->wrapper[0])
		       ? 0
		       : bind_expected(&program, "the absolute path of a program");
}

/* By these a QEMU gets out of our hands: it is no longer our child, or has lost its death signal. */
static int read_args(const struct bind *at, const struct bind_key *key, void *base)
{
	static const char *const escapes[] = { "daemonize", "runas", "run-with" };
	int ret = bind_strings(at, key, base);
	char **args = *(char ***)((char *)base + key->offset);

	for (size_t i = 0; ret == 0 && args[i]; i++) {
		struct bind element = bind_element(at, i);
		size_t dashes = strspn(args[i], "-");

		for (size_t j = 0; dashes >= 1 && dashes <= 2 && j < ARRAY_SIZE(escapes); j++)
			if (!strcmp(args[i] + dashes, escapes[j]))
				return bind_expected(
					&element, "no option by which a QEMU may outlive qsoakd");
	}
	return ret;
}

static const struct bind_key build_keys[] = {
	{ "name", BIND_STRING(struct build_spec, name), .text = &profile_name_text,
	  .required = true },
	/* Without it, it is a build that is registered. */
	{ "binary", BIND_STRING(struct build_spec, binary), .text = &profile_binary_text },
	{ "origin", BIND_STRING(struct build_spec, origin), .text = &origin_text },
	{ "args", .read = read_args, .offset = BIND_FIELD(struct build_spec, args, char **),
	  .max = PROFILE_ARGS_MAX },
	{ "data", BIND_STRINGS(struct build_spec, data), .text = &data_text,
	  .max = PROFILE_DATA_MAX },
	{ "env", .read = read_env, .max = PROFILE_ENV_MAX },
	{ "trace", BIND_STRINGS(struct build_spec, trace), .text = &trace_text,
	  .max = PROFILE_TRACE_MAX },
	{ "wrapper", .read = read_wrapper,
	  .offset = BIND_FIELD(struct build_spec, wrapper, char **), .max = PROFILE_WRAPPER_MAX },
	{ 0 }
};

static void init_build(void *element)
{
	build_spec_init(element);
}

const struct bind_list profile_build_list = {
	.keys = build_keys,
	.size = sizeof(struct build_spec),
	.count_offset = BIND_FIELD(struct profile, build_count, size_t),
	.init = init_build,
};

int profile_read_builds(const struct bind *at, const struct bind_key *key, void *base)
{
	const struct profile *profile = base;
	int ret = bind_list(at, key, base);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < profile->build_count; i++) {
		profile->builds[i].line = at->node->children[i].line;
		for (size_t j = 0; j < i; j++) {
			struct bind element = bind_element(at, i);
			struct bind name =
				bind_entry(&element, "name", yaml_get(element.node, "name"));

			if (!strcmp(profile->builds[i].name, profile->builds[j].name))
				return bind_expected(&name, "a name that builds[%zu] has not", j);
		}
	}
	return 0;
}

struct build_spec *profile_build(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->build_count; i++)
		if (!strcmp(profile->builds[i].name, name))
			return &profile->builds[i];
	return NULL;
}

/* With no more than its name; NULL: there are too many. */
static struct build_spec *add_build(struct profile *profile, const char *name, struct err *err)
{
	struct build_spec *build;

	if (profile->build_count == PROFILE_BUILDS_MAX) {
		err_set(err, -EINVAL, "%s: found build %d, expected at most %d", name,
			PROFILE_BUILDS_MAX + 1, PROFILE_BUILDS_MAX);
		return NULL;
	}
	profile->builds =
		mem_realloc(profile->builds, profile->build_count + 1, sizeof(*profile->builds));
	build = &profile->builds[profile->build_count++];
	build_spec_init(build);
	build->name = mem_strdup(name);
	return build;
}

static int check_text(const struct bind_text *rule, const char *what, const char *text,
		      struct err *err)
{
	char shown[SIZE_SHOWN_MAX];

	if (rule->valid(text))
		return 0;
	return err_set(err, -EINVAL, "%s: found %s, expected %s", what, size_shown(shown, text),
		       rule->expected);
}

int profile_set_build(struct profile *profile, const char *name, const char *binary,
		      struct err *err)
{
	struct build_spec *build;
	int ret = check_text(&profile_name_text, "name of the build", name, err);

	if (ret == 0)
		ret = check_text(&profile_binary_text, name, binary, err);
	if (ret < 0)
		return ret;
	build = profile_build(profile, name);
	if (!build)
		build = add_build(profile, name, err);
	if (!build)
		return err->code;
	free(build->binary);
	free(build->origin);
	build->binary = mem_strdup(binary);
	build->origin = NULL;
	return 0;
}

int profile_read_registered(const char *text, size_t size, const char *file,
			    struct build_spec *ret_spec, struct err *err)
{
	static const struct bind_key root_key = { .keys = build_keys };
	struct bind root = { .file = file, .err = err }, binary;
	struct yaml_node *tree = NULL;
	int ret;

	if (size > PROFILE_REGISTERED_MAX)
		return err_set(err, -EINVAL, "%s:1: found %zu bytes, expected at most %d", file,
			       size, PROFILE_REGISTERED_MAX);
	ret = yaml_parse(text, size, file, &tree, err);
	if (ret < 0)
		return ret;
	root.node = tree;
	ret = bind_mapping(&root, &root_key, ret_spec);
	binary = bind_entry(&root, "binary", NULL);
	if (ret == 0 && !ret_spec->binary)
		ret = bind_expected(&binary, "%s", profile_binary_text.expected);
	yaml_node_free(tree);
	return ret;
}

int profile_register_build(struct profile *profile, const char *name, const char *text, size_t size,
			   const char *file, struct err *err)
{
	struct build_spec registered, *build;
	int ret;

	build_spec_init(&registered);
	ret = profile_read_registered(text, size, file, &registered, err);
	if (ret == 0 && strcmp(registered.name, name))
		ret = err_set(err, -EINVAL,
			      "%s: name: found %s, expected %s, as the file is called", file,
			      registered.name, name);
	if (ret == 0) {
		build = profile_build(profile, name);
		if (build && build->binary)
			ret = err_set(err, -EINVAL,
				      "build %s: the profile says which binary it is: a registered "
				      "build cannot take its place, NAME=BINARY can",
				      name);
		else if (!build && !(build = add_build(profile, name, err)))
			ret = err->code;
		else
			build_spec_default(build, &registered);
	}
	build_spec_finish(&registered);
	return ret;
}

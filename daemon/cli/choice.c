// SPDX-License-Identifier: GPL-2.0-or-later
/* Choosing the one build of a campaign. */
#include "cli/choice.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cli/registry.h"

static void append(json_t *arguments, const char *key, json_t *element)
{
	json_t *list = json_object_get(arguments, key);

	if (!list) {
		list = json_array();
		json_object_set_new(arguments, key, list);
	}
	json_array_append_new(list, element);
}

static void set_binary(json_t *arguments, const char *name, const char *binary)
{
	append(arguments, "builds", json_pack("{s:s, s:s}", "name", name, "binary", binary));
}

/* binary: what it was, or NULL. A registered build has what belongs to its binary; where the binary was
 * another one, that had nothing of it. */
static int add_known(json_t *arguments, const struct profile *profile, const char *name,
		     const char *binary, struct err *err)
{
	const struct build_spec *own = profile_build(profile, name);
	auto_json json_t *registered = NULL;
	auto_free char *registered_binary = NULL;
	int r;

	if (own && own->binary) {
		if (binary && strcmp(binary, own->binary))
			set_binary(arguments, name, binary);
		return 0;
	}
	r = registry_get(name, "build", &registered, &registered_binary, err);
	if (r == 0 && (!binary || !strcmp(binary, registered_binary)))
		append(arguments, "registered", json_incref(registered));
	else if (binary)
		set_binary(arguments, name, binary);
	else
		return r;
	return 0;
}

static bool had_before(const struct profile *profile, size_t operation, const char *name)
{
	for (size_t i = 0; i < operation; i++)
		if (profile->operations[i].to && !strcmp(profile->operations[i].to, name))
			return true;
	return false;
}

int choice_add(json_t *arguments, const struct profile *profile, const char *name,
	       const char *binary, choice_known_fn known, void *ctx, struct err *err)
{
	int r = 0;

	if (json_object_set_new(arguments, "only", json_string(name)) < 0)
		return err_set(err, -EINVAL, "the name of a build is not UTF-8 text");
	if (binary)
		set_binary(arguments, name, binary);
	else
		r = add_known(arguments, profile, name, known ? known(ctx, name) : NULL, err);
	for (size_t i = 0; r == 0 && i < profile->operation_count; i++) {
		const char *to = profile->operations[i].to;

		if (to && strcmp(to, name) && !had_before(profile, i, to))
			r = add_known(arguments, profile, to, known ? known(ctx, to) : NULL, err);
	}
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A profile as an object: made from text by the table of keys, changed by the command line, freed. */
#include "campaign/profile.h"

#include <errno.h>
#include <string.h>

#include "base/bind.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "campaign/profile-keys.h"

/* With the defaults of what a profile may leave out. */
static struct profile *profile_new(const char *text, size_t size)
{
	struct profile *profile = mem_new(struct profile);

	profile->text = mem_strndup(text, size);
	profile->loops_per_vm = PROFILE_LOOPS_PER_VM_DEFAULT;
	profile->vcpus = 1;
	for (int i = 0; i < LIMIT_COUNT; i++)
		profile->limit_ns[i] = limit_default_ns(i);
	profile->watch = guard_rules_default;
	profile->evidence = evidence_rules_default;
	return profile;
}

int profile_parse(const char *text, size_t size, const char *name, struct profile **ret_profile,
		  struct err *err)
{
	static const struct bind_key root_key = { .keys = profile_keys };
	struct bind root = { .file = name, .err = err };
	struct yaml_node *tree = NULL;
	struct profile *profile;
	int ret;

	if (size > PROFILE_TEXT_MAX)
		return err_set(err, -EINVAL, "%s:1: found %zu bytes, expected at most %d", name,
			       size, PROFILE_TEXT_MAX);
	ret = yaml_parse(text, size, name, &tree, err);
	if (ret < 0)
		return ret;

	profile = profile_new(text, size);
	root.node = tree;
	ret = bind_mapping(&root, &root_key, profile);
	if (ret == 0)
		ret = profile_check_guest(&root, profile);
	if (ret == 0)
		ret = profile_check_fleet(&root, profile);
	if (ret == 0)
		ret = profile_check_backend(&root, profile);
	if (ret == 0)
		ret = profile_check_compare(&root, profile);
	yaml_node_free(tree);
	if (ret < 0) {
		profile_free(profile);
		return ret;
	}
	*ret_profile = profile;
	return 0;
}

static void free_strings(char **list)
{
	for (char **text = list; text && *text; text++)
		free(*text);
	free(list);
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->build_count; i++)
		build_spec_finish(&profile->builds[i]);
	free(profile->builds);
	for (size_t i = 0; i < profile->operation_count; i++)
		free(profile->operations[i].to);
	free(profile->operations);
	for (size_t i = 0; i < profile->expect_count; i++)
		profile_expectation_finish(&profile->expect[i]);
	free(profile->expect);
	profile_compare_finish(profile);
	free(profile->text);
	free(profile->name);
	free_strings(profile->uris);
	free_strings(profile->peer_uris);
	free(profile->machine);
	free(profile->accel);
	free(profile->guest);
	free(profile);
}

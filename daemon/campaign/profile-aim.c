// SPDX-License-Identifier: GPL-2.0-or-later
/* A profile that is aimed at something: at one build, at one failure, at the plan of one VM. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/size.h"
#include "campaign/profile-keys.h"
#include "campaign/profile.h"

static bool is_destination(const struct profile *profile, const char *build)
{
	for (size_t i = 0; i < profile->operation_count; i++)
		if (profile->operations[i].to && !strcmp(profile->operations[i].to, build))
			return true;
	return false;
}

static void drop_expectations_of_the_gone(struct profile *profile)
{
	size_t kept = 0;

	for (size_t i = 0; i < profile->expect_count; i++) {
		struct profile_expectation *expectation = &profile->expect[i];

		if (expectation->build && !profile_build(profile, expectation->build))
			profile_expectation_finish(expectation);
		else
			profile->expect[kept++] = *expectation;
	}
	profile->expect_count = kept;
}

int profile_keep_build(struct profile *profile, const char *name, struct err *err)
{
	struct build_spec *found = profile_build(profile, name), first;
	char shown[SIZE_SHOWN_MAX];
	size_t kept = 1;

	if (!found)
		return err_set(err, -EINVAL,
			       "only: found %s, expected the name of one of the builds",
			       size_shown(shown, name));
	first = *found;
	*found = profile->builds[0];
	profile->builds[0] = first;
	for (size_t i = 1; i < profile->build_count; i++) {
		if (is_destination(profile, profile->builds[i].name))
			profile->builds[kept++] = profile->builds[i];
		else
			build_spec_finish(&profile->builds[i]);
	}
	profile->build_count = kept;
	profile->one_build = true;
	/* There is nothing to compare it with. */
	profile->compare.on = false;
	drop_expectations_of_the_gone(profile);
	return 0;
}

static void drop_stop_rule(struct profile *profile)
{
	profile->stop_duration_ns = profile->stop_loops = profile->stop_failures = 0;
	profile->stop_loops_per_build = 0;
	profile->stop_expected = false;
	/* Blocks would end it, too. */
	profile->compare.on = false;
}

int profile_set_search(struct profile *profile, const char *pattern, unsigned times, int64_t loops,
		       struct err *err)
{
	char shown[SIZE_SHOWN_MAX];

	if (!profile_pattern_text.valid(pattern))
		return err_set(err, -EINVAL, "search.signature: found %s, expected %s",
			       size_shown(shown, pattern), profile_pattern_text.expected);
	for (size_t i = 0; i < profile->expect_count; i++)
		profile_expectation_finish(&profile->expect[i]);
	profile->expect = mem_realloc(profile->expect, 1, sizeof(*profile->expect));
	profile->expect[0] =
		(struct profile_expectation){ .signature = mem_strdup(pattern), .times = times };
	profile->expect_count = 1;
	drop_stop_rule(profile);
	profile->stop_expected = true;
	profile->stop_loops = loops;
	return 0;
}

void profile_set_replay(struct profile *profile, const struct profile_replay *replay,
			unsigned loops)
{
	profile->replay = *replay;
	profile->loops_per_vm = loops;
	if (profile->vms > replay->attempts)
		profile->vms = replay->attempts;
	drop_stop_rule(profile);
}

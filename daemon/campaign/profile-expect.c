// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys `expect`, `stop` and `on-failure`: what the profile knows will fail, when it has seen
 * enough, and what becomes of a VM that has failed. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/size.h"
#include "campaign/profile-keys.h"
#include "campaign/profile.h"

static bool is_pattern(const char *text)
{
	size_t length = strlen(text);

	return length && length <= PROFILE_SIGNATURE_MAX;
}

const struct bind_text profile_pattern_text = {
	is_pattern, "a pattern over a whole title, like *bdrv_poll_co*"
};

static const struct bind_key expect_keys[] = {
	{ "signature", BIND_STRING(struct profile_expectation, signature),
	  .text = &profile_pattern_text, .required = true },
	{ "build", BIND_STRING(struct profile_expectation, build), .text = &profile_name_text },
	{ "times", BIND_UNSIGNED(struct profile_expectation, times), .min = 1,
	  .max = PROFILE_EXPECT_TIMES_MAX },
	{ 0 }
};

static void init_expectation(void *element)
{
	struct profile_expectation *expectation = element;

	expectation->times = 1;
}

const struct bind_list profile_expect_list = {
	.keys = expect_keys,
	.size = sizeof(struct profile_expectation),
	.count_offset = BIND_FIELD(struct profile, expect_count, size_t),
	.init = init_expectation,
};

void profile_expectation_finish(struct profile_expectation *expectation)
{
	free(expectation->signature);
	free(expectation->build);
}

int profile_read_expect(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile *profile = base;
	int ret = bind_list(at, key, base);

	for (size_t i = 0; ret == 0 && i < profile->expect_count; i++) {
		const struct yaml_node *build = yaml_get(&at->node->children[i], "build");

		profile->expect[i].build_line = build ? build->line : 0;
	}
	return ret;
}

int profile_check_builds(struct profile *profile, const char *name, struct err *err)
{
	int r = profile_fill_compare(profile, name, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < profile->build_count; i++) {
		const struct build_spec *build = &profile->builds[i];

		if (!build->binary)
			return err_set(err, -EINVAL,
				       "%s:%d: builds[%zu].binary: missing, expected the absolute "
				       "path of a QEMU binary, or that build %s is registered",
				       name, build->line, i, build->name);
	}
	for (size_t i = 0; i < profile->expect_count; i++) {
		const struct profile_expectation *expectation = &profile->expect[i];

		if (expectation->build && !profile_build(profile, expectation->build))
			return err_set(err, -EINVAL,
				       "%s:%d: expect[%zu].build: found %s, expected the name of "
				       "one of the builds",
				       name, expectation->build_line, i, expectation->build);
	}
	return 0;
}

static const char *const on_failure_names[] = {
	[ON_FAILURE_GO_ON] = "go-on",
	[ON_FAILURE_HOLD] = "hold",
};
NAMES_COMPLETE(on_failure_names, ON_FAILURE_COUNT);

int profile_read_on_failure(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile *profile = base;
	int word = 0, ret = bind_word(at, on_failure_names, ON_FAILURE_COUNT, &word);

	(void)key;
	if (ret == 0)
		profile->on_failure = (enum profile_on_failure)word;
	return ret;
}

int profile_set_on_failure(struct profile *profile, const char *word, struct err *err)
{
	int found = names_find(on_failure_names, ON_FAILURE_COUNT, word);
	char shown[SIZE_SHOWN_MAX];

	if (found < 0)
		return err_set(err, -EINVAL, "on-failure: found %s, expected go-on or hold",
			       size_shown(shown, word));
	profile->on_failure = (enum profile_on_failure)found;
	return 0;
}

static const struct bind_key stop_keys[] = {
	{ "duration", BIND_DURATION(struct profile, stop_duration_ns),
	  .min = PROFILE_STOP_DURATION_MIN_NS, .max = PROFILE_STOP_DURATION_MAX_NS },
	{ "loops", BIND_COUNT(struct profile, stop_loops), .min = 1,
	  .max = PROFILE_STOP_LOOPS_MAX },
	{ "loops-per-build", BIND_COUNT(struct profile, stop_loops_per_build), .min = 1,
	  .max = PROFILE_STOP_LOOPS_MAX },
	{ "failures", BIND_COUNT(struct profile, stop_failures), .min = 1,
	  .max = PROFILE_STOP_FAILURES_MAX },
	{ "expected", BIND_BOOL(struct profile, stop_expected) },
	{ 0 }
};

/* `expect` may stand behind it, so the text is asked. */
static int check_expected(const struct bind *at, const struct profile *profile)
{
	struct bind expected = bind_entry(at, "expected", yaml_get(at->node, "expected"));

	if (!yaml_get(at->up->node, "expect"))
		return bind_expected(&expected, "a list `expect` of what is to be seen");
	if (!profile->stop_duration_ns && !profile->stop_loops && !profile->stop_loops_per_build)
		return bind_expected(&expected, "duration, loops or loops-per-build beside it: "
						"what is expected may never come");
	return 0;
}

int profile_read_stop(const struct bind *at, const struct bind_key *key, void *base)
{
	static const struct bind_key level = { .keys = stop_keys };
	struct profile *profile = base;
	int ret = bind_mapping(at, &level, base);

	(void)key;
	if (ret < 0)
		return ret;
	if (profile->stop_expected)
		return check_expected(at, profile);
	if (!profile->stop_duration_ns && !profile->stop_loops && !profile->stop_loops_per_build &&
	    !profile->stop_failures)
		return bind_fail(at, "found no rule, expected duration, loops, loops-per-build or "
				     "failures");
	return 0;
}
